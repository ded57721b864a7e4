"""What clients ask for, as queries and transactions: plain functions of a connection.

Each change is written together with the outbox row that tells the monolith about it. What is not
there is `Missing`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from extracted.datasets import changes, outbox, records
from extracted.datasets.bodies import LARGEST_INTEGER, Draft
from extracted.datasets.contents import Contents, Received
from extracted.datasets.database import Connection
from extracted.datasets.model import Dataset, Deletion, FileDeletion, StoredFile, Version
from extracted.datasets.records import Filter
from extracted.datasets.refusal import Missing


@dataclass(frozen=True, slots=True)
class Selection:
    """Some of the datasets that were asked for, and how many there are in all."""

    datasets: list[Dataset]
    total: int


def select(connection: Connection, wanted: Filter, limit: int, offset: int = 0) -> Selection:
    """Give a stretch of the datasets that are wanted, by id."""
    return Selection(
        records.select(connection, wanted, limit, offset), records.count(connection, wanted)
    )


def show(connection: Connection, dataset_id: int) -> Dataset:
    """Give a dataset with its versions."""
    dataset = records.find(connection, min(dataset_id, LARGEST_INTEGER))
    if dataset is None:
        raise Missing("DATASET_NOT_FOUND", f"there is no dataset {dataset_id}")
    return dataset


def show_version(
    connection: Connection, dataset_id: int, number: int, missing_status: int
) -> Version:
    """Give one version of a dataset."""
    for version in show(connection, dataset_id).versions:
        if version.number == number:
            return version
    raise Missing(
        "VERSION_NOT_FOUND", f"dataset {dataset_id} has no version {number}", missing_status
    )


def show_with_files(connection: Connection, dataset_id: int) -> tuple[Dataset, list[StoredFile]]:
    """Give a dataset and its files."""
    return show(connection, dataset_id), records.files_of(connection, dataset_id)


def show_file(connection: Connection, dataset_id: int, name: str) -> StoredFile:
    """Give one file of a dataset."""
    dataset = show(connection, dataset_id)
    file = records.find_file(connection, dataset.id, name)
    if file is None:
        raise Missing("FILE_NOT_FOUND", f"dataset {dataset_id} has no file {name}")
    return file


def create(connection: Connection, draft: Draft, owner_id: str, now: float, at: str) -> Dataset:
    """Create a dataset."""
    dataset_id = changes.next_id(now, records.highest_id(connection))
    return _saved(connection, changes.created(draft, dataset_id, owner_id, at))


def change(
    connection: Connection, dataset_id: int, decide: Callable[[Dataset], Dataset]
) -> Dataset:
    """Bring a dataset into the state that `decide` gives."""
    return _saved(connection, decide(show(connection, dataset_id)))


def remove(connection: Connection, dataset_id: int) -> None:
    """Delete a dataset with its versions and files."""
    deletion = Deletion(dataset_id, show(connection, dataset_id).revision + 1)
    records.remove(connection, deletion)
    outbox.append(connection, deletion)


def store_file(
    connection: Connection, contents: Contents, received: Received, file: StoredFile
) -> None:
    """Keep a file whose content has arrived, in place of one of that name."""
    show(connection, file.dataset_id)  # it may have gone while the content came in
    contents.adopt(received)
    records.save_file(connection, file)
    outbox.append(connection, file)


def remove_file(connection: Connection, dataset_id: int, name: str) -> None:
    """Delete a file."""
    deletion = FileDeletion(dataset_id, name, show_file(connection, dataset_id, name).sha256)
    records.remove_file(connection, deletion)
    outbox.append(connection, deletion)


def _saved(connection: Connection, dataset: Dataset) -> Dataset:
    records.save(connection, dataset)
    outbox.append(connection, dataset)
    return dataset
