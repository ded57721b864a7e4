"""Looks at the database itself: whether it is whole and still refuses to change the ledger."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

GUARDED = ("revisions", "transitions", "forgettings", "finding_states")
"""The tables that are only ever added to."""

_SQLITE_TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger'"

_POSTGRESQL_TRIGGERS = """
    SELECT tgname FROM pg_trigger
    WHERE NOT tgisinternal AND tgenabled <> 'D'
    AND tgrelid IN (
        to_regclass('revisions'), to_regclass('transitions'), to_regclass('forgettings'),
        to_regclass('finding_states')
    )
"""


async def unsound(connection: AsyncConnection) -> list[str]:
    """Say what is wrong with the database; nothing where it is as the migrations made it."""
    if connection.dialect.name == "postgresql":
        return await _unguarded(connection, _POSTGRESQL_TRIGGERS, ("update", "delete", "truncate"))
    said = (await connection.execute(text("PRAGMA quick_check(3)"))).scalars()
    return [
        *(f"SQLite finds it damaged: {line}" for line in said if line != "ok"),
        *await _unguarded(connection, _SQLITE_TRIGGERS, ("update", "delete")),
    ]


async def _unguarded(
    connection: AsyncConnection, query: str, changes: tuple[str, ...]
) -> list[str]:
    there = set((await connection.execute(text(query))).scalars())
    wanted = [f"{table}_refuse_{change}" for table in GUARDED for change in changes]
    return [
        f"the trigger {name} is gone: the ledger can be changed"
        for name in wanted
        if name not in there
    ]
