"""Applying events: at most once, never over something newer, in one step with the position."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from extracted.datasets import operations, records
from extracted.datasets.contents import Contents, Received
from extracted.datasets.database import Database
from extracted.datasets.model import (
    Change,
    Dataset,
    Deletion,
    Event,
    FileDeletion,
    StoredFile,
    Version,
)
from extracted.datasets.monolith import Page
from extracted.datasets.replica import Progress, advance, progress

AT = "2026-11-21 03:25:11"
LATER = "2026-11-21 03:25:12"
DATASET = Dataset(
    id=17,
    revision=3,
    name="rivers",
    kind="archive",
    owner_id="3",
    description="",
    tags=("a", "b"),
    size_mb=12.3457,
    row_count=1200,
    checksum=None,
    format="tar.gz",
    retention_days=90,
    created_at=AT,
    updated_at=AT,
    versions=(Version(1, "initial", AT, 10.0), Version(2, "more", AT, 12.3457)),
)
FILE = StoredFile(17, "f", 3, "a" * 64, "text/plain", AT)


class Replica:
    """A database that is fed pages by hand."""

    def __init__(self, directory: Path) -> None:
        self.contents = Contents(directory / "contents")
        self.database = Database(directory / "replica.db", self.contents)
        self._directory = directory

    async def feed(self, *changes: Change, first: int, content: bool = True) -> Progress:
        """Apply one page; the contents of its files have arrived, or are gone at the source."""
        events = tuple(Event(number, change) for number, change in enumerate(changes, first))
        arrived = {}
        for event in events:
            if isinstance(event.change, StoredFile) and content:
                path = self._directory / f"arriving-{event.number}"
                path.write_bytes(b"abc")
                arrived[event.number] = Received(path, event.change.sha256, 3)
        last = first + len(changes) - 1
        page = Page(events, reached=last, last=last)
        return await self.database.write(
            lambda connection: advance(connection, self.contents, page, arrived)
        )

    async def dataset(self) -> Dataset | None:
        return await self.database.read(lambda connection: records.find(connection, 17))

    async def file(self) -> StoredFile | None:
        return await self.database.read(lambda connection: records.find_file(connection, 17, "f"))


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    replica = Replica(tmp_path)
    yield replica
    replica.database.close()


async def test_a_state_is_kept_whole(replica: Replica) -> None:
    await replica.feed(DATASET, first=1)
    assert await replica.dataset() == DATASET


async def test_what_was_read_before_is_not_applied_again(replica: Replica) -> None:
    await replica.feed(DATASET, first=5)
    newer = replace(DATASET, name="seas", revision=4)
    assert await replica.feed(newer, first=5) == Progress(5, filled=True)
    assert await replica.dataset() == DATASET


@pytest.mark.parametrize(("revision", "applied"), [(2, False), (3, False), (4, True), (9, True)])
async def test_only_a_higher_revision_is_applied(
    replica: Replica, revision: int, applied: bool
) -> None:
    await replica.feed(DATASET, first=1)
    await replica.feed(replace(DATASET, name="seas", revision=revision), first=2)
    dataset = await replica.dataset()
    assert dataset is not None
    assert dataset.name == ("seas" if applied else "rivers")


async def test_a_new_state_leaves_the_files_alone(replica: Replica) -> None:
    await replica.feed(DATASET, FILE, replace(DATASET, revision=4), first=1)
    assert await replica.file() == FILE


async def test_a_deleted_dataset_does_not_come_back(replica: Replica) -> None:
    await replica.feed(DATASET, FILE, Deletion(17, 4), first=1)
    await replica.feed(DATASET, replace(DATASET, revision=4), FILE, first=4)
    assert await replica.dataset() is None
    assert await replica.file() is None
    assert FILE.sha256 not in replica.contents


async def test_a_deletion_of_an_older_state_is_skipped(replica: Replica) -> None:
    await replica.feed(DATASET, Deletion(17, 2), first=1)
    assert await replica.dataset() == DATASET


async def test_a_file_is_replaced_by_one_that_is_not_older(replica: Replica) -> None:
    await replica.feed(DATASET, replace(FILE, created_at=LATER), first=1)
    await replica.feed(replace(FILE, sha256="b" * 64), first=3)
    assert await replica.file() == replace(FILE, created_at=LATER)
    same_second = replace(FILE, sha256="c" * 64, created_at=LATER)
    await replica.feed(same_second, first=4)
    assert await replica.file() == same_second


async def test_a_file_whose_content_is_gone_at_its_source_is_passed_over(
    replica: Replica,
) -> None:
    await replica.feed(DATASET, FILE, first=1, content=False)
    assert await replica.file() is None
    assert await replica.database.read(progress) == Progress(2, filled=True)


async def test_a_file_is_deleted_only_with_the_content_that_is_named(replica: Replica) -> None:
    await replica.feed(DATASET, FILE, FileDeletion(17, "f", "b" * 64), first=1)
    assert await replica.file() == FILE
    await replica.feed(FileDeletion(17, "f", FILE.sha256), first=4)
    assert await replica.file() is None


async def test_filled_means_that_the_end_was_reached_once(replica: Replica) -> None:
    async def feed(page: Page) -> Progress:
        return await replica.database.write(
            lambda connection: advance(connection, replica.contents, page, {})
        )

    assert await replica.database.read(progress) == Progress(0, filled=False)
    first = Page((Event(4, DATASET),), reached=5, last=9)
    assert await feed(first) == Progress(5, filled=False)
    assert await feed(Page((), reached=9, last=9)) == Progress(9, filled=True)
    assert await feed(Page((), reached=10, last=12)) == Progress(10, filled=True)


async def test_an_empty_outbox_fills_at_once(replica: Replica) -> None:
    assert await replica.feed(first=1) == Progress(0, filled=True)


async def test_a_page_that_fails_half_way_leaves_nothing(replica: Replica) -> None:
    with pytest.raises(FileNotFoundError):
        await replica.database.write(
            lambda connection: advance(
                connection,
                replica.contents,
                Page((Event(1, DATASET), Event(2, FILE)), reached=2, last=2),
                {2: Received(Path("/nowhere"), FILE.sha256, 3)},
            )
        )
    assert await replica.dataset() is None
    assert await replica.database.read(progress) == Progress(0, filled=False)


async def test_writes_after_a_failed_one_go_on(replica: Replica) -> None:
    with pytest.raises(ZeroDivisionError):
        await replica.database.write(lambda _: 1 / 0)
    await replica.feed(DATASET, first=1)
    assert await replica.database.read(lambda c: operations.show(c, 17)) == DATASET


@pytest.mark.parametrize(
    "change", [DATASET, Deletion(17, 4), FILE, FileDeletion(17, "f", "a" * 64)]
)
def test_a_change_survives_the_way_over_the_wire(change: Change) -> None:
    event = Event(8, change)
    assert Event.from_wire(event.to_wire()) == event
    assert event.to_wire()["key"] == "17"


@pytest.mark.parametrize("sha256", ["", "../../etc/passwd", "A" * 64, "a" * 64 + "\n"])
def test_what_is_no_hash_never_becomes_the_name_of_a_content(sha256: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        StoredFile.from_state({**FILE.to_state(), "sha256": sha256})
