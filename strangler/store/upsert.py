"""Begins the statement that adds to what may be there already, in the dialect at hand."""

from typing import TYPE_CHECKING

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def upsert_into(connection: AsyncConnection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """Start an INSERT … ON CONFLICT of the dialect at hand."""
    if connection.dialect.name == "postgresql":
        # Where the store is in SQLite, a process starts sooner without it.
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        return postgresql.insert(table)
    return sqlite.insert(table)
