"""Brings a store's schema up to date, or says why it cannot be used as it is."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from strangler.store.engine import BEGIN, WRITING
from strangler.store.errors import StoreError
from strangler.store.tables import SCHEMA, VERSION_TABLE

_LOCK = 0x5354_5241_4E47  # "STRANG": PostgreSQL's advisory locks are told apart by number


def migrations_path() -> Path:
    """Find the migrations: inside the package where installed, at the top of a checkout."""
    installed = Path(__file__).parent / "migrations"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "migrations"


async def ensure_schema(engine: AsyncEngine, where: str, *, migrate: bool) -> None:
    """Check the schema first; where it is not current, migrate it or say what to do."""
    async with engine.connect() as connection:
        found = await connection.run_sync(_version, where)
    if found == SCHEMA:
        return
    if not migrate or (found is not None and found > SCHEMA):
        raise StoreError(_stale(where, found))
    if engine.dialect.name == "sqlite":
        # The write-ahead log lets readers read while another process writes; the file remembers.
        async with engine.execution_options(**{BEGIN: ""}).connect() as connection:
            await connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    async with engine.execution_options(**{BEGIN: WRITING}).begin() as connection:
        await connection.run_sync(_migrate, where)


def _version(connection: Connection, where: str) -> str | None:
    """Give the schema that is there, None for an empty database; refuse other programs' ones."""
    found = inspect(connection).get_table_names()
    if VERSION_TABLE in found:
        version = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant
        return None if version is None else str(version)
    if found:
        raise StoreError(f"the store {where} holds another program's tables; check --store")
    return None


def _migrate(connection: Connection, where: str) -> None:
    """Migrate inside the caller's transaction; whoever comes second finds nothing to do."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    found = _version(connection, where)
    if found != SCHEMA:
        _upgrade(connection, where)


def _upgrade(connection: Connection, where: str) -> None:
    """Run alembic. It is imported here because a store that is current does without it."""
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations_path()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(f"the store {where} cannot be brought up to date: {error}") from error


def _stale(where: str, found: str | None) -> str:
    if found is None:
        return (
            f"the store {where} has no tables yet; start `strangler serve` once, or check --store"
        )
    if found > SCHEMA:
        return (
            f"the store {where} was made by a newer strangler (schema {found}, this one knows "
            f"{SCHEMA}); update strangler, or name another store with --store"
        )
    return (
        f"the store {where} is of an older strangler (schema {found}, not {SCHEMA}); "
        "start `strangler serve` once to bring it up to date"
    )
