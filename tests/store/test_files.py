"""The store in an SQLite file: who may read it, who waits for whom, and files that are no store."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import event

from strangler.store.errors import StoreError
from strangler.store.store import Store
from tests.store.sample import add_revision, batch, mismatch, open_and_record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made/for the/100% store.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{path}", migrate=True)
    yield opened
    await opened.close()


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_the_file_and_its_directory_are_made_for_the_owner_alone(
    store: Store, path: Path
) -> None:
    await add_revision(store, None)
    # The last two are the write-ahead log, which lets readers read while a writer writes.
    names = {each.name: mode_of(each) for each in path.parent.iterdir()}
    assert names == {path.name + end: 0o600 for end in ("", "-wal", "-shm")}
    assert mode_of(path.parent) == 0o700
    assert repr(store) == f"<Store {path}>"


def test_the_mode_that_an_operator_gave_the_file_stays(path: Path) -> None:
    make_store(path)
    path.chmod(0o640)
    make_store(path)
    assert mode_of(path) == 0o640


def make_store(path: Path) -> None:
    async def make() -> None:
        await (await Store.open(f"sqlite:///{path}", migrate=True)).close()

    asyncio.run(make())


async def test_a_missing_file_is_not_made_by_those_who_only_read(path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist; start `strangler serve` once"):
        await Store.open(f"sqlite:///{path}")
    assert not path.parent.exists()


@pytest.mark.parametrize("migrate", [True, False])
async def test_a_directory_is_not_a_store(tmp_path: Path, *, migrate: bool) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        await Store.open(f"sqlite:///{tmp_path}", migrate=migrate)


async def test_an_open_that_failed_leaves_no_thread_to_outlive_the_loop(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        await Store.open(f"sqlite:///{tmp_path}")
    assert not [each for each in threading.enumerate() if "connection" in each.name]


async def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot be opened \(.+\); check --store"):
        await Store.open(f"sqlite:///{tmp_path}/file/store.db", migrate=True)


@pytest.mark.parametrize("migrate", [True, False])
async def test_a_text_file_is_not_a_store_and_stays_as_it_was(
    tmp_path: Path, *, migrate: bool
) -> None:
    file = tmp_path / "routes.yaml"
    file.write_text("version: 1\n" * 1000)
    with pytest.raises(StoreError, match="is not an SQLite database; check --store"):
        await Store.open(f"sqlite:///{file}", migrate=migrate)
    assert file.read_text() == "version: 1\n" * 1000


async def test_an_empty_file_has_no_tables_until_it_is_migrated(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/empty.db"
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreError, match="has no tables yet"):
        await Store.open(url)
    await (await Store.open(url, migrate=True)).close()


async def test_the_monoliths_database_stays_byte_for_byte(tmp_path: Path) -> None:
    file = tmp_path / "monolith.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE users (name TEXT)")
    before = file.read_bytes()
    with pytest.raises(StoreError, match="holds another program's tables"):
        await Store.open(f"sqlite:///{file}", migrate=True)
    assert file.read_bytes() == before


async def test_a_damaged_file_is_called_so(store: Store, path: Path) -> None:
    await store.close()
    overwrite(path, start=4096)
    with pytest.raises(StoreError, match="is damaged; put a back-up in its place"):
        await Store.open(f"sqlite:///{path}")


def overwrite(path: Path, start: int) -> None:
    """Leave the first page, which says that this is an SQLite file, and nothing else."""
    intact = path.read_bytes()
    path.write_bytes(intact[:start] + b"\xff" * (len(intact) - start))


async def test_a_full_disk_loses_the_batch_and_nothing_else(store: Store) -> None:
    await store.record(batch(mismatch(0)))
    await store._engine.dispose()
    pages = "PRAGMA max_page_count = 1"  # SQLite raises it to the pages that there are

    @event.listens_for(store._engine.sync_engine, "connect")
    def fill(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(pages).close()

    large = batch(*(mismatch(n, f"{n:08x}") for n in range(400)))
    with pytest.raises(StoreError, match="the disk is full; free some space"):
        await store.record(large)
    assert [each.count for each in await store.verdicts()] == [1]
    await store._engine.dispose()
    pages = "PRAGMA max_page_count = 1000000"
    await store.record(large)
    assert sum(each.count for each in await store.verdicts()) == 401


async def test_a_file_that_went_away_is_an_error_and_not_a_new_store(
    store: Store, path: Path
) -> None:
    await store._engine.dispose()
    move_away(path)
    with pytest.raises(StoreError, match="cannot be opened"):
        await store.newest()
    with pytest.raises(StoreError, match="does not exist"):
        await Store.open(f"sqlite:///{path}")


def move_away(path: Path) -> None:
    path.rename(f"{path}.moved")


@pytest.fixture
def lock(store: Store, path: Path) -> Iterator[sqlite3.Connection]:  # noqa: ARG001 - the store makes the file
    """Another process's writing transaction, open until it is rolled back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


async def test_a_writer_waits_for_the_writer_before_it(
    store: Store, lock: sqlite3.Connection
) -> None:
    writing = asyncio.create_task(store.record(batch(mismatch(0))))
    assert await store.findings() == [], "readers do not wait"
    assert not writing.done()
    lock.rollback()
    await writing
    assert len(await store.findings()) == 1


async def test_a_writer_that_waited_in_vain_says_that_the_store_is_locked(
    path: Path, lock: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strangler.store.engine.LOCK_WAIT", 0.05)
    store = await Store.open(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="is locked by another process"):
        await store.record(batch(mismatch(0)))
    assert await store.findings() == []
    lock.rollback()
    await store.record(batch(mismatch(0)))
    await store.close()


async def test_a_cancelled_write_leaves_nothing_behind(
    store: Store, lock: sqlite3.Connection
) -> None:
    writing = asyncio.create_task(store.record(batch(mismatch(0))))
    await store.findings()  # by now the writer waits for the lock
    writing.cancel()
    lock.rollback()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await store.record(batch(mismatch(1)))
    assert [each.count for each in await store.findings()] == [1]


async def test_readers_here_never_wait_for_a_writer_in_another_process(
    store: Store, path: Path
) -> None:
    counts = []
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        writer = processes.submit(open_and_record, f"sqlite:///{path}", 100)
        while not writer.done():
            counts.append(sum(each.count for each in await store.findings()))
        writer.result()
    assert counts == sorted(counts)
    assert [each.count for each in await store.findings()] == [100]


AS_NOBODY = """
import asyncio, os, sys
from contextlib import suppress
from tests.store.sample import batch, mismatch
from strangler.store.errors import StoreError
from strangler.store.store import Store

async def run(url, writes):
    store = await Store.open(url)
    try:
        await store.findings()
        if writes:
            await store.record(batch(mismatch(0)))
    finally:
        await store.close()

# What is imported late must be imported while we still may.
asyncio.run(run(sys.argv[1], writes=True))
with suppress(StoreError):
    asyncio.run(run("sqlite:////", writes=False))
if os.geteuid() == 0:
    os.setuid(65534)
try:
    asyncio.run(run(sys.argv[2], writes=sys.argv[3] == "write"))
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("modes", "verb", "said"),
    [
        ((0o444, 0o777), "read", ""),
        ((0o444, 0o777), "write", "cannot be written; check the owner and mode of the file"),
        ((0o444, 0o555), "read", "cannot be written; check the owner and mode of the file"),
        ((0o000, 0o777), "read", "cannot be opened; check that the file and its directory may be"),
        ((0o444, 0o000), "read", "cannot be opened (Permission denied); check --store"),
    ],
)
def test_whoever_may_not_write_or_read_the_file_or_its_directory_is_told_so(
    path: Path, modes: tuple[int, int], verb: str, said: str
) -> None:
    make_store(path)
    # pytest's own directories are closed to the user that a test of root's turns into.
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "shared" / "store.db"
        make_store(file)
        Path(home).chmod(0o755)
        file.chmod(modes[0])
        file.parent.chmod(modes[1])
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, f"sqlite:///{path}", f"sqlite:///{file}", verb],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=False,
        )
        file.parent.chmod(0o700)
    assert done.stderr == ""
    assert done.stdout.startswith(f"StoreError the store {file} {said}" if said else "")
    assert bool(done.stdout) == bool(said)
