"""A replica's part in the fleet, through deaths, restarts and a store that is away."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from strangler.control import membership as module
from strangler.control.kept import Keeper
from strangler.control.membership import Membership
from strangler.store.errors import StoreError
from strangler.store.records import Revision
from strangler.store.store import Store
from tests.store.sample import NOON

REVISION = Revision(4, NOON, "ada", "a week of silence", "d1", "version: 1\n", forced=False)


@pytest.fixture
async def nowhere(tmp_path: Path) -> AsyncIterator[Store]:
    """A store that cannot be reached."""
    (tmp_path / "gone").mkdir()
    store = Store.at(f"sqlite:///{tmp_path}/gone/s.db")
    shutil.rmtree(tmp_path / "gone")
    yield store
    await store.close()


def member(store: Store, tmp_path: Path, name: str = "web-1") -> Membership:
    return Membership(store, name, "10.0.0.1:8080", Keeper(tmp_path / "state", name))


def die(replica: Membership) -> None:
    """End as with kill -9: all that is left is on the disk."""
    assert replica._keeper is not None
    replica._keeper.close()


async def lives(store: Store) -> list[str]:
    return [one.life for one in (await store.fleet()).replicas]


async def test_a_restart_takes_the_place_of_the_life_that_was_killed(
    store: Store, tmp_path: Path
) -> None:
    first = member(store, tmp_path)
    await first.register()
    die(first)
    second = member(store, tmp_path)
    await second.register()

    assert await lives(store) == [second.life] != [first.life]
    await second.depart()
    assert await lives(store) == []


async def test_an_earlier_life_stays_until_its_last_worker_is_gone(
    store: Store, tmp_path: Path
) -> None:
    first, second = member(store, tmp_path), member(store, tmp_path)
    await first.register()
    await second.register()
    await second.beat(1, 1, 1)
    assert await lives(store) == [first.life, second.life]

    die(first)
    await second.beat(1, 1, 1)
    assert await lives(store) == [second.life]
    await second.depart()


async def test_replicas_of_other_names_are_left_alone(store: Store, tmp_path: Path) -> None:
    first, second = member(store, tmp_path), member(store, tmp_path, "web-2")
    await first.register()
    die(first)
    await second.register()

    assert await lives(store) == [first.life, second.life]
    await second.depart()


async def test_whoever_was_forgotten_registers_anew(store: Store, tmp_path: Path) -> None:
    replica = member(store, tmp_path)
    await replica.register()
    await store.forget([replica.life], actor="ada", reason="it looked dead")
    before = replica.life
    await replica.beat(1, 1, 1)
    assert not replica.registered
    await replica.register()

    assert await lives(store) == [replica.life] != [before]
    await replica.depart()


async def test_a_start_without_the_store_goes_on_with_the_life_that_the_store_knows(
    store: Store, nowhere: Store, tmp_path: Path
) -> None:
    first = member(store, tmp_path)
    await first.register()
    first.keep(REVISION)
    die(first)
    cut_off = member(nowhere, tmp_path)
    with pytest.raises(StoreError):
        await cut_off.register()
    assert await cut_off.kept_revision() == REVISION
    assert cut_off.life == first.life
    die(cut_off)

    third = member(store, tmp_path)
    await third.register()
    assert await lives(store) == [third.life]
    await third.depart()


async def test_whoever_departed_has_no_life_that_the_store_knows(
    store: Store, nowhere: Store, tmp_path: Path
) -> None:
    first = member(store, tmp_path)
    await first.register()
    first.keep(REVISION)
    await first.depart()
    second = member(nowhere, tmp_path)

    assert await second.kept_revision() == REVISION
    assert second.life == ""
    die(second)


async def test_nothing_is_served_from_the_disk_while_an_earlier_life_may_run(
    store: Store, nowhere: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_WAIT", 0.2)
    first = member(store, tmp_path)
    await first.register()
    first.keep(REVISION)

    second = member(nowhere, tmp_path)
    assert await second.kept_revision() is None
    die(first)
    assert await second.kept_revision() == REVISION
    die(second)


async def test_a_departure_that_the_store_did_not_hear_of_did_not_happen(
    store: Store, tmp_path: Path
) -> None:
    first = member(store, tmp_path)
    await first.register()
    first._store = Store.at(f"sqlite:///{tmp_path}/nowhere/s.db")
    await first.depart()
    second = member(store, tmp_path)
    await second.kept_revision()

    assert [second.life] == await lives(store) == [first.life]
    await first._store.close()
    die(second)
