"""The verb `history`: who moved what, when and why."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from strangler.cli.asking import ask
from strangler.cli.failure import VerbError
from strangler.cli.fences import in_history, report
from strangler.cli.options import DEFAULT_STORE, AsJson, Limit, StoreUrl
from strangler.cli.output import moment, show_lines, tell, write_json
from strangler.cli.tables import add_row, columns, show
from strangler.routing.phase import Phase
from strangler.store.records import Fence, FenceState, LedgerEntry, Revision, Selection

TIMES = "2026-03-01, 2026-03-01T12:00 (UTC), or 90m, 12h, 7d ago"

# How people write a stretch of time.
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
AGO = re.compile(r"([0-9]{1,6})([mhd])")

OptionalDomain = Annotated[
    str | None, typer.Argument(metavar="[DOMAIN]", help="Only this one.", show_default=False)
]


def history(
    domain: OptionalDomain = None,
    route: Annotated[
        str | None,
        typer.Option(
            "--route", metavar="LABEL", help="Only this route's own moves.", show_default=False
        ),
    ] = None,
    phase: Annotated[
        Phase | None,
        typer.Option(
            "--phase",
            metavar="PHASE",
            help="Only moves from or to this phase.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="NAME", help="Only what NAME, or NAME@… did.", show_default=False
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help=f"Only from then on: {TIMES}."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Only until then, written alike."),
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List what was changed, newest first: who, when, what and why."""
    now = datetime.now(UTC)
    chosen = Selection(
        domain, route, phase, by, moment_of("--since", since, now), moment_of("--until", until, now)
    )
    entries = ask(store, lambda opened: opened.history(limit=limit, selection=chosen))
    # Where only moves are asked for, revisions that move nothing do not belong in.
    none_moved = chosen.of_moves
    revisions = [] if none_moved else ask(store, lambda opened: opened.revisions(limit, chosen))
    # A fence is of a domain, and of no route or phase.
    of_domains = chosen.route is None and chosen.phase is None
    fences = ask(store, lambda opened: opened.fences(limit, chosen)) if of_domains else []
    rows = merged(entries, revisions, limit, fences)
    if not rows and domain is not None:
        _see_known(domain, store)
    if as_json:
        write_json(rows)
    elif rows:
        _show(rows)
        if domain:
            _show_evidence(rows)
    else:
        tell(_nothing(chosen))


def _see_known(domain: str, store: str) -> None:
    """See that a domain is live, or was at some time: a misspelt one has no history either."""
    if ask(store, lambda opened: opened.history(domain, 1)):
        return
    live = ask(store, lambda opened: opened.newest())
    if live is not None:
        # Where something has moved, nobody waits for what a table needs.
        from strangler.cli.moving import domain_of  # noqa: PLC0415
        from strangler.cli.plan import live_table  # noqa: PLC0415

        domain_of(live_table(live), domain)


def _nothing(chosen: Selection) -> str:
    if chosen == Selection():
        return "there is no revision yet"
    if chosen == Selection(domain=chosen.domain):
        return f"nothing has moved in {chosen.domain} yet"
    return "nothing of that kind is in the ledger"


def moment_of(flag: str, text: str | None, now: datetime) -> datetime | None:
    """Read a time: a date, a date with a time, or how long ago it was. Without a zone it is UTC."""
    if text is None:
        return None
    ago = AGO.fullmatch(text)
    try:
        if ago is not None:
            return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:  # before the year 1
        raise VerbError(f"{flag} {text}: write {TIMES}") from error


def merged(
    entries: Sequence[LedgerEntry],
    revisions: Sequence[Revision],
    limit: int,
    fences: Sequence[Fence] = (),
) -> list[dict[str, Any]]:
    """Put revisions without transitions between the transitions, newest first, `limit` in all.

    So are fences that moved nothing; one that did is told with the revision that it ended in.
    """
    # Transitions of revisions before the last one listed may be missing: nothing is said of those.
    oldest = entries[-1].revision if len(entries) == limit else 0
    moved = {entry.revision for entry in entries}
    rows = [_moved(entry) for entry in entries]
    rows += [_unmoved(one) for one in revisions if one.number > oldest and one.number not in moved]
    switched = {one.follows + 1: one for one in fences if one.state is FenceState.SWITCHED}
    for row in rows:
        fence = switched.get(row["revision"])
        row["fence"] = None if fence is None else report(fence)
    placed = [(float(row["revision"]), row) for row in rows]
    placed += [
        (one.follows + 0.5, in_history(one))  # before the revision that came after it
        for one in fences
        if one.state is not FenceState.SWITCHED and one.follows >= oldest
    ]
    ordered = sorted(placed, key=lambda pair: -pair[0])
    return [row for _, row in ordered[:limit]]


def _moved(entry: LedgerEntry) -> dict[str, Any]:
    move = entry.transition
    return {
        "revision": entry.revision,
        "at": entry.at,
        "actor": entry.actor,
        "reason": entry.reason,
        "forced": entry.forced,
        "domain": move.domain,
        "route": move.route,
        "from": move.from_phase,
        "to": move.to_phase,
        "detail": move.detail,
        "evidence": move.evidence,
    }


def _unmoved(revision: Revision) -> dict[str, Any]:
    return {
        "revision": revision.number,
        "at": revision.at,
        "actor": revision.actor,
        "reason": revision.reason,
        "forced": revision.forced,
        "domain": None,
        "route": None,
        "from": None,
        "to": None,
        "detail": "",
        "evidence": None,
    }


def _show(rows: Sequence[dict[str, Any]]) -> None:
    table = columns(
        "rev", "when (UTC)", "who", "what", "why", right={"rev"}, whole={"rev", "when (UTC)"}
    )
    for row in rows:
        forced = "FORCED: " if row["forced"] else ""
        cells = [str(row["revision"] or ""), moment(row["at"]), row["actor"], _what(row)]
        add_row(table, [*cells, forced + row["reason"]], "yellow" if forced else "")
    show(table)


def _show_evidence(rows: Sequence[dict[str, Any]]) -> None:
    """Say how the gates stood that were passed; of all domains together it would be too much."""
    for row in rows:
        evidence = row["evidence"]
        if evidence is not None:
            stood = f"the gate {evidence['gate']} was {evidence['outcome']}"
            show("", f"revision {row['revision']}: {stood}")
            show_lines(*(f"  {one['outcome']}: {one['said']}" for one in evidence["criteria"]))


def _what(row: dict[str, Any]) -> str:
    if row["domain"] is None:
        return "no change of phase"
    subject = f"{row['domain']} ({row['route']})" if row["route"] else row["domain"]
    if row["revision"] is None:
        return f"{subject}: {row['detail']}"
    phases = row["to"] if row["from"] == row["to"] else f"{row['from']} → {row['to']}"
    fence = row["fence"]
    waited = "" if fence is None else f", writes waited {fence['seconds'] or 0:.1f} s at a fence"
    return f"{subject}: {phases}{', ' + row['detail'] if row['detail'] else ''}{waited}"
