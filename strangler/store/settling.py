"""Adds counts up that nobody tells apart any more, so that the store does not grow with time alone.

Counts are kept by revision, and whoever reads them (gates, `status`, `diff`) asks for what came
since one of their domain's moves. So those of the revisions between two moves may be told under the
first of the two, and those from before the domain's phase all together: no answer changes.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Table, delete, func, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.store.evidence import add_up
from strangler.store.records import Settlement
from strangler.store.tables import answers, revisions, rule_firings, transitions, verdicts

PAST = 0
"""The revision under which all is told that came before a domain's phase: before all that are."""

AT_ONCE = 20
"""Revisions of one route in a transaction: some thousand rows, which take a part of a second."""

_COUNTED = (verdicts, rule_firings, answers)

_UNTOLD = {"verdicts": {"method": "", "status": "", "findings": ""}}
"""What is not told apart of the past: it was told for the gates, which do not look there."""


@dataclass(slots=True)
class Moves:
    """The revisions that moved one domain, oldest first, and the one that made its phase."""

    numbers: list[int]
    phase: int = PAST

    def __repr__(self) -> str:
        return f"<Moves {self.numbers} phase={self.phase}>"

    def told_by(self, revision: int) -> int:
        """Give the revision under which what was counted under another one is told.

        Itself before the first move: it counts since ever where the ledger knows of no phase.
        """
        if revision < self.phase:
            return PAST
        before = bisect_right(self.numbers, revision)
        return self.numbers[before - 1] if before else revision


async def unsettled(connection: AsyncConnection, before: datetime) -> list[Settlement]:
    """Find what to add up of revisions that were over by a time, in parts of bounded size."""
    over = await connection.scalar(
        select(func.max(revisions.c.number)).where(revisions.c.at <= before)
    )
    moves = await _moves(connection, over or PAST)
    routes: defaultdict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for domain, route, revision in await _counted(connection, over or PAST):
        told_by = moves[domain].told_by(revision) if domain in moves else revision
        if told_by != revision:
            routes[domain, route][revision] = told_by
    return [
        Settlement(domain, route, dict(part))
        for (domain, route), told in sorted(routes.items())
        for part in _parts(sorted(told.items()))
    ]


async def _moves(connection: AsyncConnection, until: int) -> dict[str, Moves]:
    """Read the moves of all domains up to a revision."""
    moves: dict[str, Moves] = {}
    told = select(
        transitions.c.domain,
        transitions.c.revision,
        (transitions.c.route.is_(None) & (transitions.c.from_phase != transitions.c.to_phase)),
    )
    query = told.where(transitions.c.revision <= until).order_by(*transitions.primary_key)
    for domain, revision, began in await connection.execute(query):
        known = moves.setdefault(domain, Moves([]))
        known.numbers.append(revision)
        if began:
            known.phase = revision
    return moves


async def _counted(connection: AsyncConnection, until: int) -> Sequence[tuple[str, str, int]]:
    """Read of which routes something was counted, and under which revisions before `until`."""
    places = (
        select(table.c.domain, table.c.route, table.c.revision).where(table.c.revision < until)
        for table in _COUNTED
    )
    return [(row[0], row[1], row[2]) for row in await connection.execute(union(*places))]


def _parts(told: Sequence[tuple[int, int]]) -> list[Sequence[tuple[int, int]]]:
    return [told[start : start + AT_ONCE] for start in range(0, len(told), AT_ONCE)]


async def settle(connection: AsyncConnection, settlement: Settlement) -> int:
    """Add counts up; give how many rows were told under another revision.

    What is taken out is what is added: whoever else settles the same finds nothing any more.
    """
    told = 0
    for table in _COUNTED:
        where = (
            table.c.domain == settlement.domain,
            table.c.route == settlement.route,
            table.c.revision.in_(settlement.told_by),
        )
        taken = await connection.execute(delete(table).where(*where).returning(*table.c))
        rows = taken.mappings().all()
        await add_up(connection, table, _added_up(table, rows, settlement.told_by))
        told += len(rows)
    return told


def _added_up(
    table: Table, rows: Sequence[RowMapping], told_by: Mapping[int, int]
) -> list[dict[str, Any]]:
    """Tell rows under other revisions, those that are alike by then as one."""
    names = table.primary_key.columns.keys()
    added: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        revision = told_by[row["revision"]]
        untold = _UNTOLD.get(table.name, {}) if revision == PAST else {}
        told = {**row, "revision": revision, **untold}
        one = added.setdefault(tuple(told[name] for name in names), told)
        if one is not told:
            one["count"] += told["count"]
            if "last_seen" in told:
                one["last_seen"] = max(one["last_seen"], told["last_seen"])
    return [added[key] for key in sorted(added)]
