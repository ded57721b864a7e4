"""Opens connections to a store: pragmas, time bounds and the start of each transaction."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from strangler.store.address import StoreAddress
from strangler.store.errors import StoreError

LOCK_WAIT = 5.0
"""Seconds to wait for another process's write to end: its transactions take milliseconds."""

ANSWER_WAIT = 10.0
"""Seconds a PostgreSQL server has to accept a connection or to answer a statement."""

CONNECTIONS = 4
"""Connections per process: one writes, the others serve readers of the control port."""

BEGIN = "strangler_begin"
"""The execution option that says how SQLite begins a transaction; the empty word: not at all."""

WRITING = "BEGIN IMMEDIATE"
"""A writer takes its lock at once, so that it waits for others rather than fails half-way."""


def engine_for(address: StoreAddress) -> AsyncEngine:
    """Prepare connections to the store; nothing is opened yet."""
    if address.path is not None:
        return _sqlite_engine(address)
    try:
        return create_async_engine(
            address.url,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=ANSWER_WAIT,
            pool_pre_ping=True,  # a server that was restarted costs one round trip, not an error
            connect_args={"timeout": ANSWER_WAIT, "command_timeout": ANSWER_WAIT},
        )
    except ModuleNotFoundError as error:
        raise StoreError(
            f"the store {address.shown} needs a driver; install 'strangler[postgres]'"
        ) from error


def _sqlite_engine(address: StoreAddress) -> AsyncEngine:
    engine = create_async_engine(
        address.url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=LOCK_WAIT,
        connect_args={"timeout": LOCK_WAIT},
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
    """Take transactions out of the driver's hands, which would begin them late or not at all."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON").close()


def _begin(connection: Connection) -> None:
    statement = connection.get_execution_options().get(BEGIN, "BEGIN")
    if statement:
        connection.exec_driver_sql(statement)


def find_file(path: Path, *, make: bool) -> None:
    """See that the file is there, or make it: only its owner may read it, the routes are in it.

    A file that is there is not opened here: closing it would drop the locks that SQLite holds on
    it elsewhere in this process (https://www.sqlite.org/howtocorrupt.html section 2.2).
    """
    try:
        if make and not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        path.stat()
    except FileExistsError:
        return  # another process made it just now
    except FileNotFoundError as error:
        raise StoreError(
            f"the store {path} does not exist; start `strangler serve` once, or check --store"
        ) from error
    except OSError as error:
        raise StoreError(
            f"the store {path} cannot be opened ({error.strerror}); check --store"
        ) from error
