"""Files in the database: names and hashes; the contents are on disk.

All that writes must be called inside a transaction.
"""

import sqlite3
from typing import Any

from legacy_monolith import outbox
from legacy_monolith.database import Database
from legacy_monolith.notifications import notify


def find_file(database: Database, dataset_id: int, name: str) -> sqlite3.Row | None:
    """Give a file of a dataset, or None."""
    return database.one(
        "SELECT * FROM files WHERE dataset_id = :id AND name = :name", id=dataset_id, name=name
    )


def store(database: Database, dataset: sqlite3.Row, file: dict[str, Any]) -> None:
    """Keep a file whose content is here, in place of one of that name, and tell about it."""
    put_file(database, dataset, file)
    outbox.append(database, outbox.FILE_STORED, dataset["id"], file)


def put_file(database: Database, dataset: sqlite3.Row, file: dict[str, Any]) -> None:
    """Keep a file whose content is here, and tell the dataset's owner."""
    database.change(
        "REPLACE INTO files VALUES"
        " (:dataset_id, :name, :size, :sha256, :content_type, :created_at)",
        **file,
    )
    notify(database, dataset["owner_id"], f"Dataset {dataset['id']} got a file: {file['name']}")


def remove(database: Database, dataset: sqlite3.Row, file: sqlite3.Row) -> None:
    """Delete a file and tell about it."""
    drop_file(database, dataset, file["name"])
    payload = {"dataset_id": dataset["id"], "name": file["name"], "sha256": file["sha256"]}
    outbox.append(database, outbox.FILE_DELETED, dataset["id"], payload)


def drop_file(database: Database, dataset: sqlite3.Row, name: str) -> None:
    """Delete a file, and tell the dataset's owner."""
    database.change(
        "DELETE FROM files WHERE dataset_id = :id AND name = :name", id=dataset["id"], name=name
    )
    notify(database, dataset["owner_id"], f"Dataset {dataset['id']} lost a file: {name}")
