"""The one database that everything shares.

All SQL runs in the event loop, on one connection: a statement takes microseconds, two transactions
can never meet, and so nothing here knows the words "database is locked".
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from legacy_monolith.announcements import Announcements

SCHEMA = """
CREATE TABLE IF NOT EXISTS sequences (name TEXT PRIMARY KEY, last INTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    display_name TEXT NOT NULL,
    email TEXT NOT NULL,
    city TEXT NOT NULL,
    roles TEXT NOT NULL,             -- a JSON array
    created_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS datasets (
    id INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    deleted INTEGER NOT NULL,        -- rows stay, so that their revision is remembered
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    owner_id INTEGER NOT NULL,
    description TEXT NOT NULL,
    tags TEXT NOT NULL,              -- a JSON array
    size_mb REAL NOT NULL,
    row_count INTEGER NOT NULL,
    checksum TEXT,
    format TEXT,                     -- this and the next: archives only
    retention_days INTEGER,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS versions (
    dataset_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    note TEXT NOT NULL,
    created_at TEXT NOT NULL,
    size_mb REAL NOT NULL,
    PRIMARY KEY (dataset_id, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
    dataset_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    content_type TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (dataset_id, name)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS notifications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    text TEXT NOT NULL,
    read INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS notifications_of_user ON notifications (user_id, id);
CREATE INDEX IF NOT EXISTS unread_of_user ON notifications (user_id) WHERE read = 0;
CREATE TABLE IF NOT EXISTS preferences (
    user_id INTEGER PRIMARY KEY,
    email INTEGER NOT NULL,
    digest TEXT NOT NULL,
    channels TEXT NOT NULL           -- a JSON array
);

-- AUTOINCREMENT: a number is never given twice, not even after its row has gone.
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    payload TEXT NOT NULL
);
"""


class Database:
    """One SQLite connection; what is announced in a transaction is heard when it is committed."""

    def __init__(self, path: Path, announcements: Announcements) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._announcements = announcements
        self._to_announce: set[str] = set()
        self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        self._connection.row_factory = sqlite3.Row
        # NORMAL: a commit survives the death of the process, and costs no disk flush.
        self._connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;"
            + SCHEMA
        )

    def __repr__(self) -> str:
        return f"<Database {self._path}>"

    def all(self, sql: str, **values: Any) -> list[sqlite3.Row]:
        """Give every row of a query."""
        return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, **values: Any) -> sqlite3.Row | None:
        """Give the first row of a query, or None."""
        row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def value(self, sql: str, **values: Any) -> Any:
        """Give the first column of the first row; there must be one."""
        return self._connection.execute(sql, values).fetchall()[0][0]

    def change(self, sql: str, **values: Any) -> sqlite3.Cursor:
        """Run a statement that writes; only inside a transaction."""
        if not self._connection.in_transaction:
            raise RuntimeError("a change outside of a transaction")
        return self._connection.execute(sql, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what happens inside, or nothing of it. There must be no `await` inside."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._to_announce.clear()
            if self._connection.in_transaction:  # a full disk makes SQLite roll back by itself
                self._connection.execute("ROLLBACK")
            raise
        for channel in self._to_announce:
            self._announcements.announce(channel)
        self._to_announce.clear()

    def announce_when_committed(self, channel: str) -> None:
        """Remember whom to wake at the end of this transaction."""
        self._to_announce.add(channel)

    def next_id(self, name: str) -> int:
        """Take the next number of a named sequence: ids that come from outside never move it."""
        row = self.change(
            "INSERT INTO sequences VALUES (:name, 1)"
            " ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last",
            name=name,
        ).fetchone()
        return int(row["last"])

    def close(self) -> None:
        """Close the connection, which folds the write-ahead log into the file."""
        self._connection.close()
