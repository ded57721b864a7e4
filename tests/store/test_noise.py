"""What is known of noise, in the store: added up, within bounds, forgotten in time."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from strangler.store import noise
from strangler.store.bounds import NOISE_KEPT
from strangler.store.records import NoiseSeen
from strangler.store.store import Store
from tests.store.sample import NOON, after


def seen(path: str = "$.at", seconds: float = 0, **changes: Any) -> NoiseSeen:
    plain = NoiseSeen(
        domain="datasets",
        route="GET /api/v1/datasets",
        upstream="monolith",
        path=path,
        way="value",
        kind="time",
        looks=3,
        moved=2,
        primary="ISO 8601",
        candidate="",
        first_seen=after(seconds),
        last_seen=after(seconds),
    )
    return replace(plain, **changes)


async def test_what_was_seen_by_several_adds_up(store: Store) -> None:
    await store.add_noise((seen(), seen("$.id", kind="identifier")), NOON)
    await store.add_noise((seen(seconds=9, looks=1, moved=1, primary="", candidate="date"),), NOON)

    assert await store.noise(after(10)) == [
        seen(looks=4, moved=3, candidate="date", last_seen=after(9)),
        seen("$.id", kind="identifier"),
    ]


async def test_one_domain_or_route_is_listed_alone(store: Store) -> None:
    other = seen("$.x", domain="users", route="GET /users")
    await store.add_noise((seen(), other), NOON)

    assert await store.noise(NOON, domain="users") == [other]
    assert await store.noise(NOON, route="GET /api/v1/datasets") == [seen()]


async def test_what_is_not_met_any_more_is_forgotten(store: Store) -> None:
    await store.add_noise((seen(), seen("$.b", 60)), NOON)
    late = NOON + NOISE_KEPT + timedelta(seconds=1)

    assert await store.noise(late) == [seen("$.b", 60)]
    await store.add_noise((), late)
    assert await store.noise(NOON) == [seen("$.b", 60)]


async def test_a_route_keeps_a_bounded_number_of_places(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noise, "NOISE_PER_ROUTE", 2)
    await store.add_noise(tuple(seen(f"$.{name}") for name in "abc"), NOON)
    await store.add_noise((seen("$.a", 5), seen("$.d", 5), seen("$.a", route="other")), NOON)

    known = {(one.route, one.path): one.looks for one in await store.noise(NOON)}
    assert known == {
        ("GET /api/v1/datasets", "$.a"): 6,
        ("GET /api/v1/datasets", "$.b"): 3,
        ("other", "$.a"): 3,
    }


async def test_replicas_that_write_at_once_lose_nothing(store: Store) -> None:
    batch = tuple(seen(f"$.{name}") for name in "abcdef")
    await asyncio.gather(*(store.add_noise(each, NOON) for each in (batch, batch[::-1]) * 5))

    assert {one.looks for one in await store.noise(NOON)} == {30}
