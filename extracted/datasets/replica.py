"""Applying the monolith's events, in one transaction with the position reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from extracted.datasets import records
from extracted.datasets.contents import Contents, Received
from extracted.datasets.database import Connection
from extracted.datasets.model import Change, Dataset, Deletion, FileDeletion, StoredFile
from extracted.datasets.monolith import Page


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the outbox was followed, and whether its end was ever reached."""

    position: int
    filled: bool


def progress(connection: Connection) -> Progress:
    """Read how far we are."""
    position, filled = connection.execute("SELECT position, filled FROM following").fetchone()
    return Progress(position, filled=bool(filled))


def advance(
    connection: Connection, contents: Contents, page: Page, arrived: Mapping[int, Received]
) -> Progress:
    """Apply what is new in a page of the outbox and move the position.

    `arrived` holds the contents that were fetched, by the number of their event.
    """
    before = progress(connection)
    for event in page.events:
        if event.number > before.position:  # else the long poll or a catch-up was faster
            _apply(connection, contents, event.change, arrived.get(event.number))
    position = max(before.position, page.reached)
    after = Progress(position, filled=before.filled or position >= page.last)
    connection.execute(
        "UPDATE following SET position = ?, filled = ?", (after.position, after.filled)
    )
    return after


def _apply(
    connection: Connection, contents: Contents, change: Change, received: Received | None
) -> None:
    """Apply one change, unless we know something newer."""
    match change:
        case Dataset():
            if change.revision > records.known_revision(connection, change.id):
                records.save(connection, change)
        case Deletion():
            if change.revision >= records.known_revision(connection, change.dataset_id):
                records.remove(connection, change)
        case StoredFile():
            # No content any more at its source: a later event deletes or replaces the file.
            if received is not None and _is_newer(connection, change):
                contents.adopt(received)
                records.save_file(connection, change)
        case FileDeletion():
            records.remove_file(connection, change)
        case _:
            assert_never(change)


def _is_newer(connection: Connection, file: StoredFile) -> bool:
    if not records.exists(connection, file.dataset_id):
        return False
    stored = records.find_file(connection, file.dataset_id, file.name)
    return stored is None or stored.created_at <= file.created_at
