"""A second look at what differs: taken where it must be, spared where the noise is known."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from strangler.compare.learned import CERTAIN
from strangler.proxy.second_look import RECHECKED
from strangler.store.records import NoiseSeen
from tests.proxy.living import Proxy, Upstream, json_answer, proxy, table_for, upstream

SHADOW = {"phase": "shadow", "shadow": {"noise_sample": "0%"}}
WATCHED = {"phase": "shadow", "shadow": {"noise_sample": "100%"}}
NO_MORE = 0.5
"""A draw by which nothing that is known is looked into."""


@pytest.fixture
async def monolith() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


@pytest.fixture
async def service() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


def serials() -> Callable[[bytes], bytes]:
    numbers = count(1000)
    return lambda _: json_answer(b'{"serial": "n-%d"}' % next(numbers))


def known(path: str = "$.serial", looks: int = CERTAIN) -> NoiseSeen:
    now = datetime.now(UTC)
    form = "like a-9"
    return NoiseSeen(
        "d", "/d/**", "old", path, "value", "random", looks, looks, form, form, now, now
    )


def verdicts(running: Proxy) -> dict[str, int]:
    return {verdict: number for (_, verdict), number in running.plane.counters.verdicts.items()}


async def ask(running: Proxy) -> str:
    """Ask once, and give the verdict."""
    before = verdicts(running)
    await running.get("/d/1")
    await running.wait_until(lambda: sum(verdicts(running).values()) > sum(before.values()))
    await running.wait_until(lambda: running.plane.mirror.in_flight == 0)
    (verdict,) = [
        name for name, number in verdicts(running).items() if number > before.get(name, 0)
    ]
    return verdict


async def test_what_others_know_to_be_noise_is_not_asked_for(
    monolith: Upstream, service: Upstream
) -> None:
    monolith.answer = service.answer = serials()
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        running.plane.draw = lambda: NO_MORE
        running.plane.mirror.judge.know([known()])
        assert await ask(running) == "ignored"
    assert (len(monolith.heads), len(service.heads)) == (1, 1)
    (sighting,) = running.observations[0].sightings
    assert (sighting.paths, sighting.noise) == (("$.serial",), True)


async def test_a_share_of_it_is_looked_into_all_the_same(
    monolith: Upstream, service: Upstream
) -> None:
    monolith.answer = service.answer = serials()
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        running.plane.draw = lambda: RECHECKED / 2
        running.plane.mirror.judge.know([known()])
        await ask(running)
        assert len(monolith.heads) > 1
        (seen,) = running.plane.lessons.take()
        assert (seen.path, seen.moved) == ("$.serial", seen.looks)


async def test_news_from_others_reach_a_route_that_is_looked_at_already(
    monolith: Upstream, service: Upstream
) -> None:
    monolith.answer = service.answer = serials()
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        running.plane.draw = lambda: NO_MORE
        await ask(running)
        asked = len(monolith.heads)
        assert asked > 1
        running.plane.mirror.judge.know([known()])
        await ask(running)
    assert len(monolith.heads) == asked + 1


async def test_another_table_keeps_what_others_know_and_forgets_the_rest(
    monolith: Upstream, service: Upstream
) -> None:
    monolith.answer = service.answer = serials()
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        running.plane.draw = lambda: NO_MORE
        running.plane.mirror.judge.know([known()])
        running.plane.mirror.forget()
        await ask(running)
        assert len(monolith.heads) == 1
        running.plane.mirror.judge.know([])
        running.plane.mirror.forget()
        await ask(running)
        assert len(monolith.heads) > 2


async def test_noise_of_another_route_or_place_excuses_nothing(
    monolith: Upstream, service: Upstream
) -> None:
    monolith.answer = lambda _: json_answer(b'{"total": 1}')
    service.answer = lambda _: json_answer(b'{"total": 2}')
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        running.plane.draw = lambda: NO_MORE
        running.plane.mirror.judge.know([known()])
        assert await ask(running) == "mismatch"


async def test_a_primary_that_fails_meanwhile_leaves_it_open(
    monolith: Upstream, service: Upstream
) -> None:
    """Nobody knows then whether what differed was noise."""
    first = iter([json_answer(b'{"a": 1}')])
    monolith.answer = lambda _: next(first, None)
    service.answer = lambda _: json_answer(b'{"a": 2}')
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        assert await ask(running) == "inconclusive"
    assert [observation.sightings for observation in running.observations] == [()]


async def test_a_candidate_that_breaks_off_meanwhile_agrees_no_more_than_before(
    monolith: Upstream, service: Upstream
) -> None:
    first = iter([json_answer(b'{"a": 2}')])
    monolith.answer = lambda _: json_answer(b'{"a": 1}')
    service.answer = lambda _: next(first, None)
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        assert await ask(running) == "mismatch"


async def test_an_answer_that_cannot_be_read_meanwhile_leaves_it_open(
    monolith: Upstream, service: Upstream
) -> None:
    broken = json_answer(b"no gzip").replace(b"\r\n", b"\r\nContent-Encoding: gzip\r\n", 1)
    answers: Any = iter([json_answer(b'{"a": 1}')])
    monolith.answer = lambda _: next(answers, broken)
    service.answer = lambda _: json_answer(b'{"a": 2}')
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        assert await ask(running) == "inconclusive"


async def test_watching_a_primary_that_fails_teaches_nothing(
    monolith: Upstream, service: Upstream
) -> None:
    answers: Any = iter([json_answer(b'{"a": 1}')])
    monolith.answer = lambda _: next(answers, None)
    service.answer = lambda _: json_answer(b'{"a": 1}')
    async with proxy(table_for(monolith, service, WATCHED)) as running:
        assert await ask(running) == "match"
        await running.wait_until(lambda: bool(running.plane.counters.asks))
        assert running.plane.lessons.take() == ()


async def test_what_a_write_may_have_changed_teaches_nothing(
    monolith: Upstream, service: Upstream
) -> None:
    answers: Any = iter([json_answer(b'{"a": 1}')])
    monolith.answer = lambda _: next(answers, json_answer(b'{"a": 2}'))
    service.answer = lambda _: json_answer(b'{"a": 1}')
    async with proxy(table_for(monolith, service, WATCHED)) as running:
        running.plane.writes.begin("d", "PUT", "/d/1", running.plane.now())
        assert await ask(running) == "match"
        assert running.plane.lessons.take() == ()
