"""The way of a file or a revision to the live table, over a real store."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import structlog

from strangler.control import saved_file as module
from strangler.control.live import LiveTable
from strangler.control.membership import Membership
from strangler.control.saved_file import SavedFile
from strangler.control.supervisor import Supervisor
from strangler.proxy.settings import Settings
from strangler.routing.mistakes import RoutesError
from strangler.routing.phase import Phase
from strangler.store.errors import StoreError
from strangler.store.store import Store
from tests.store.sample import NOON

ROUTES = """\
version: 1
upstreams:
  old: {targets: [http://127.0.0.1:9000]}
  new: {targets: [http://127.0.0.1:9001]}
monolith: old
domains:
  d:
    service: new
    phase: monolith
    canary: {weight: 10%}
    routes: [{path: /d}]
"""


def in_phase(phase: str) -> str:
    return ROUTES.replace("phase: monolith", f"phase: {phase}")


def save(file: Path, text: str) -> None:
    file.write_text(text)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "routes.yaml"
    save(path, ROUTES)
    return path


@pytest.fixture
def live(store: Store) -> LiveTable:
    return a_replica(store)


def a_replica(store: Store) -> LiveTable:
    return LiveTable(store, Membership(store, "here", "127.0.0.1:8080"))


async def begin(store: Store, live: LiveTable, file: Path) -> SavedFile:
    saved = SavedFile(file, store, live)
    await saved.begin()
    await live.begin()
    return saved


@pytest.fixture
async def saved(store: Store, live: LiveTable, file: Path) -> SavedFile:
    return await begin(store, live, file)


@pytest.fixture
async def supervisor(live: LiveTable, saved: SavedFile) -> Supervisor:
    """Begin with the file; without listeners a supervisor has no workers, but all else."""
    assert saved.path
    return Supervisor(
        [], live.table, live.revision.number, Settings(), lambda _: None, lambda _: None
    )


@pytest.fixture
async def watched(followed: LiveTable, saved: SavedFile) -> AsyncIterator[Path]:
    assert followed.revision
    async with beside(saved.watch()):
        yield saved.path


@pytest.fixture
async def followed(live: LiveTable, supervisor: Supervisor) -> AsyncIterator[LiveTable]:
    async with beside(live.follow(supervisor)):
        yield live


@contextlib.asynccontextmanager
async def beside(work: object) -> AsyncIterator[None]:
    task = asyncio.create_task(work)  # type: ignore[arg-type]  # a coroutine of any type
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


async def add(store: Store, text: str, digest: str = "d") -> None:
    newest = await store.newest()
    await store.add_revision(
        text=text,
        digest=digest,
        actor="ada",
        reason="by hand",
        at=NOON,
        transitions=[],
        previous=newest.number if newest else None,
    )


@contextlib.contextmanager
def without_table(path: Path, name: str) -> Iterator[None]:
    """Have a database in which every use of one table fails."""
    for old, new in ((name, "gone"), ("gone", name)):
        with contextlib.closing(sqlite3.connect(path, timeout=10)) as database, database:
            database.execute(f"ALTER TABLE {old} RENAME TO {new}")
        if old == name:
            yield


async def test_the_first_file_is_the_first_revision(
    store: Store, live: LiveTable, file: Path
) -> None:
    await begin(store, live, file)

    assert (live.revision.number, live.revision.text) == (1, ROUTES)
    assert live.revision.reason == "the file at start"
    assert live.revision.actor
    assert live.table.digest == live.revision.digest


async def test_the_same_file_is_no_second_revision(store: Store, file: Path) -> None:
    for _ in range(2):
        live = a_replica(store)
        await begin(store, live, file)

        assert live.revision.number == 1


async def test_another_file_is_the_next_revision_with_what_it_moves(
    store: Store, live: LiveTable, file: Path
) -> None:
    await begin(store, live, file)
    save(file, in_phase("canary"))
    await begin(store, a_replica(store), file)
    (entry,) = await store.history(limit=1)

    assert (entry.revision, entry.forced) == (2, True)  # a step was left out
    assert (entry.transition.from_phase, entry.transition.to_phase) == ("monolith", "canary")


async def test_without_a_file_the_newest_revision_is_live(store: Store, live: LiveTable) -> None:
    await add(store, ROUTES)
    await add(store, in_phase("shadow"))
    await live.begin()

    assert live.revision.number == 2
    assert live.table.domains["d"].phase is Phase.SHADOW


async def test_without_a_file_and_a_revision_there_is_nothing_to_serve(live: LiveTable) -> None:
    with pytest.raises(StoreError, match="no revision yet; start once with --routes FILE"):
        await live.begin()


async def test_a_file_with_mistakes_is_no_revision(
    store: Store, live: LiveTable, file: Path
) -> None:
    save(file, in_phase("shadwo"))

    with pytest.raises(RoutesError):
        await begin(store, live, file)
    assert await store.newest() is None


async def test_a_file_that_is_not_there_says_so(
    store: Store, live: LiveTable, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        await begin(store, live, tmp_path / "nowhere.yaml")


async def test_a_revision_of_another_process_goes_live(
    store: Store, followed: LiveTable, supervisor: Supervisor
) -> None:
    await add(store, in_phase("shadow"))
    await until(lambda: supervisor.revision == 2)

    assert followed.table.domains["d"].phase is Phase.SHADOW


async def test_a_revision_that_this_version_cannot_read_changes_no_table(
    store: Store, followed: LiveTable, supervisor: Supervisor
) -> None:
    await add(store, "version: 99\n")
    await until(lambda: followed.refused == 1)
    assert supervisor.revision == 1
    await add(store, in_phase("shadow"), digest="e")
    await until(lambda: supervisor.revision == 3)

    assert followed.refused == 1


async def test_a_save_goes_live(watched: Path, store: Store, supervisor: Supervisor) -> None:
    save(watched, in_phase("shadow"))
    await until(lambda: supervisor.revision == 2)
    newest = await store.newest()

    assert newest is not None
    assert (newest.text, newest.reason) == (in_phase("shadow"), "the file was saved")


async def test_a_bad_save_is_told_everywhere_until_a_good_one_comes(
    watched: Path, store: Store, live: LiveTable, supervisor: Supervisor
) -> None:
    save(watched, in_phase("shadwo"))
    await until(lambda: live.refused == 1)
    await until_notices(store, 1)
    (notice,) = await store.notices()
    assert (notice.replica, notice.kind) == ("here", "routes-refused")
    assert notice.text.startswith("routes.yaml:9:12: domains.d.phase: ")
    assert supervisor.revision == 1

    save(watched, ROUTES)
    await until_notices(store, 0)
    assert (supervisor.revision, live.refused) == (1, 1)


async def until_notices(store: Store, count: int) -> None:
    end = time.monotonic() + 10
    while len(await store.notices()) != count:
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


async def test_the_file_does_not_come_back_over_later_revisions(
    store: Store,
    live: LiveTable,
    saved: SavedFile,
    supervisor: Supervisor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What another process made live stands until the file is saved again."""
    monkeypatch.setattr(module, "LOOK", 20)  # many looks between two polls of the store
    async with beside(saved.watch()), beside(live.follow(supervisor)):
        for number, phase in ((2, "shadow"), (3, "canary"), (4, "shadow")):
            await add(store, in_phase(phase), digest=f"digest {number}")
            await until(lambda wanted=number: supervisor.revision == wanted)
    history = await store.revisions()

    assert [revision.reason for revision in history] == ["by hand"] * 3 + ["the file at start"]


async def test_a_save_while_the_store_is_away_goes_live_when_it_is_back(
    watched: Path, tmp_path: Path, live: LiveTable, supervisor: Supervisor
) -> None:
    with without_table(tmp_path / "s.db", "revisions"):
        save(watched, in_phase("shadow"))
        await until(lambda: not live.store_available)
        assert (supervisor.revision, live.store_failures > 0) == (1, True)
    await until(lambda: supervisor.revision == 2)

    assert live.store_available


async def test_a_store_that_is_away_and_returns_is_noticed(
    followed: LiveTable, tmp_path: Path
) -> None:
    with without_table(tmp_path / "s.db", "revisions"):
        await until(lambda: not followed.store_available)
    await until(lambda: followed.store_available)

    assert followed.store_failures >= 1


async def test_what_is_doubtful_about_tls_is_told_and_stops_nothing(
    watched: Path, followed: LiveTable
) -> None:
    unverified = "new: {targets: [https://127.0.0.1:9001], tls: {verify: false}}"
    with structlog.testing.capture_logs() as logged:
        save(watched, ROUTES.replace("new: {targets: [http://127.0.0.1:9001]}", unverified))
        await until(lambda: followed.revision.number == 2)
        await until(lambda: any(line["event"] == "routes_warning" for line in logged))
    (said,) = [line["said"] for line in logged if line["event"] == "routes_warning"]
    assert said.startswith("revision 2:4:58: upstreams.new.tls.verify: is off")
