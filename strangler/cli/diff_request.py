"""Works out what to ask again for a finding: what was stored, if it is whole, or what is given."""

import re
from shlex import quote

from strangler.cli.asking import ask
from strangler.cli.diff_show import no_such_finding
from strangler.cli.explain import read_request
from strangler.cli.failure import VerbError
from strangler.cli.plan import live_table
from strangler.control.both_sides import Request
from strangler.http.message import RequestHead
from strangler.routing.phase import Effect
from strangler.routing.resource import may_show
from strangler.routing.table import Route, RouteTable
from strangler.store.observed import Example
from strangler.store.records import Finding, Revision
from strangler.store.store import Store

REDACTED = "#"
"""What a hash in a stored target begins with; no target that is sent has one."""

_HASH = re.compile("#[0-9a-f]+")


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
    """Give what to ask: what the newest example asked that can be asked again, else `path`.

    A path that the finding does not speak of, or a write, is a `VerbError`.
    """
    route = next((each for each in table.routes if each.label == finding.route), None)
    if route is None:
        raise VerbError(f"{finding.route} is no route of the live table any longer")
    refused = f"{finding.id} has no example: nobody knows who was asked"
    for example in reversed(finding.examples):
        if path is None and REDACTED in example.target:
            refused = _redacted(example, route)
            continue
        head = read_request(example.method, path or example.target, headers)
        claimed = table.match(head)
        if claimed is not None and _is_meant(claimed, head.method, route):
            return Request(head, claimed, *_sides(example, claimed, table))
        refused = _foreign(head, claimed, route)
    raise VerbError(refused)


def _is_meant(claimed: Route, method: str, route: Route) -> bool:
    """Decide whether a request that one route claims may be asked for a finding on another.

    Where a write was read back, the finding is on the route of the write, and asked is the read.
    """
    reads = claimed.effect_of(method) is Effect.READ
    return reads and (claimed is route or may_show(claimed, route))


def _foreign(head: RequestHead, claimed: Route | None, route: Route) -> str:
    """Say why a request is not asked for a finding on `route`."""
    if claimed is route:
        return f"{head.method} {head.target.path} writes: it is not asked again"
    by = "no route" if claimed is None else f"the route {claimed.label}"
    back = "" if route.read_back is None else f", which is read back at {route.read_back}"
    return f"{head.target.path} is claimed by {by}, and the finding is on {route.label}{back}"


def _redacted(example: Example, route: Route) -> str:
    """Say why it is not known what was asked, and what to give in its place."""
    own = route.methods is None or example.method in route.methods
    if own and route.effect_of(example.method) is Effect.WRITE:
        return f"{example.method} {example.target} writes: it is not asked again"
    because = ""
    if route.read_back is not None and not own:
        because = f", as {route.label} is read back at {route.read_back}"
        if route.read_back.needs_body:
            because += " and its answers are not kept"
    alike = _HASH.sub("7", example.target)
    return (
        f"what was asked is stored redacted ({example.target}){because}: give a request of the "
        f"same kind, as in --path {quote(alike)}"
    )


def _sides(example: Example, route: Route, table: RouteTable) -> tuple[str, str]:
    """Give the primary and the candidate of the time."""
    candidate = example.candidate_upstream
    if candidate not in {table.monolith, route.service}:
        raise VerbError(f"the candidate was {candidate}, which the live table asks no longer")
    return route.service if candidate == table.monolith else table.monolith, candidate
