"""The verb `history`: who moved what, when and why."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from strangler.cli.asking import ask
from strangler.cli.options import DEFAULT_STORE, AsJson, Limit, StoreUrl
from strangler.cli.output import add_row, columns, moment, show, tell, write_json
from strangler.store.records import LedgerEntry, Revision

OptionalDomain = Annotated[
    str | None, typer.Argument(metavar="[DOMAIN]", help="Only this one.", show_default=False)
]


def history(
    domain: OptionalDomain = None,
    store: StoreUrl = DEFAULT_STORE,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List what was changed, newest first: who, when, what and why."""
    entries = ask(store, lambda opened: opened.history(domain, limit))
    # Of one domain only its moves are asked for; of all, revisions that move nothing belong in.
    revisions = [] if domain else ask(store, lambda opened: opened.revisions(limit))
    rows = merged(entries, revisions, limit)
    if as_json:
        write_json(rows)
    elif rows:
        _show(rows)
    else:
        tell(f"nothing has moved in {domain} yet" if domain else "there is no revision yet")


def merged(
    entries: Sequence[LedgerEntry], revisions: Sequence[Revision], limit: int
) -> list[dict[str, Any]]:
    """Put revisions without transitions between the transitions, newest first, `limit` in all."""
    # Transitions of revisions before the last one listed may be missing: nothing is said of those.
    oldest = entries[-1].revision if len(entries) == limit else 0
    moved = {entry.revision for entry in entries}
    rows = [_moved(entry) for entry in entries]
    rows += [_unmoved(one) for one in revisions if one.number > oldest and one.number not in moved]
    return sorted(rows, key=lambda row: -row["revision"])[:limit]


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
    }


def _show(rows: Sequence[dict[str, Any]]) -> None:
    table = columns(
        "rev", "when (UTC)", "who", "what", "why", right={"rev"}, whole={"rev", "when (UTC)"}
    )
    for row in rows:
        forced = "FORCED: " if row["forced"] else ""
        cells = [str(row["revision"]), moment(row["at"]), row["actor"], _what(row)]
        add_row(table, [*cells, forced + row["reason"]], "yellow" if forced else "")
    show(table)


def _what(row: dict[str, Any]) -> str:
    if row["domain"] is None:
        return "no change of phase"
    subject = f"{row['domain']} ({row['route']})" if row["route"] else row["domain"]
    phases = row["to"] if row["from"] == row["to"] else f"{row['from']} → {row['to']}"
    return f"{subject}: {phases}{', ' + row['detail'] if row['detail'] else ''}"
