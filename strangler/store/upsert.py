"""Begins the statement that adds to what may be there already, in the dialect at hand."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def upsert_into(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Start an INSERT … ON CONFLICT of the dialect at hand."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
