"""Reads and writes the fleet: which replicas serve what, and who was said to be dead.

All times are the database's: clocks of machines are not compared.
"""

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.store.ledger import newest_number
from strangler.store.records import Fleet, Forgetting, ReplicaState
from strangler.store.tables import forgettings, replicas

_LOCK = 0x464C_4545_5400  # "FLEET": PostgreSQL's advisory locks are told apart by number


async def store_time(connection: AsyncConnection) -> datetime:
    """Give the store's time. All who share an SQLite file are on one machine, with one clock."""
    if connection.dialect.name != "postgresql":
        return datetime.now(UTC)
    at: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return at.astimezone(UTC)


async def alone(connection: AsyncConnection) -> None:
    """Let nobody else change the fleet until this transaction ends; SQLite has one writer anyway.

    Without it, a replica that registers and a decision about all replicas could miss each other.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


async def register(
    connection: AsyncConnection, *, life: str, name: str, address: str, ended: Collection[str]
) -> None:
    """Add a life of a replica, in the place of those that are known to have ended."""
    await alone(connection)
    if ended:
        await connection.execute(delete(replicas).where(replicas.c.life.in_(ended)))
    now = await store_time(connection)
    row = {"life": life, "name": name, "address": address, "started_at": now, "seen_at": now}
    await connection.execute(
        insert(replicas), {**row, "revision": 0, "workers": 0, "workers_ready": 0, "fence": 0}
    )


async def beat(
    connection: AsyncConnection, life: str, *, revision: int, workers: int, ready: int, fence: int
) -> bool:
    """Note that a replica lives and what it serves; False where it was forgotten."""
    values = {"seen_at": await store_time(connection), "revision": revision, "fence": fence}
    done = await connection.execute(
        update(replicas)
        .where(replicas.c.life == life)
        .values(**values, workers=workers, workers_ready=ready)
    )
    return done.rowcount > 0


async def depart(connection: AsyncConnection, lives: Collection[str]) -> None:
    """Take lives out that have ended and said so."""
    await alone(connection)
    await connection.execute(delete(replicas).where(replicas.c.life.in_(lives)))


async def read_fleet(connection: AsyncConnection) -> Fleet:
    """Read who serves what."""
    now = await store_time(connection)
    query = select(replicas).order_by(replicas.c.name, replicas.c.started_at)
    rows = (await connection.execute(query)).mappings().all()
    newest = await newest_number(connection)
    return Fleet(now, newest, tuple(ReplicaState(**row) for row in rows))


async def forget(
    connection: AsyncConnection, lives: Collection[str], *, actor: str, reason: str
) -> list[Forgetting]:
    """Take lives out on somebody's word, and keep that word."""
    await alone(connection)
    now = await store_time(connection)
    query = select(replicas).where(replicas.c.life.in_(lives))
    rows = (await connection.execute(query)).mappings().all()
    word = {"at": now, "actor": actor, "reason": reason}
    said = [
        {"life": row["life"], "name": row["name"], "seen_at": row["seen_at"], **word}
        for row in rows
    ]
    if said:
        await connection.execute(insert(forgettings), said)
        await connection.execute(delete(replicas).where(replicas.c.life.in_(lives)))
    return [Forgetting(**one) for one in said]


async def read_forgettings(connection: AsyncConnection, limit: int) -> list[Forgetting]:
    """Read who was forgotten, the last first."""
    query = select(forgettings).order_by(forgettings.c.at.desc()).limit(limit)
    return [Forgetting(**row) for row in (await connection.execute(query)).mappings()]
