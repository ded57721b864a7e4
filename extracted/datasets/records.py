"""The rows of datasets and files: plain functions of a connection, no decisions."""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from extracted.datasets.database import Connection
from extracted.datasets.model import Dataset, Deletion, FileDeletion, StoredFile, Version


class Filter(NamedTuple):
    """What a list or a search asks for; what is not given holds for every dataset."""

    kind: str | None = None
    tags: Sequence[str] = ()
    text: str = ""

    def values(self) -> dict[str, Any]:
        """Give the values of the condition `WANTED`."""
        tags = orjson.dumps(self.tags).decode()
        return {"kind": self.kind, "tags": tags, "text": self.text}


WANTED = """(:kind IS NULL OR kind = :kind)
    AND (:text = '' OR instr(lower(name), lower(:text)) OR instr(lower(description), lower(:text)))
    AND (:tags = '[]' OR NOT EXISTS (
        SELECT value FROM json_each(:tags) EXCEPT SELECT value FROM json_each(datasets.tags)
    ))"""
COUNT = f"SELECT count(*) FROM datasets WHERE {WANTED}"  # noqa: S608 - constants only
SELECT = f"""SELECT * FROM datasets WHERE {WANTED}
    ORDER BY id LIMIT :limit OFFSET :offset"""  # noqa: S608 - constants only


def find(connection: Connection, dataset_id: int) -> Dataset | None:
    """Give a dataset with its versions."""
    row = connection.execute("SELECT * FROM datasets WHERE id = ?", (dataset_id,)).fetchone()
    return row and _dataset(row, _versions(connection, dataset_id))


def exists(connection: Connection, dataset_id: int) -> bool:
    """Tell whether there is such a dataset."""
    query = "SELECT EXISTS (SELECT 1 FROM datasets WHERE id = ?)"
    return bool(connection.execute(query, (dataset_id,)).fetchone()[0])


def known_revision(connection: Connection, dataset_id: int) -> int:
    """Give the newest revision we know of, be it a deletion; -1 for a dataset never seen."""
    query = (
        "SELECT max(revision) FROM (SELECT -1 AS revision"
        " UNION ALL SELECT revision FROM datasets WHERE id = :id"
        " UNION ALL SELECT revision FROM tombstones WHERE id = :id)"
    )
    revision: int = connection.execute(query, {"id": dataset_id}).fetchone()[0]
    return revision


def highest_id(connection: Connection) -> int:
    """Give the highest id that was ever in use."""
    query = (
        "SELECT max((SELECT coalesce(max(id), 0) FROM datasets),"
        " (SELECT coalesce(max(id), 0) FROM tombstones))"
    )
    highest: int = connection.execute(query).fetchone()[0]
    return highest


def save(connection: Connection, dataset: Dataset) -> None:
    """Write a dataset's whole state."""
    connection.execute(
        "INSERT INTO datasets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        # Not OR REPLACE, which deletes the row first, and the files with it.
        " ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, name = excluded.name,"
        " kind = excluded.kind, owner_id = excluded.owner_id, description = excluded.description,"
        " tags = excluded.tags, size_mb = excluded.size_mb, row_count = excluded.row_count,"
        " checksum = excluded.checksum, format = excluded.format,"
        " retention_days = excluded.retention_days, created_at = excluded.created_at,"
        " updated_at = excluded.updated_at",
        (
            dataset.id,
            dataset.revision,
            dataset.name,
            dataset.kind,
            dataset.owner_id,
            dataset.description,
            orjson.dumps(dataset.tags).decode(),
            dataset.size_mb,
            dataset.row_count,
            dataset.checksum,
            dataset.format,
            dataset.retention_days,
            dataset.created_at,
            dataset.updated_at,
        ),
    )
    connection.execute("DELETE FROM versions WHERE dataset_id = ?", (dataset.id,))
    connection.executemany(
        "INSERT INTO versions VALUES (?, ?, ?, ?, ?)",
        [(dataset.id, v.number, v.note, v.created_at, v.size_mb) for v in dataset.versions],
    )


def remove(connection: Connection, deletion: Deletion) -> None:
    """Delete a dataset with its versions and files, and remember that it was there."""
    connection.execute("DELETE FROM datasets WHERE id = ?", (deletion.dataset_id,))
    connection.execute(
        "INSERT OR REPLACE INTO tombstones VALUES (?, ?)",
        (deletion.dataset_id, deletion.revision),
    )


def count(connection: Connection, wanted: Filter) -> int:
    """Count the datasets that are wanted."""
    total: int = connection.execute(COUNT, wanted.values()).fetchone()[0]
    return total


def select(connection: Connection, wanted: Filter, limit: int, offset: int) -> list[Dataset]:
    """Give a stretch of the datasets that are wanted, by id, without their versions."""
    rows = connection.execute(SELECT, wanted.values() | {"limit": limit, "offset": offset})
    return [_dataset(row, ()) for row in rows]


def files_of(connection: Connection, dataset_id: int) -> list[StoredFile]:
    """Give a dataset's files by name."""
    query = "SELECT * FROM files WHERE dataset_id = ? ORDER BY name"
    return [StoredFile(**row) for row in connection.execute(query, (dataset_id,))]


def find_file(connection: Connection, dataset_id: int, name: str) -> StoredFile | None:
    """Give one file."""
    query = "SELECT * FROM files WHERE dataset_id = ? AND name = ?"
    row = connection.execute(query, (dataset_id, name)).fetchone()
    return row and StoredFile(**row)


def save_file(connection: Connection, file: StoredFile) -> None:
    """Write a file's row, new or in place of another."""
    connection.execute(
        "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)"
        # Not OR REPLACE, which would not tell the trigger which content became loose.
        " ON CONFLICT (dataset_id, name) DO UPDATE SET size = excluded.size,"
        " sha256 = excluded.sha256, content_type = excluded.content_type,"
        " created_at = excluded.created_at",
        (
            file.dataset_id,
            file.name,
            file.size,
            file.sha256,
            file.content_type,
            file.created_at,
        ),
    )


def remove_file(connection: Connection, deletion: FileDeletion) -> None:
    """Delete a file, if it still has the content that the deletion names."""
    connection.execute(
        "DELETE FROM files WHERE dataset_id = ? AND name = ? AND sha256 = ?",
        (deletion.dataset_id, deletion.name, deletion.sha256),
    )


def _versions(connection: Connection, dataset_id: int) -> tuple[Version, ...]:
    query = (
        "SELECT number, note, created_at, size_mb FROM versions WHERE dataset_id = ?"
        " ORDER BY number"
    )
    return tuple(Version(*row) for row in connection.execute(query, (dataset_id,)))


def _dataset(row: sqlite3.Row, versions: tuple[Version, ...]) -> Dataset:
    values = dict(row)
    values["tags"] = tuple(orjson.loads(values["tags"]))
    return Dataset(**values, versions=versions)
