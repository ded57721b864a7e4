"""Keeps the recorded traffic: a bounded sample of request heads, of which the newest stay."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.migration.recording import RecordedHead
from strangler.store.bounds import RECORDED_FOR, RECORDED_HEADS
from strangler.store.records import HeadSample
from strangler.store.tables import heads


async def add_heads(
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
    """Read all recorded heads, oldest first."""
    rows = await connection.execute(select(*heads.c[1:]).order_by(heads.c.id))
    return [
        HeadSample(at, replica, weight, key, RecordedHead(**head))
        for at, replica, weight, key, head in rows
    ]
