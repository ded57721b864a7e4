"""What was seen of the traffic, in the store: within bounds, and added up over all replicas."""

import asyncio
from datetime import timedelta

import pytest

from strangler.migration.recording import RecordedHead
from strangler.migration.unclaimed import MOST_WORDS, Seen, Template
from strangler.store import traffic
from strangler.store.bounds import RECORDED_FOR
from strangler.store.records import HeadSample, TrafficReport
from strangler.store.store import Store
from tests.store.sample import NOON, after


def sample(number: int = 0, seconds: float = 0) -> HeadSample:
    head = RecordedHead(
        "GET", "shop.example", f"/a/~int.{number:016x}", {"q": None}, {"x": None}, {"d address": 7}
    )
    return HeadSample(after(seconds), "here", 2.5, "f00d", head)


def unclaimed(path: str, seconds: float = 0, count: int = 1, method: str = "GET") -> Template:
    return Template(method, path, Seen(count, after(seconds), after(seconds + 1)))


async def test_heads_come_back_as_they_were_written(store: Store) -> None:
    await store.add_traffic(TrafficReport((sample(1), sample(2, 5))), NOON)

    assert await store.heads() == [sample(1), sample(2, 5)]


async def test_the_newest_heads_stay_and_old_ones_go(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "RECORDED_HEADS", 3)
    for number in range(5):
        await store.add_traffic(TrafficReport((sample(number, number),)), NOON)
    assert await store.heads() == [sample(number, number) for number in (2, 3, 4)]

    await store.add_traffic(TrafficReport(), NOON + RECORDED_FOR + timedelta(seconds=3.5))
    assert await store.heads() == [sample(4, 4)]


async def test_unclaimed_paths_add_up_over_reports(store: Store) -> None:
    await store.add_traffic(TrafficReport(unclaimed=(unclaimed("/a/{int}", 10, 3),)), NOON)
    await store.add_traffic(
        TrafficReport(unclaimed=(unclaimed("/a/{int}"), unclaimed("/b", method="POST"))), NOON
    )

    assert await store.unclaimed() == [
        Template("GET", "/a/{int}", Seen(4, NOON, after(11))),
        unclaimed("/b", method="POST"),
    ]


async def test_words_that_become_too_many_are_one_parameter_in_the_store_too(store: Store) -> None:
    for number in range(MOST_WORDS + 1):
        name = chr(ord("a") + number % 26) * (number // 26 + 1)
        await store.add_traffic(TrafficReport(unclaimed=(unclaimed(f"/users/{name}"),)), NOON)

    assert await store.unclaimed() == [unclaimed("/users/{name}", count=MOST_WORDS + 1)]


async def test_replicas_that_report_at_once_lose_nothing(url: str) -> None:
    stores = [await Store.open(url, migrate=True) for _ in range(4)]
    try:
        report = TrafficReport(
            (sample(),), (unclaimed("/a"), unclaimed("/b")), (("/r", Seen(2, NOON, after(1))),)
        )
        await asyncio.gather(*(store.add_traffic(report, NOON) for store in stores * 3))
        assert [one.seen.count for one in await stores[0].unclaimed()] == [12, 12]
        assert (await stores[0].calls())["/r"] == Seen(24, NOON, after(1))
        assert len(await stores[0].heads()) == 12
    finally:
        for store in stores:
            await store.close()


async def test_calls_add_up_with_their_first_and_last_time(store: Store) -> None:
    for seconds in (5, 0, 9):
        report = TrafficReport(calls=(("GET /a", Seen(1, after(seconds), after(seconds))),))
        await store.add_traffic(report, NOON)

    assert await store.calls() == {"GET /a": Seen(3, NOON, after(9))}
