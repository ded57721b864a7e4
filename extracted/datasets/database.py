"""The SQLite shell: one thread that reads, one that writes, plain functions that run there.

SQLite blocks, so nothing of it runs in the event loop. A query or transaction is a plain function
of a connection; it crosses to its thread and back once, whatever number of statements it has.
Reads never wait for writes (WAL), so a first fill does not hold up an answer.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias, TypeVar

from extracted.datasets.contents import Contents

Connection: TypeAlias = sqlite3.Connection
Result = TypeVar("Result")

SCHEMA = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")


class Lane:
    """One thread with one connection; calls run there one after the other."""

    def __init__(self, path: Path, name: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._connection = self._thread.submit(_connect, path).result()

    async def run(self, function: Callable[[Connection], Result]) -> Result:
        """Run `function` with the connection, in the thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, function, self._connection)

    def close(self) -> None:
        """Let the calls under way end, then close the connection."""
        self._thread.submit(self._connection.close)
        self._thread.shutdown()


class Database:
    """The service's own data: `read` sees what is committed, `write` is one transaction.

    `effects` counts the changes that rehearsed transactions have left behind: none, or we are
    broken.
    """

    def __init__(self, path: Path, contents: Contents) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._contents = contents
        self.effects = 0
        self._writes = Lane(path, "datasets-writes")
        self._reads = Lane(path, "datasets-reads")

    def __repr__(self) -> str:
        return f"<Database {self._path}>"

    async def read(self, query: Callable[[Connection], Result]) -> Result:
        """Run a query."""
        return await self._reads.run(query)

    async def write(self, transaction: Callable[[Connection], Result]) -> Result:
        """Run a function as one transaction: all of it is committed, or, if it raises, nothing."""

        def run(connection: Connection) -> Result:
            result = _transact(connection, transaction)
            if connection.execute("SELECT EXISTS (SELECT 1 FROM loose)").fetchone()[0]:
                _transact(connection, self._contents.sweep)
            return result

        return await self._writes.run(run)

    async def rehearse(self, transaction: Callable[[Connection], Result]) -> Result:
        """Run a function as a transaction that is undone, whatever comes of it."""

        def run(connection: Connection) -> Result:
            before = _changes(connection)
            try:
                return _transact(connection, transaction, end="ROLLBACK")
            finally:
                self.effects += _changes(connection) - before

        return await self._writes.run(run)

    def close(self) -> None:
        """Let what is under way end, then close both connections."""
        self._reads.close()
        self._writes.close()


def _connect(path: Path) -> Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    # NORMAL: a commit survives the death of this process; the monolith has what a power cut takes.
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
        "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;" + SCHEMA
    )
    return connection


def _transact(
    connection: Connection, transaction: Callable[[Connection], Result], end: str = "COMMIT"
) -> Result:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = transaction(connection)
        connection.execute(end)
    except BaseException:
        if connection.in_transaction:  # a full disk rolls back by itself
            connection.execute("ROLLBACK")
        raise
    return result


def _changes(connection: Connection) -> int:
    """Count the changes that were ever noted for the monolith: each takes a number, for good."""
    query = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'"
    count: int = connection.execute(query).fetchone()[0]
    return count
