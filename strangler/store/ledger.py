"""Reads and writes the ledger: revisions of `routes.yaml` and the transitions that they made."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, insert, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.store.chain import BEGINNING, link
from strangler.store.errors import Conflict
from strangler.store.records import Chapter, LedgerEntry, Revision, Selection, Transition
from strangler.store.tables import revisions, transitions

ALL = Selection()
"""The whole ledger."""


async def newest_number(connection: AsyncConnection) -> int:
    """Give the number of the newest revision, 0 where there is none."""
    found = await connection.scalar(select(func.max(revisions.c.number)))
    return found or 0


async def read_revision(connection: AsyncConnection, number: int) -> Revision | None:
    """Read one revision."""
    result = await connection.execute(select(revisions).where(revisions.c.number == number))
    row = result.mappings().first()
    return Revision(**row) if row else None


async def read_revisions(
    connection: AsyncConnection, limit: int, selection: Selection = ALL
) -> list[Revision]:
    """Read the newest revisions of an actor and a time, newest first."""
    query = select(revisions).order_by(revisions.c.number.desc()).limit(limit)
    query = query.where(*_of_revisions(selection))
    return [Revision(**row) for row in (await connection.execute(query)).mappings()]


async def append(
    connection: AsyncConnection, draft: Revision, moves: Sequence[Transition]
) -> Revision:
    """Append a revision that follows the newest one, and chain it; `Conflict` if it does not."""
    newest = next(iter(await read_revisions(connection, 1)), None)
    if (newest.number if newest else 0) != draft.number - 1:
        raise _conflict(draft.number - 1, newest)
    revision = replace(draft, hash=link(newest.hash if newest else BEGINNING, draft, moves))
    row: dict[str, Any] = {name: getattr(revision, name) for name in revisions.c.keys()}  # noqa: SIM118 - columns, not a dict
    try:
        async with connection.begin_nested():
            await connection.execute(insert(revisions), row)
    except IntegrityError as error:  # PostgreSQL lets two look at once; the number decides
        winner = await read_revision(connection, revision.number)
        raise _conflict(revision.number - 1, winner) from error
    if moves:
        await connection.execute(insert(transitions), _rows(revision.number, moves))
    return revision


def _conflict(looked_at: int, newest: Revision | None) -> Conflict:
    if newest is None:
        return Conflict(f"there is no revision {looked_at} yet; look at what is live and try again")
    return Conflict(
        f"revision {newest.number} is the newest by now, not {looked_at or 'none'}: {newest.actor} "
        f"made it ({newest.reason}); look at what changed and try again"
    )


def _rows(number: int, moves: Sequence[Transition]) -> list[dict[str, Any]]:
    return [
        {
            "revision": number,
            "position": position,
            "domain": move.domain,
            "route": move.route,
            "from_phase": move.from_phase,
            "to_phase": move.to_phase,
            "detail": move.detail,
            "evidence": None if move.evidence is None else dict(move.evidence),
        }
        for position, move in enumerate(moves)
    ]


async def read_chapters(connection: AsyncConnection, after: int, limit: int) -> list[Chapter]:
    """Read the revisions that follow number `after` with their transitions, oldest first."""
    later = select(revisions).where(revisions.c.number > after)
    query = later.order_by(revisions.c.number).limit(limit)
    found = [Revision(**row) for row in (await connection.execute(query)).mappings()]
    if not found:
        return []
    told = transitions.c.revision.between(found[0].number, found[-1].number)
    ordered = select(transitions).where(told).order_by(*transitions.primary_key)
    moves: defaultdict[int, list[Transition]] = defaultdict(list)
    for row in (await connection.execute(ordered)).mappings():
        moves[row["revision"]].append(_transition(row))
    return [Chapter(revision, tuple(moves[revision.number])) for revision in found]


async def read_history(
    connection: AsyncConnection, selection: Selection, limit: int
) -> list[LedgerEntry]:
    """Read the newest transitions, newest first, each with the revision that made it."""
    query = (
        select(
            transitions, revisions.c.at, revisions.c.actor, revisions.c.reason, revisions.c.forced
        )
        .join(revisions)
        .order_by(transitions.c.revision.desc(), transitions.c.position.desc())
        .limit(limit)
    )
    query = query.where(*_of_revisions(selection), *_of_transitions(selection))
    return [_entry(row) for row in (await connection.execute(query)).mappings()]


def _of_revisions(selection: Selection) -> Iterator[ColumnElement[bool]]:
    if selection.actor is not None:
        before_host = revisions.c.actor.startswith(f"{selection.actor}@", autoescape=True)
        yield (revisions.c.actor == selection.actor) | before_host
    if selection.since is not None:
        yield revisions.c.at >= selection.since
    if selection.until is not None:
        yield revisions.c.at <= selection.until


def _of_transitions(selection: Selection) -> Iterator[ColumnElement[bool]]:
    if selection.domain is not None:
        yield transitions.c.domain == selection.domain
    if selection.route is not None:
        yield transitions.c.route == selection.route
    if selection.phase is not None:
        ends = (transitions.c.from_phase, transitions.c.to_phase)
        yield literal(selection.phase).in_(ends)


def _entry(row: RowMapping) -> LedgerEntry:
    return LedgerEntry(
        revision=row["revision"],
        at=row["at"],
        actor=row["actor"],
        reason=row["reason"],
        forced=row["forced"],
        transition=_transition(row),
    )


def _transition(row: RowMapping) -> Transition:
    return Transition(
        domain=row["domain"],
        route=row["route"],
        from_phase=row["from_phase"],
        to_phase=row["to_phase"],
        detail=row["detail"],
        evidence=row["evidence"],
    )
