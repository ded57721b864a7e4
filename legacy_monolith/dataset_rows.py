"""Datasets in the database: every write bumps the revision, and tells the outbox and the owner.

All that writes must be called inside a transaction.
"""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from legacy_monolith import outbox
from legacy_monolith.bodies import LARGEST_INTEGER
from legacy_monolith.database import Database
from legacy_monolith.errors import ApiError
from legacy_monolith.notifications import notify
from legacy_monolith.quirks import local_time, shuffled

NEW: dict[str, Any] = {
    "revision": 1,
    "deleted": 0,
    "description": "",
    "tags": "[]",
    "size_mb": 0.0,
    "row_count": 0,
    "checksum": None,
    "format": None,
    "retention_days": None,
}
NEW_ARCHIVE = {"format": "tar.gz", "retention_days": 90}


def find_dataset(database: Database, dataset_id: int) -> sqlite3.Row:
    """Give a dataset, or the error that there is none."""
    row = database.one(
        "SELECT * FROM datasets WHERE id = :id AND NOT deleted", id=min(dataset_id, LARGEST_INTEGER)
    )
    if row is None:
        raise ApiError(404, "DATASET_NOT_FOUND", f"there is no dataset {dataset_id}")
    return row


def versions_of(database: Database, dataset_id: int) -> list[dict[str, Any]]:
    """Give the versions of a dataset, the first one first."""
    rows = database.all(
        "SELECT number, note, created_at, size_mb FROM versions WHERE dataset_id = :id"
        " ORDER BY number",
        id=dataset_id,
    )
    return [dict(row) for row in rows]


def as_item(row: sqlite3.Row, base: str) -> dict[str, Any]:
    """Give a dataset as clients see it; `base` makes its links absolute."""
    link = f"{base}/api/v1/datasets/{row['id']}"
    item = {
        "id": row["id"],
        "name": row["name"],
        "kind": row["kind"],
        "owner_id": str(row["owner_id"]),
        "description": row["description"],
        "tags": shuffled(json.loads(row["tags"])),
        "size_mb": row["size_mb"],
        "row_count": str(row["row_count"]),
        "checksum": row["checksum"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "links": {"self": link, "files": f"{link}/files"},
    }
    if row["kind"] == "archive":
        item |= {"format": row["format"], "retention_days": str(row["retention_days"])}
    return item


def as_event(database: Database, row: sqlite3.Row) -> dict[str, Any]:
    """Give the whole state of a dataset as partners see it."""
    state = dict(row)
    del state["deleted"]
    retention = row["retention_days"]
    return state | {
        "owner_id": str(row["owner_id"]),
        "tags": json.loads(row["tags"]),
        "row_count": str(row["row_count"]),
        "retention_days": None if retention is None else str(retention),
        "versions": versions_of(database, row["id"]),
    }


def create(database: Database, owner_id: int, fields: dict[str, Any]) -> sqlite3.Row:
    """Create a dataset with its first version."""
    now, dataset_id = local_time(), database.next_id("datasets")
    row = NEW | (NEW_ARCHIVE if fields["kind"] == "archive" else {}) | fields
    row |= {"id": dataset_id, "owner_id": owner_id, "created_at": now, "updated_at": now}
    put_row(database, row)
    first = {"number": 1, "note": "initial", "created_at": now, "size_mb": row["size_mb"]}
    put_version(database, dataset_id, first)
    return _changed(database, dataset_id, "created")


def update(database: Database, row: sqlite3.Row, fields: dict[str, Any]) -> sqlite3.Row:
    """Change some fields of a dataset."""
    bumped = {"revision": row["revision"] + 1, "updated_at": local_time()}
    put_row(database, dict(row) | fields | bumped)
    return _changed(database, row["id"], "changed")


def add_version(database: Database, row: sqlite3.Row, note: str, size_mb: float) -> int:
    """Add a version, whose size becomes the dataset's; give its number."""
    number = 1 + database.value(
        "SELECT coalesce(max(number), 0) FROM versions WHERE dataset_id = :id", id=row["id"]
    )
    version = {"number": number, "note": note, "created_at": local_time(), "size_mb": size_mb}
    put_version(database, row["id"], version)
    update(database, row, {"size_mb": size_mb})
    return int(number)


def remove(database: Database, row: sqlite3.Row) -> None:
    """Delete a dataset with its files; the row stays, to remember the revision."""
    bury(database, row["id"], row["revision"] + 1)
    payload = {"id": row["id"], "revision": row["revision"] + 1}
    outbox.append(database, outbox.DATASET_DELETED, row["id"], payload)
    notify(database, row["owner_id"], f"Dataset {row['id']} was deleted")


def bury(database: Database, dataset_id: int, revision: int) -> None:
    """Mark a dataset as deleted by a revision, and forget its files."""
    database.change(
        "UPDATE datasets SET deleted = 1, revision = :revision WHERE id = :id",
        id=dataset_id,
        revision=revision,
    )
    database.change("DELETE FROM files WHERE dataset_id = :id", id=dataset_id)


def put_row(database: Database, row: dict[str, Any]) -> None:
    """Write a whole row, whether there was one or not; `tags` may be a list."""
    tags = row["tags"] if isinstance(row["tags"], str) else json.dumps(row["tags"])
    database.change(
        "REPLACE INTO datasets VALUES (:id, :revision, :deleted, :name, :kind, :owner_id,"
        " :description, :tags, :size_mb, :row_count, :checksum, :format, :retention_days,"
        " :created_at, :updated_at)",
        **{**row, "tags": tags},
    )


def put_version(database: Database, dataset_id: int, version: Mapping[str, Any]) -> None:
    """Write a version."""
    database.change(
        "INSERT INTO versions VALUES (:dataset_id, :number, :note, :created_at, :size_mb)",
        **{**version, "dataset_id": dataset_id},
    )


def _changed(database: Database, dataset_id: int, what: str) -> sqlite3.Row:
    row = find_dataset(database, dataset_id)
    outbox.append(database, outbox.DATASET_CHANGED, dataset_id, as_event(database, row))
    notify(database, row["owner_id"], f"Dataset {dataset_id} was {what}: {row['name']}")
    return row
