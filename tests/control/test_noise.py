"""What one replica has learned of noise reaches others through the store, and outlives it."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from strangler.control import noise as module
from strangler.control.live import LiveTable
from strangler.control.membership import Membership
from strangler.control.noise import NoiseKeeper
from strangler.store.records import NoiseSeen
from strangler.store.store import Store


def seen(path: str = "$.at", looks: int = 1) -> NoiseSeen:
    now = datetime.now(UTC)
    return NoiseSeen("d", "/a", "old", path, "", "time", looks, looks, "iso", "iso", now, now)


def keeper_of(store: Store) -> tuple[NoiseKeeper, list[NoiseSeen]]:
    told: list[NoiseSeen] = []
    workers: Any = SimpleNamespace(know_noise=told.extend)
    live = LiveTable(store, Membership(store, "here", "127.0.0.1:8080"))
    return NoiseKeeper(store, live, workers), told


async def test_what_one_replica_has_learned_is_told_to_the_workers_of_another(
    store: Store,
) -> None:
    one, _ = keeper_of(store)
    one.take((seen(), seen(looks=2)))
    await one.finish()

    other, told = keeper_of(store)
    await other._share()
    assert [(each.path, each.looks) for each in told] == [("$.at", 3)]


async def test_places_beyond_one_write_wait_for_the_next(store: Store) -> None:
    keeper, _ = keeper_of(store)
    keeper.take(tuple(seen(f"$.p{number}") for number in range(module.AT_ONCE + 1)))
    await keeper.write()
    assert repr(keeper) == "<NoiseKeeper waiting=1>"
    await keeper.finish()
    assert len(await store.noise(datetime.now(UTC))) == module.AT_ONCE + 1
