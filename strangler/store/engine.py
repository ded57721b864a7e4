"""Opens connections to a store: pragmas, time bounds and the start of each transaction."""

import asyncio
import os
from contextlib import suppress
from functools import partial
from pathlib import Path

import aiosqlite
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from strangler.store.address import StoreAddress
from strangler.store.errors import StoreError

LOCK_WAIT = 5.0
"""Seconds to wait for another process's write to end: its transactions take milliseconds."""

ANSWER_WAIT = 10.0
"""Seconds a PostgreSQL server has to accept a connection or to answer a statement."""

CONNECTIONS = 5
"""Connections per process: one writes, one listens for news, the others read."""

BEGIN = "strangler_begin"
"""The execution option that says how SQLite begins a transaction; the empty word: not at all."""

WRITING = "BEGIN IMMEDIATE"
"""A writer takes its lock at once, so that it waits for others rather than fails half-way."""


def engine_for(address: StoreAddress) -> AsyncEngine:
    """Prepare connections to the store; nothing is opened yet."""
    if address.path is not None:
        return _sqlite_engine(address, address.path)
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


def _sqlite_engine(address: StoreAddress, path: Path) -> AsyncEngine:
    engine = create_async_engine(
        address.url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=LOCK_WAIT,
        async_creator=partial(_connect, path),
    )
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


async def _connect(path: Path) -> aiosqlite.Connection:
    """Open the file; one that went away is an error (`mode=rw`) and not a new, empty database.

    Without an isolation level the driver leaves transactions to us: it would begin them late.
    """
    connection = aiosqlite.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=LOCK_WAIT, isolation_level=None
    )
    thread = connection._thread  # noqa: SLF001 - there is no other way to know that it ended
    thread.daemon = True
    try:
        await connection
        await (await connection.execute("PRAGMA foreign_keys = ON")).close()
    except BaseException:
        # Its thread reports the end to the loop, which must not be closed before.
        connection.stop()
        await asyncio.to_thread(thread.join)
        raise
    return connection


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
            with suppress(FileExistsError):  # another process made it just now
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        path.stat()
    except FileNotFoundError as error:
        raise StoreError(
            f"the store {path} does not exist; start `strangler serve` once, or check --store"
        ) from error
    except OSError as error:
        raise StoreError(
            f"the store {path} cannot be opened ({error.strerror}); check --store"
        ) from error
