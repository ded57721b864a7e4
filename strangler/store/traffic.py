"""Keeps what was seen of the traffic: a sample of heads, unclaimed paths, calls of routes."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import orjson
from sqlalchemy import RowMapping, Text, cast, delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.migration.recording import RecordedHead
from strangler.migration.unclaimed import Seen, Template, Templates
from strangler.store.bounds import RECORDED_FOR, RECORDED_HEADS
from strangler.store.records import HeadSample, TrafficReport
from strangler.store.tables import calls, heads, unclaimed
from strangler.store.upsert import upsert_into


async def add(connection: AsyncConnection, report: TrafficReport, now: datetime) -> None:
    """Add a report, one writer at a time: a template may take the place of other rows."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("LOCK TABLE unclaimed IN SHARE ROW EXCLUSIVE MODE"))
    await _add_heads(connection, report.heads, now)
    if report.unclaimed:
        await _add_unclaimed(connection, report.unclaimed)
    if report.calls:
        await _add_calls(connection, report.calls)


async def _add_unclaimed(connection: AsyncConnection, found: Sequence[Template]) -> None:
    before = {(one.method, one.path): one for one in await read_unclaimed(connection)}
    templates = Templates(before.values())
    for one in found:
        templates.add(one.method, one.path, one.seen)
    after = {(one.method, one.path): one for one in templates.told()}
    for method, path in before.keys() - after.keys():
        gone = (unclaimed.c.method == method) & (unclaimed.c.path == path)
        await connection.execute(delete(unclaimed).where(gone))
    changed = [one for key, one in after.items() if before.get(key) != one]
    statement = upsert_into(connection, unclaimed)
    names = ("count", "first_seen", "last_seen")
    statement = statement.on_conflict_do_update(
        index_elements=list(unclaimed.primary_key),
        set_={name: statement.excluded[name] for name in names},
    )
    rows = [{"path": one.path, "method": one.method, **_columns(one.seen)} for one in changed]
    await connection.execute(statement, rows)


def _columns(seen: Seen) -> dict[str, object]:
    return {"count": seen.count, "first_seen": seen.first, "last_seen": seen.last}


async def _add_calls(connection: AsyncConnection, found: Sequence[tuple[str, Seen]]) -> None:
    there = await read_calls(connection)
    statement = upsert_into(connection, calls)
    names = ("count", "first_seen", "last_seen")
    statement = statement.on_conflict_do_update(
        index_elements=[calls.c.route],
        set_={name: statement.excluded[name] for name in names},
    )
    rows = [
        {"route": route, **_columns(seen.plus(there[route]) if route in there else seen)}
        for route, seen in sorted(found)
    ]
    await connection.execute(statement, rows)


async def read_unclaimed(connection: AsyncConnection) -> list[Template]:
    """Read the unclaimed paths, the most frequent first."""
    query = select(unclaimed).order_by(unclaimed.c.count.desc(), *unclaimed.primary_key)
    return [
        Template(row["method"], row["path"], _seen(row))
        for row in (await connection.execute(query)).mappings()
    ]


async def read_calls(connection: AsyncConnection) -> dict[str, Seen]:
    """Read how often each route was called, by its label."""
    rows = (await connection.execute(select(calls))).mappings()
    return {row["route"]: _seen(row) for row in rows}


def _seen(row: RowMapping) -> Seen:
    return Seen(row["count"], row["first_seen"], row["last_seen"])


async def _add_heads(
    connection: AsyncConnection, samples: Sequence[HeadSample], now: datetime
) -> None:
    """Add recorded heads, and drop what is too old or too much.

    Ids grow, so that what is too much is what is that far behind the newest id. Where ids were left
    out (by a transaction that failed) a few heads go early.
    """
    if samples:
        await connection.execute(insert(heads), [_row(sample) for sample in samples])
    newest = await connection.scalar(select(func.max(heads.c.id)))
    beyond = heads.c.id <= (newest or 0) - RECORDED_HEADS
    await connection.execute(delete(heads).where(beyond | (heads.c.at < now - RECORDED_FOR)))


def _row(sample: HeadSample) -> dict[str, object]:
    return {
        "at": sample.at,
        "replica": sample.replica,
        "weight": sample.weight,
        "key": sample.key,
        "head": asdict(sample.head),
    }


async def read_heads(connection: AsyncConnection) -> list[HeadSample]:
    """Read all recorded heads, oldest first: as text, for orjson reads ten thousand in no time."""
    columns = (heads.c.at, heads.c.replica, heads.c.weight, heads.c.key, cast(heads.c.head, Text))
    rows = await connection.execute(select(*columns).order_by(heads.c.id))
    return [
        HeadSample(at, replica, weight, key, RecordedHead(**orjson.loads(head)))
        for at, replica, weight, key, head in rows
    ]
