"""Writes and reads what was said of findings; it is only ever added to."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.compare.state import MOVES, FindingState, return_of, state_at
from strangler.store.bounds import storable
from strangler.store.errors import Conflict
from strangler.store.records import Finding, StateChange
from strangler.store.tables import finding_states

OURSELVES = "strangler"
"""Who reopens a finding that is seen again."""


def newest_said() -> Select[Any]:
    """Select the number of what was said last, by finding."""
    number = func.max(finding_states.c.number).label("number")
    return select(finding_states.c.finding, number).group_by(finding_states.c.finding)


def standing(now: datetime) -> ColumnElement[str]:
    """Give the state that holds now as SQL: as `state_at` does for one finding."""
    over = finding_states.c.until <= now
    unsaid = finding_states.c.state.is_(None)
    return case((or_(unsaid, over), literal(FindingState.OPEN.value)), else_=finding_states.c.state)


async def read_history(
    connection: AsyncConnection, ids: Collection[str]
) -> dict[str, list[StateChange]]:
    """Read all that was said of findings, oldest first."""
    query = (
        select(finding_states)
        .where(finding_states.c.finding.in_(ids))
        .order_by(finding_states.c.number)
    )
    histories: dict[str, list[StateChange]] = {}
    for row in (await connection.execute(query)).mappings():
        histories.setdefault(row["finding"], []).append(
            StateChange(
                row["at"],
                row["actor"],
                row["reason"],
                FindingState(row["state"]),
                row["until"],
            )
        )
    return histories


async def read_accepted(connection: AsyncConnection, now: datetime) -> frozenset[str]:
    """Give the ids of the findings that are accepted now."""
    newest = newest_said().subquery()
    query = (
        select(finding_states.c.finding)
        .join(newest, newest.c.number == finding_states.c.number)
        .where(standing(now) == FindingState.ACCEPTED.value)
    )
    return frozenset((await connection.execute(query)).scalars())


async def say(connection: AsyncConnection, id_: str, change: StateChange) -> None:
    """Add what somebody says of a finding. `Conflict` where it stands so already."""
    history = (await read_history(connection, [id_])).get(id_, [])
    stands = state_at(history, change.at)
    if change.state not in MOVES[stands]:
        said = f", since {history[-1].actor} said so" if history else ""
        raise Conflict(f"the finding {id_} is {stands} already{said}")
    await _add(connection, {id_: change})


async def reopen(connection: AsyncConnection, seen: Sequence[Finding]) -> int:
    """Note which findings that were just seen come back although somebody put them away.

    Give how many.
    """
    histories = await read_history(connection, [finding.id for finding in seen])
    changes = {}
    for finding in seen:
        reason = return_of(histories.get(finding.id, ()), finding.last_seen)
        if reason:
            said = StateChange(finding.last_seen, OURSELVES, reason, FindingState.OPEN)
            changes[finding.id] = said
    await _add(connection, changes)
    return len(changes)


async def _add(connection: AsyncConnection, changes: dict[str, StateChange]) -> None:
    rows = [
        {
            **asdict(change),
            "finding": id_,
            "actor": storable(change.actor),
            "reason": storable(change.reason),
            "state": change.state.value,
        }
        for id_, change in sorted(changes.items())
    ]
    if rows:
        await connection.execute(finding_states.insert(), rows)
