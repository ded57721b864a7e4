"""Raises fences, and ends each of them once: by the switch of the writer, or by lifting it.

All of it happens alone in the fleet, by the store's clock, and in one transaction each: whoever
reads that a fence is over reads the same outcome as everybody else.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice

from sqlalchemy import ColumnElement, RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.migration.fence import Scope
from strangler.store import ledger
from strangler.store.errors import Conflict
from strangler.store.fleet import alone, store_time
from strangler.store.records import (
    Fence,
    FenceState,
    Pulse,
    Revision,
    Selection,
    Transition,
)
from strangler.store.tables import fences, replicas
from strangler.store.writers import see_fenced


async def read_newest(connection: AsyncConnection) -> Fence | None:
    """Read the newest fence."""
    now = await store_time(connection)
    query = select(fences).order_by(fences.c.number.desc()).limit(1)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else _fence(row, (row["until"] - now).total_seconds())


async def read_all(connection: AsyncConnection, selection: Selection, limit: int) -> list[Fence]:
    """Read the newest fences of a domain, an actor and a time, newest first."""
    now = await store_time(connection)
    query = select(fences).order_by(fences.c.number.desc()).where(*_chosen(selection))
    rows = (await connection.execute(query)).mappings()
    found = (_fence(row, (row["until"] - now).total_seconds()) for row in rows)
    domain = selection.domain
    meant = (one for one in found if domain is None or one.everything or domain in one.domains)
    return list(islice(meant, limit))


def _chosen(selection: Selection) -> Iterator[ColumnElement[bool]]:
    if selection.actor is not None:
        before_host = fences.c.actor.startswith(f"{selection.actor}@", autoescape=True)
        yield (fences.c.actor == selection.actor) | before_host
    if selection.since is not None:
        yield fences.c.at >= selection.since
    if selection.until is not None:
        yield fences.c.at <= selection.until


async def read_pulse(connection: AsyncConnection) -> Pulse:
    """Read the newest fence, and after it the newest revision."""
    fence = await read_newest(connection)
    return Pulse(fence, await ledger.newest_number(connection))


def _fence(row: RowMapping, left: float) -> Fence:
    return Fence(
        number=row["number"],
        left=left,
        actor=row["actor"],
        reason=row["reason"],
        follows=row["follows"],
        domains=frozenset(row["domains"]),
        everything=row["everything"],
        requests=row["requests"],
        state=FenceState(row["state"]),
        said=row["said"],
        at=row["at"],
        ended_at=row["ended_at"],
    )


async def raise_(connection: AsyncConnection, draft: Fence) -> Fence:
    """Raise a fence for `draft.left` seconds; `Conflict` while another stands, or on news."""
    await keep_clear(connection)
    newest = await ledger.newest_number(connection)
    if newest != draft.follows:
        raise Conflict(
            f"revision {newest} is the newest by now, not {draft.follows}; "
            "look at what changed and try again"
        )
    last = await read_newest(connection)
    now = await store_time(connection)
    row = {
        "number": 1 if last is None else last.number + 1,
        "at": now,
        "until": now + timedelta(seconds=draft.left),
        "domains": sorted(draft.domains),
        "state": FenceState.RAISED.value,
        "said": "",
    }
    for name in ("actor", "reason", "follows", "everything", "requests"):
        row[name] = getattr(draft, name)
    await connection.execute(insert(fences), row)
    found = await read_newest(connection)
    assert found is not None  # noqa: S101 - written just now
    return found


async def keep_clear(connection: AsyncConnection) -> None:
    """See that no fence stands in the way of a revision; one whose time is up is lifted."""
    await alone(connection)
    fence = await read_newest(connection)
    if fence is None or not fence.raised:
        return
    if fence.left > 0:
        raise Conflict(
            f"{fence.actor} is moving the writer of {', '.join(sorted(fence.domains))} just now "
            f"({fence.reason}); try again in {fence.left:.0f} s"
        )
    await _end(connection, fence.number, FenceState.LIFTED, "its time was up and nobody ended it")


async def lift(connection: AsyncConnection, number: int, said: str) -> Fence:
    """End a fence without a switch, unless it has ended; give how it has."""
    await alone(connection)
    await _end(connection, number, FenceState.LIFTED, said)
    return await _read(connection, number)


async def note(connection: AsyncConnection, number: int, said: str) -> None:
    """Note what is in the way of the switch while a fence stands, for whoever asks."""
    await connection.execute(update(fences).where(_standing(number)).values(said=said))


async def switch(
    connection: AsyncConnection,
    number: int,
    draft: Revision,
    moves: Sequence[Transition],
    scope: Scope,
) -> Revision:
    """End a fence with the revision that moves the writer; `Conflict` if it may not any more."""
    await alone(connection)
    fence = await _read(connection, number)
    see_fenced(scope, fence)
    if not fence.raised or fence.left <= 0:
        raise Conflict(f"fence {number} is {fence.state}: its time was up")
    missing = await unacknowledged(connection, number)
    if missing:
        raise Conflict(f"{missing[0]} does not hold its writes any more")
    revision = await ledger.append(connection, draft, moves)
    await _end(connection, number, FenceState.SWITCHED, f"revision {revision.number}")
    return revision


async def unacknowledged(connection: AsyncConnection, number: int) -> list[str]:
    """Name the replicas whose writes may still go where they went."""
    query = select(replicas.c.name).where(replicas.c.fence != number).order_by(replicas.c.name)
    return list((await connection.execute(query)).scalars())


async def _read(connection: AsyncConnection, number: int) -> Fence:
    now = await store_time(connection)
    query = select(fences).where(fences.c.number == number)
    row = (await connection.execute(query)).mappings().one()
    return _fence(row, (row["until"] - now).total_seconds())


async def _end(connection: AsyncConnection, number: int, state: FenceState, said: str) -> None:
    ended = {"state": state.value, "said": said, "ended_at": await store_time(connection)}
    await connection.execute(update(fences).where(_standing(number)).values(**ended))


def _standing(number: int) -> ColumnElement[bool]:
    return (fences.c.number == number) & (fences.c.state == FenceState.RAISED.value)
