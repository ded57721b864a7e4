"""Works out what to ask again for a finding: what was stored, if it is whole, or what is given."""

from strangler.cli.asking import ask
from strangler.cli.diff_show import no_such_finding
from strangler.cli.explain import read_request
from strangler.cli.failure import VerbError
from strangler.cli.plan import live_table
from strangler.control.both_sides import Request
from strangler.routing.phase import Effect
from strangler.routing.table import RouteTable
from strangler.store.records import Finding, Revision
from strangler.store.store import Store

REDACTED = "#"
"""What a hash in a stored target begins with; no target that is sent has one."""


def finding_and_table(store: str, finding_id: str) -> tuple[Finding, RouteTable]:
    """Read a finding and the live table."""

    async def read(opened: Store) -> tuple[Finding | None, Revision | None]:
        return await opened.finding(finding_id), await opened.newest()

    found, live = ask(store, read)
    if found is None or live is None:
        raise no_such_finding(finding_id)
    return found, live_table(live)


def request_of(
    finding: Finding, table: RouteTable, path: str | None, headers: list[str]
) -> Request:
    """Give what to ask. A path that another route claims, or a write, is a `VerbError`."""
    if not finding.examples:
        raise VerbError(f"{finding.id} has no example: nobody knows who was asked")
    example = finding.examples[-1]
    target = path or _kept_target(finding)
    head = read_request(example.method, target, headers)
    route = table.match(head)
    if route is None or route.label != finding.route:
        claimed = "no route" if route is None else f"the route {route.label}"
        raise VerbError(f"{target} is claimed by {claimed}, and the finding is on {finding.route}")
    if route.effect_of(head.method) is not Effect.READ:
        raise VerbError(f"{finding.route} writes: it is not asked again")
    candidate = example.candidate_upstream
    if candidate not in {table.monolith, route.service}:
        raise VerbError(f"the candidate was {candidate}, which the live table asks no longer")
    primary = route.service if candidate == table.monolith else table.monolith
    return Request(head, route, primary, candidate)


def _kept_target(finding: Finding) -> str:
    """Give a target that was stored whole: without a parameter or a query, or in plain."""
    targets = [example.target for example in reversed(finding.examples)]
    whole = next((target for target in targets if REDACTED not in target), None)
    if whole is None:
        raise VerbError(
            f"what was asked is stored redacted ({targets[0]}): give a request of the same kind, "
            "as in --path /books/7"
        )
    return whole
