"""The verb `plan`: what would change if a file became live, before it does."""

import gc
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from strangler.cli.asking import ask
from strangler.cli.failure import VerbError
from strangler.cli.forecast import Forecast, Moved, by_domain, forecast
from strangler.cli.options import DEFAULT_ROUTES, DEFAULT_STORE, AsJson, RoutesPath, StoreUrl
from strangler.cli.output import counted, moment, show_lines, write_json
from strangler.cli.plan_file import Proposal, read_proposal, write_plan
from strangler.cli.routes_file import compile_routes
from strangler.cli.tables import add_row, columns, show
from strangler.migration.criteria import Outcome
from strangler.migration.gate import Gate
from strangler.migration.plan import MigrationPlan, RouteNote, plan_change
from strangler.migration.transition import PhaseChange
from strangler.routing.mistakes import RoutesError
from strangler.routing.table import RouteTable
from strangler.store.records import HeadSample, Revision

if TYPE_CHECKING:
    from strangler.store.store import Store

CHANGES = 2

MOST_SHOWN = 20
"""Lines of one kind that people read; JSON has them all."""

OptionalFile = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help="The file, in place of --routes.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class Outlook:
    """A proposal held against what is live: what changes, and for how many requests."""

    live: Revision
    proposal: Proposal
    plan: MigrationPlan
    gates: Mapping[PhaseChange, Gate]
    forecast: Forecast | None

    @property
    def changes(self) -> bool:
        """Whether there is anything to apply, be it a comment."""
        return self.proposal.table.digest != self.live.digest


def plan(
    file: OptionalFile = None,
    store: StoreUrl = DEFAULT_STORE,
    routes: RoutesPath = DEFAULT_ROUTES,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="PLAN",
            help="Write the plan to a file that `apply` takes, and refuses once it is stale.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Say what would change if a file became live: exit code 0 for nothing, 2 for something."""
    # With it comes SQLAlchemy, which `--help` and verbs that share this module do without.
    from strangler.control.redaction_key import known_key  # noqa: PLC0415

    # Ten thousand heads are no garbage: looking for some would take a tenth of the time.
    gc.disable()
    proposal = read_proposal(file or routes)
    live, samples = ask(store, _look)
    if live is None:
        raise VerbError("nothing is live yet: start `strangler serve --routes FILE` first")
    old = live_table(live)
    seen = forecast(old, proposal.table, samples, known_key(store))
    changes = plan_change(old, proposal.table)
    gates = _gates(store, old, proposal.table, changes)
    outlook = Outlook(live, proposal, changes, gates, seen)
    document = report(outlook)
    if out is not None:
        write_plan(out, proposal.text, live, document)
    if as_json:
        write_json(document)
    else:
        _show(outlook, out)
    return CHANGES if outlook.changes else 0


async def _look(store: "Store") -> tuple[Revision | None, list[HeadSample]]:
    return await store.newest(), await store.heads()


def _gates(
    url: str, old: RouteTable, new: RouteTable, plan: MigrationPlan
) -> Mapping[PhaseChange, Gate]:
    """Judge the gates of the legal moves; the others need force, whatever their evidence."""
    from strangler.control.gates import gates_for  # noqa: PLC0415 - with it comes SQLAlchemy

    legal = [move.change for move in plan.moves if move.legal]
    if not legal:
        return {}
    return ask(url, lambda store: gates_for(store, old, new, legal, datetime.now(UTC)))


def live_table(live: Revision) -> RouteTable:
    """Compile what is live; what a newer strangler wrote is a `VerbError`."""
    try:
        return compile_routes(live.text, f"revision {live.number}")
    except RoutesError as error:
        raise VerbError(*map(str, error.mistakes)) from error


# --- for programs -------------------------------------------------------------------------------


def report(outlook: Outlook) -> dict[str, Any]:
    """Write the plan as JSON; a plan file holds it too."""
    live, plan = outlook.live, outlook.plan
    return {
        "file": str(outlook.proposal.path),
        "digest": outlook.proposal.table.digest,
        "base": {
            "number": live.number,
            "at": live.at,
            "actor": live.actor,
            "reason": live.reason,
            "digest": live.digest,
        },
        "changes": outlook.changes,
        "added": [_note(note, "takes_from") for note in plan.added],
        "removed": [_note(note, "falls_to") for note in plan.removed],
        "edits": [asdict(edit) for edit in plan.edits],
        "moves": [
            {
                "domain": move.change.domain,
                "route": move.change.route,
                "from": move.change.before,
                "to": move.change.after,
                "detail": move.change.detail,
                "legal": move.legal,
                "why": move.why,
                "gate": _gate(outlook.gates.get(move.change)),
            }
            for move in plan.moves
        ],
        "guards": [asdict(guard) for guard in plan.guards],
        "upstreams": list(plan.upstreams),
        "traffic": None if outlook.forecast is None else _traffic(outlook.forecast),
    }


def _gate(gate: Gate | None) -> dict[str, Any] | None:
    return None if gate is None else gate.report()


def _note(note: RouteNote, others: str) -> dict[str, Any]:
    return {
        "route": note.route,
        "domain": note.domain,
        "line": note.line,
        "phase": note.phase,
        others: list(note.others),
    }


def _traffic(seen: Forecast) -> dict[str, Any]:
    return {
        "heads": seen.heads,
        "unreadable": seen.unreadable,
        "since": seen.since,
        "until": seen.until,
        **asdict(seen.all),
        "moved": [
            {
                "from": one.before.upstream,
                "to": one.after.upstream,
                "effect": one.after.effect,
                "domain": one.after.domain or one.before.domain,
                "route_before": one.before.route,
                "route_after": one.after.route,
                **asdict(one.rate),
            }
            for one in seen.moved
        ],
        "untold": [{"why": why, **asdict(rate)} for why, rate in seen.untold],
    }


# --- for people ---------------------------------------------------------------------------------


def _show(outlook: Outlook, out: Path | None) -> None:
    live, plan = outlook.live, outlook.plan
    if not outlook.changes:
        show(f"nothing changes: {outlook.proposal.path} is revision {live.number}, which is live")
        return
    show(f"{outlook.proposal.path} against revision {live.number}, live since {_since(live)}:")
    if plan.empty:
        show("", "its words differ, and no request is treated otherwise")
    _list("routes that come", [*map(_comes, plan.added)])
    _list("routes that go", [*map(_goes, plan.removed)])
    _list("routes that change", [*map(str, plan.edits)])
    _list("phases that move", list(_moves(outlook)))
    _list("writes that lose a guard", [*map(str, plan.guards)])
    _list("upstreams", list(plan.upstreams))
    if not plan.empty:
        _show_traffic(outlook.forecast)
    if plan.illegal or not all(gate.is_open for gate in outlook.gates.values()):
        show("", "`apply` refuses this without --force, which the ledger keeps for ever")
    if out is not None:
        show("", f"written to {out}; make it live with `strangler apply {out} -m WHY`")


def _since(live: Revision) -> str:
    return f"{moment(live.at)} UTC, by {live.actor} ({live.reason})"


def _list(title: str, lines: list[str]) -> None:
    if not lines:
        return
    more = len(lines) - MOST_SHOWN
    show("", f"{title}:")
    show_lines(*(f"  {line}" for line in lines[:MOST_SHOWN]))
    if more > 0:
        show(f"  and {more:,} more (--json has them all)")


def _comes(note: RouteNote) -> str:
    taken = f", takes from {_few(note.others)}" if note.others else ""
    return f"{note.domain}: {note.route} (line {note.line}, {note.phase}){taken}"


def _goes(note: RouteNote) -> str:
    return f"{note.domain}: {note.route}, falls to {_few(note.others) or 'the monolith'}"


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - 3
    return ", ".join(listed[:3]) + (f" and {more} more" if more > 0 else "")


def _moves(outlook: Outlook) -> Iterator[str]:
    for move in outlook.plan.moves:
        gate = outlook.gates.get(move.change)
        if not move.legal:
            yield f"{move.change} (needs force: {move.why})"
        elif gate is None:
            yield str(move.change)
        else:
            yield f"{move.change} (its gate is {gate.outcome})"
            if not gate.is_open:
                yield from (f"  {one}" for one in gate.criteria if one.outcome is not Outcome.OPEN)


def _show_traffic(seen: Forecast | None) -> None:
    if seen is None:
        show("", "no traffic is recorded yet, so nothing is said of requests")
        return
    heads = counted(seen.heads, "recorded head")
    span = f"{moment(seen.since)} to {moment(seen.until)} UTC"
    show("", f"requests an hour that change hands, by {heads} ({span}), of {seen.all} in all:")
    if seen.moved:
        table = columns("from", "to", "domain", "effect", "requests/h", right={"requests/h"})
        for one in by_domain(seen.moved):
            add_row(table, _cells(one))
        show(table)
    else:
        show("  none")
    for why, rate in seen.untold:
        show(f"{rate} more cannot be told: {why}")
    if seen.unreadable:
        show(f"{seen.unreadable:,} heads are hashed with another key: set STRANGLER_REDACTION_KEY")


def _cells(one: Moved) -> list[str]:
    before, after = one.before.domain, one.after.domain
    name = after or before or ""
    domain = f"{before} → {after}" if before and after and before != after else name
    return [one.before.upstream, one.after.upstream, domain, one.after.effect, str(one.rate)]
