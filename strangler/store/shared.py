"""Keeps secrets that all replicas share, made up by whoever asks first."""

from secrets import token_hex

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.store.tables import secrets
from strangler.store.upsert import upsert_into


async def secret(connection: AsyncConnection, name: str) -> bytes:
    """Give the secret of this name, 32 octets; `connection` is a writer's."""
    made = {"name": name, "value": token_hex(32)}
    statement = upsert_into(connection, secrets).values(**made)
    await connection.execute(statement.on_conflict_do_nothing())
    query = select(secrets.c.value).where(secrets.c.name == name)
    return bytes.fromhex((await connection.execute(query)).scalar_one())
