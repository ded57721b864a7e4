"""Writes and reads notices: what one process met and `status` shows from another."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.store.bounds import LIST_BYTES, storable
from strangler.store.records import Notice
from strangler.store.tables import notices
from strangler.store.upsert import upsert_into


async def post(connection: AsyncConnection, notice: Notice) -> None:
    """Put a notice in the place of the replica's last one of its kind."""
    values = {"at": notice.at, "text": storable(notice.text, LIST_BYTES)}
    key = {"replica": notice.replica, "kind": notice.kind}
    statement = upsert_into(connection, notices).values(**key, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


async def withdraw(connection: AsyncConnection, kind: str) -> None:
    """Take out every replica's notice of one kind."""
    await connection.execute(delete(notices).where(notices.c.kind == kind))


async def read_notices(connection: AsyncConnection) -> list[Notice]:
    """Read all, newest first."""
    query = select(notices).order_by(notices.c.at.desc())
    return [Notice(**row) for row in (await connection.execute(query)).mappings()]
