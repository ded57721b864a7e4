"""The verb `status`: what is live, who answers what, and what somebody should look at."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from strangler.cli.asking import ask
from strangler.cli.failure import VerbError
from strangler.cli.fences import Standing as FenceStanding
from strangler.cli.fences import standing, standing_lines
from strangler.cli.fleet import Member, fleet_table, members
from strangler.cli.options import DEFAULT_ROUTES, DEFAULT_STORE, AsJson, RoutesPath, StoreUrl
from strangler.cli.output import moment, show_lines, tell, write_json
from strangler.cli.routes_file import compile_routes, read_bytes
from strangler.cli.standing import Standing, gather, phase_began, standing_of
from strangler.cli.tables import add_row, columns, show
from strangler.cli.unclaimed import tell_unclaimed
from strangler.compare.state import FindingState
from strangler.compare.verdict import Verdict
from strangler.migration.autopilot import Action, Order
from strangler.migration.gate import Gate
from strangler.routing.compile import digest_of
from strangler.routing.mistakes import RoutesError
from strangler.routing.table import RouteTable
from strangler.store.records import Notice, Revision

if TYPE_CHECKING:
    from strangler.store.store import Store  # imported when it is opened: `--help` does without

LONGEST_HISTORY = 1000
"""Moves of a domain that are looked through for the last change of phase; the rest are weights."""

MOST_FINDINGS = 10_000
"""Findings of a domain that are counted; a route keeps 500 at most."""


class FileState(StrEnum):
    """How the file on disk stands to the live revision."""

    LIVE = "live"
    DIFFERS = "differs"
    REFUSED = "refused"  # it differs, and has mistakes
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class FileStatus:
    """The file on disk; `mistakes` where it has some."""

    path: str
    state: FileState
    mistakes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """All that `status` shows. `unreadable` says why the live revision cannot be understood.

    `orders`: what the autopilot is about to do with the domains that it looks after.
    """

    revision: Revision | None
    domains: tuple[Standing, ...]
    notices: tuple[Notice, ...]
    replicas: tuple[Member, ...] = ()
    unreadable: tuple[str, ...] = ()
    gates: Mapping[str, Gate] = field(default_factory=dict)
    orders: Mapping[str, Order] = field(default_factory=dict)
    fence: FenceStanding | None = None


def status(
    store: StoreUrl = DEFAULT_STORE,
    routes: RoutesPath = DEFAULT_ROUTES,
    unclaimed: Annotated[
        bool,
        typer.Option(
            "--unclaimed", help="Show what no route claims yet, and the routes that nobody calls."
        ),
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Show the live revision, where each domain and replica stands, and what needs a look."""
    if unclaimed:
        return tell_unclaimed(store, as_json=as_json)
    found = ask(store, _look)
    file = file_status(routes, found.revision)
    if as_json:
        write_json(_report(found, file))
    else:
        _show(found)
        _show_file(file, found.revision)
    tell(*found.unreadable)
    return 1 if found.unreadable else 0


def file_status(path: Path, live: Revision | None) -> FileStatus:
    """Compare the file on disk with the live revision."""
    if not path.exists():
        return FileStatus(str(path), FileState.MISSING)
    try:
        raw = read_bytes(path)
        if live is not None and digest_of(raw) == live.digest:
            return FileStatus(str(path), FileState.LIVE)
        compile_routes(raw, str(path))
    except RoutesError as error:
        return FileStatus(str(path), FileState.REFUSED, tuple(map(str, error.mistakes)))
    except VerbError as error:
        return FileStatus(str(path), FileState.REFUSED, error.lines)
    return FileStatus(str(path), FileState.DIFFERS)


async def _look(store: "Store") -> Found:
    notices = tuple(await store.notices())
    replicas = members(await store.fleet())
    fence = await _fence(store)
    live = await store.newest()
    if live is None:
        return Found(None, (), notices, replicas)
    try:
        table = compile_routes(live.text, f"revision {live.number}")
    except RoutesError as error:  # a newer strangler made it
        mistakes = tuple(map(str, error.mistakes))
        return Found(live, (), notices, replicas, mistakes, fence=fence)
    domains = tuple([await _stand(store, table, name) for name in table.domains])
    gates, orders = await _gates(store, table), await _orders(store, table)
    return Found(live, domains, notices, replicas, gates=gates, orders=orders, fence=fence)


async def _fence(store: "Store") -> FenceStanding | None:
    newest = (await store.pulse()).fence
    if newest is None or not newest.raised:
        return None
    return standing(newest, await store.unacknowledged(newest.number))


async def _gates(store: "Store", table: RouteTable) -> dict[str, Gate]:
    from strangler.control.gates import next_gate  # noqa: PLC0415 - loads the store, as `ask` does

    now = datetime.now(UTC)
    asked = {name: await next_gate(store, table, name, now) for name in table.domains}
    return {name: gate for name, gate in asked.items() if gate is not None}


async def _orders(store: "Store", table: RouteTable) -> dict[str, Order]:
    if all(domain.autopilot is None for domain in table.domains.values()):
        return {}
    from strangler.control.autopilot import intention  # noqa: PLC0415 - as above

    now = datetime.now(UTC)
    asked = {name: await intention(store, table, name, now) for name in table.domains}
    return {name: order for name, order in asked.items() if order is not None}


async def _stand(store: "Store", table: RouteTable, name: str) -> Standing:
    since = phase_began(await store.history(name, LONGEST_HISTORY))
    counts = await store.verdicts(name, since=since)
    findings = await store.findings(domain=name, states=[FindingState.OPEN], limit=MOST_FINDINGS)
    return standing_of(table, table.domains[name], gather(since, counts, findings))


# --- for programs -------------------------------------------------------------------------------


def _report(found: Found, file: FileStatus) -> dict[str, Any]:
    live = found.revision
    return {
        "revision": None if live is None else _revision(live),
        "domains": [
            {
                **asdict(domain),
                "gate": gate and gate.report(),
                "autopilot": order and {"action": order.action, "why": order.why},
            }
            for domain in found.domains
            for gate in [found.gates.get(domain.name)]
            for order in [found.orders.get(domain.name)]
        ],
        "fence": None if found.fence is None else asdict(found.fence),
        "replicas": [asdict(replica) for replica in found.replicas],
        "notices": [asdict(notice) for notice in found.notices],
        "file": asdict(file),
    }


def _revision(live: Revision) -> dict[str, Any]:
    return {
        "number": live.number,
        "at": live.at,
        "actor": live.actor,
        "reason": live.reason,
        "digest": live.digest,
        "forced": live.forced,
        "text": live.text,
    }


# --- for people ---------------------------------------------------------------------------------


def _show(found: Found) -> None:
    live = found.revision
    if live is None:
        show("no revision is live yet: start `strangler serve --routes FILE`")
    else:
        forced = ", forced" if live.forced else ""
        show(
            f"revision {live.number}, live since {moment(live.at)} UTC, "
            f"by {live.actor}{forced}: {live.reason}"
        )
    if found.domains:
        show("", _domains(found.domains))
        for domain in found.domains:
            for one in domain.stragglers:
                how = "lags behind" if one.lags else "runs ahead"
                show(f"{domain.name}: {one.route} (line {one.line}) {how}, in phase {one.phase}")
        show_lines(*(_gate_line(gate) for gate in found.gates.values()))
        show_lines(*(_order_line(name, order) for name, order in found.orders.items()))
    elif live is not None and not found.unreadable:
        show("no domains: the monolith answers everything")
    if found.fence is not None:
        show("")
        show_lines(*standing_lines(found.fence))
    if found.replicas:
        show("", fleet_table(found.replicas))
    for notice in found.notices:
        show("", f"{notice.kind} on {notice.replica} at {moment(notice.at)} UTC:")
        show_lines(notice.text)


def _gate_line(gate: Gate) -> str:
    return f"{gate}" if gate.is_open else f"{gate} (`strangler gate {gate.domain}` says why)"


def _order_line(name: str, order: Order) -> str:
    does = "holds" if order.action is Action.HOLD else "is about to go on"
    return f"{name}: the autopilot {does}: {order.why}"


def _domains(domains: tuple[Standing, ...]) -> Table:
    numbers = {"compared", "mismatch", "findings"}
    table = columns(
        "domain", "phase", "reads", "writes", "compared", "mismatch", "findings", right=numbers
    )
    for domain in domains:
        seen = domain.evidence
        rate = "-" if seen.mismatch_rate is None else f"{seen.mismatch_rate:.2%}"
        ever = f" of {seen.findings_ever}" if seen.findings_ever > seen.findings else ""
        phase = f"{domain.phase} {domain.weight}" if domain.weight else domain.phase
        cells = [domain.name, phase, _shares(domain.reads), domain.writes]
        racy = seen.verdicts[Verdict.RACY]
        compared = f"{seen.concluded:,}" + (f", {racy:,} racy" if racy else "")
        add_row(table, [*cells, compared, rate, f"{seen.findings}{ever}"])
    return table


def _shares(reads: dict[str, float]) -> str:
    if len(reads) == 1:
        return next(iter(reads))
    return "\n".join(f"{name} {share * 100:.4g}%" for name, share in reads.items())


def _show_file(file: FileStatus, live: Revision | None) -> None:
    match file.state:
        case FileState.DIFFERS if live is not None:
            show("", f"{file.path} on disk differs from the live revision: it is not live")
        case FileState.REFUSED:
            show("", f"{file.path} on disk is not live and cannot be:")
            show_lines(*file.mistakes)
        case _:
            pass  # as it should be, or not a machine on which the file is edited
