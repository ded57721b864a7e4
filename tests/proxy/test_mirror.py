"""Shadow copies: what is asked again, within which bounds, and that no client notices."""

import asyncio
import gzip
import os
import signal
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from strangler.compare.bounds import DEFAULT_BOUNDS
from strangler.proxy.breaker import FAILURES
from tests.proxy.living import OK, Upstream, json_answer, proxy, table_for, upstream

SHADOW = {"phase": "shadow", "shadow": {"sample": "100%", "confirm": False}}
ZIPPED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
CONFIRMED = {"phase": "shadow", "shadow": {"sample": "100%"}}


@pytest.fixture
async def monolith() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


@pytest.fixture
async def service() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


def copies(running: Any) -> dict[str, int]:
    return {outcome: count for (_, outcome), count in running.plane.counters.copies.items()}


def zipped_answer(body: bytes) -> bytes:
    return ZIPPED + b"Content-Length: %d\r\n\r\n" % len(body) + body


def verdicts(running: Any) -> dict[str, int]:
    return {verdict: count for (_, verdict), count in running.plane.counters.verdicts.items()}


async def test_a_copy_says_that_it_is_one_and_names_the_same_request(
    monolith: Upstream, service: Upstream
) -> None:
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        await running.get("/d/x?y=1", "X-User: 7")
        await running.wait_until(lambda: verdicts(running) == {"match": 1})
    (asked,), (copied,) = monolith.heads, service.heads
    first, _, rest = asked.partition(b"\r\nConnection")
    assert copied == asked.removesuffix(b"\r\n") + b"X-Strangler-Shadow: candidate\r\n\r\n"
    assert b"GET /d/x?y=1 HTTP/1.1\r\n" in first
    assert not rest


@pytest.mark.parametrize(
    ("ignore", "candidate", "verdict", "fired"),
    [
        ([], b"Date: 2\r\nX-A: 1\r\n", "match", {"header:date"}),
        (["header:x-a"], b"Date: 1\r\nX-A: 2\r\n", "ignored", {"header:x-a"}),
        ([], b"Date: 1\r\nX-A: 2\r\n", "mismatch", set()),
    ],
)
async def test_of_equal_bodies_the_heads_are_compared(
    monolith: Upstream,
    service: Upstream,
    ignore: list[str],
    candidate: bytes,
    verdict: str,
    fired: set[str],
) -> None:
    monolith.answer = lambda _: OK.replace(b"Content-", b"Date: 1\r\nX-A: 1\r\nContent-")
    service.answer = lambda _: OK.replace(b"Content-", candidate + b"Content-")
    shadow = {**SHADOW, "shadow": {**SHADOW["shadow"], "ignore": ignore}}
    async with proxy(table_for(monolith, service, shadow)) as running:
        await running.get("/d/1")
        await running.wait_until(lambda: verdicts(running) == {verdict: 1})
        await running.wait_until(lambda: running.plane.mirror.in_flight == 0)
        assert copies(running) == {"answered": 1}
        assert running.plane.mirror.octets_held == 0
        (observation,) = running.observations
    assert (observation.verdict, set(observation.fired)) == (verdict, fired)


async def test_a_candidate_that_hangs_delays_no_client(
    monolith: Upstream, service: Upstream
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def hang(_: bytes) -> None:
        asked.set()
        await answer.wait()

    service.answer = hang
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        assert await running.get("/d/1") == (200, b"ok")
        await asyncio.wait_for(asked.wait(), 10)
        assert await running.get("/d/2") == (200, b"ok")
        assert running.plane.mirror.in_flight == 2
        answer.set()
        await running.wait_until(lambda: running.plane.mirror.in_flight == 0)
        assert running.plane.mirror.octets_held == 0


@pytest.mark.parametrize(
    ("bounds", "outcome"),
    [
        ({"copies_in_flight": 1}, "dropped: too many in flight"),
        ({"copy_octets": 400}, "dropped: too many octets held"),
        ({"copied_body": 1}, "dropped: too large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_copy_beyond_a_bound_is_dropped_and_counted(
    monolith: Upstream, service: Upstream, bounds: dict[str, int], outcome: str
) -> None:
    answer = asyncio.Event()

    async def hang(_: bytes) -> None:
        await answer.wait()

    service.answer = hang
    async with proxy(table_for(monolith, service, SHADOW), **bounds) as running:
        for _ in range(3):
            assert await running.get("/d/1", "X-Long: " + "x" * 100) == (200, b"ok")
        assert copies(running)[outcome] >= 1
        answer.set()
        await running.wait_until(lambda: running.plane.mirror.in_flight == 0)


async def test_a_service_that_hangs_takes_no_evidence_from_another_route(
    monolith: Upstream, service: Upstream
) -> None:
    answer = asyncio.Event()

    async def hang(head: bytes) -> bytes:
        if b"/d/slow" in head:
            await answer.wait()
        return OK

    service.answer = hang
    both = {**SHADOW, "routes": [{"path": "/d/slow"}, {"path": "/d/**"}]}
    async with proxy(table_for(monolith, service, both), copies_in_flight=4) as running:
        for _ in range(6):
            await running.get("/d/slow")
        for _ in range(5):
            await running.get("/d/quick")
            await running.wait_until(lambda: running.plane.mirror.in_flight == 4)
        counted = running.plane.counters.copies
        assert counted["/d/slow", "dropped: too many in flight"] == 2
        assert counted["/d/**", "answered"] == 5
        answer.set()
        await running.wait_until(lambda: running.plane.mirror.in_flight == 0)


async def test_every_answer_that_a_copy_holds_counts_until_it_is_over(
    monolith: Upstream, service: Upstream
) -> None:
    """The candidate's second answer waits; what has come before it is held and counted."""
    asked, answer = asyncio.Event(), asyncio.Event()
    small, large = json_answer(b'{"a": 1}'), json_answer(b'{"a": "%b"}' % (b"x" * 5000))

    async def second_time_late(_: bytes) -> bytes:
        if sum(b"candidate" in one for one in service.heads) > 1:
            asked.set()
            await answer.wait()
        return large

    monolith.answer = lambda _: small
    service.answer = second_time_late
    async with proxy(table_for(monolith, service, CONFIRMED)) as running:
        await running.get("/d/1")
        await asyncio.wait_for(asked.wait(), 10)
        assert 5000 < running.plane.mirror.octets_held < 10_000
        answer.set()
        await running.wait_until(lambda: verdicts(running) == {"mismatch": 1})
        await running.wait_until(lambda: running.plane.mirror.octets_held == 0)


async def test_an_answer_that_grows_past_what_may_be_held_ends_its_copy(
    monolith: Upstream, service: Upstream
) -> None:
    service.answer = lambda _: json_answer(b'"%b"' % (b"x" * 5000))
    async with proxy(table_for(monolith, service, SHADOW), copy_octets=4000) as running:
        await running.get("/d/1")
        await running.wait_until(lambda: verdicts(running) == {"inconclusive": 1})
        assert copies(running) == {"dropped: too many octets held": 1}
        await running.wait_until(lambda: running.plane.mirror.octets_held == 0)


async def test_a_candidate_that_keeps_failing_gets_no_more_copies(
    monolith: Upstream, service: Upstream
) -> None:
    service.answer = lambda _: None
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        for count in range(1, FAILURES + 1):
            await running.get("/d/1")
            await running.wait_until(lambda: verdicts(running).get("mismatch") == count)  # noqa: B023
        await running.get("/d/1")
        assert copies(running) == {
            "failed: the connection was closed": FAILURES,
            "dropped: candidate is failing": 1,
        }


@pytest.mark.parametrize("broken", [None, b"220 smtp.example.org ESMTP\r\n"])
async def test_a_candidate_that_breaks_off_at_each_ask_differs(
    monolith: Upstream, service: Upstream, broken: bytes | None
) -> None:
    service.answer = lambda _: broken
    async with proxy(table_for(monolith, service, CONFIRMED)) as running:
        await running.get("/d/1")
        await running.wait_until(lambda: verdicts(running) == {"mismatch": 1})
        assert len(monolith.heads) > 2  # both were asked again before that counted


async def test_of_copies_that_break_off_one_at_a_time_is_asked_again(
    monolith: Upstream, service: Upstream
) -> None:
    """All of a service that crashes would ask the monolith several times over."""
    service.answer = lambda _: None
    async with proxy(table_for(monolith, service, CONFIRMED)) as running:
        await asyncio.gather(*[running.get(f"/d/{number}") for number in range(4)])
        await running.wait_until(lambda: verdicts(running) == {"mismatch": 1, "inconclusive": 3})
        again = [head for head in monolith.heads if b"X-Strangler-Shadow" in head]
        assert len({head.partition(b" HTTP")[0] for head in again}) == 1


async def test_a_candidate_that_sends_bombs_gets_no_more_copies_of_that_route(
    monolith: Upstream, service: Upstream
) -> None:
    """Each costs the comparing process what hundreds of others do, and tells nothing."""
    bomb = gzip.compress(b"0" * (DEFAULT_BOUNDS.body + 1))
    well = json_answer(b'{"a":  1}')
    monolith.answer = lambda _: json_answer(b'{"a": 1}')
    service.answer = lambda head: zipped_answer(bomb) if b"/d/bomb" in head else well
    both = {**SHADOW, "routes": [{"path": "/d/bomb"}, {"path": "/d/**"}]}
    async with proxy(table_for(monolith, service, both)) as running:
        for count in range(1, FAILURES + 1):
            await running.get("/d/bomb")
            await running.wait_until(lambda: verdicts(running) == {"inconclusive": count})  # noqa: B023
        await running.get("/d/bomb")
        counted = running.plane.counters.copies
        assert counted["/d/bomb", "dropped: candidate is failing"] == 1
        await running.get("/d/well")
        await running.wait_until(lambda: verdicts(running).get("match") == 1)


async def test_a_candidate_whose_answers_are_too_large_to_hold_gets_no_more_copies(
    monolith: Upstream, service: Upstream
) -> None:
    service.answer = lambda _: json_answer(b'"%b"' % (b"x" * 5000))
    async with proxy(table_for(monolith, service, SHADOW), copied_body=4000) as running:
        for count in range(1, FAILURES + 1):
            await running.get("/d/1")
            await running.wait_until(lambda: copies(running) == {"dropped: too large": count})  # noqa: B023
        await running.get("/d/1")
        assert copies(running)["dropped: candidate is failing"] == 1


async def test_a_difference_counts_once_both_sides_were_asked_often_enough(
    monolith: Upstream, service: Upstream
) -> None:
    monolith.answer = lambda _: json_answer(b'{"a": 1}')
    service.answer = lambda _: json_answer(b'{"a": 2}')
    async with proxy(table_for(monolith, service, CONFIRMED)) as running:
        await running.get("/d/1")
        await running.wait_until(lambda: verdicts(running) == {"mismatch": 1})
        await running.get("/d/2")
        await running.wait_until(lambda: verdicts(running) == {"mismatch": 2})
    # Five answers of each tell that it is no accident; after that it is known, and two do.
    assert [b"primary" in head for head in monolith.heads] == [False, *[True] * 4, False, True]
    assert len(service.heads) == 7
    (sighting,) = running.observations[0].sightings
    assert (sighting.paths, sighting.noise) == (("$.a",), False)


async def test_what_the_monolith_shows_against_itself_is_noise(
    monolith: Upstream, service: Upstream
) -> None:
    serials = iter(range(100))
    monolith.answer = service.answer = lambda _: json_answer(b'{"now": %d}' % next(serials))
    async with proxy(table_for(monolith, service, CONFIRMED)) as running:
        await running.get("/d/1")
        await running.wait_until(lambda: bool(verdicts(running)))
    (observation,) = running.observations
    assert observation.verdict != "mismatch"
    assert {sighting.noise for sighting in observation.sightings} == {True}


async def test_an_answer_of_the_fallback_is_not_compared_with_itself(
    monolith: Upstream, service: Upstream
) -> None:
    service.answer = lambda _: None
    canary = {"phase": "canary", "canary": {"weight": "100%"}, "shadow": {"sample": "100%"}}
    async with proxy(table_for(monolith, service, canary)) as running:
        assert await running.get("/d/1") == (200, b"ok")
        assert copies(running) == {"dropped: the candidate itself answered": 1}


async def test_an_observation_belongs_to_the_revision_that_the_request_met(
    monolith: Upstream, service: Upstream
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def late(_: bytes) -> bytes:
        asked.set()
        await answer.wait()
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    monolith.answer = late
    table = table_for(monolith, service, SHADOW)
    async with proxy(table) as running:
        asking = asyncio.create_task(running.get("/d/1"))
        await asyncio.wait_for(asked.wait(), 10)
        running.plane.apply(table, 2)
        answer.set()
        await asking
        await running.wait_until(lambda: bool(running.observations))
        assert running.observations[0].revision == 1


async def test_a_comparing_process_that_dies_is_a_fault_of_ours_and_no_verdict(
    monolith: Upstream, service: Upstream
) -> None:
    long = b"x" * 40_000
    monolith.answer = lambda _: json_answer(b'{"a": "%b"}' % long)
    service.answer = lambda _: json_answer(b'{ "a": "%b" }' % long)
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        await running.get("/d/1")
        await running.wait_until(lambda: verdicts(running) == {"match": 1})
        executor = running.plane.mirror.judge._comparer._executor
        assert executor is not None
        (pid,) = executor._processes
        os.kill(pid, signal.SIGKILL)
        assert (await running.get("/d/2"))[0] == 200
        await running.wait_until(lambda: running.plane.counters.comparator_faults == 1)
        await running.get("/d/3")
        await running.wait_until(lambda: verdicts(running) == {"match": 2})


async def test_a_candidate_that_never_answers_is_given_up_at_its_deadline(
    monolith: Upstream, service: Upstream
) -> None:
    """The first copy opens a connection, the second takes it; both have the same bound."""
    silent = asyncio.Event()
    answers = iter([OK])

    async def once(_: bytes) -> bytes:
        for answer in answers:
            return answer
        await silent.wait()
        return OK

    service.answer = once
    table = table_for(monolith, service, SHADOW, response="300ms")
    async with proxy(table) as running:
        await running.get("/d/1")
        await running.wait_until(lambda: verdicts(running) == {"match": 1})
        await running.get("/d/2")
        await running.wait_until(lambda: verdicts(running) == {"match": 1, "inconclusive": 1})
        assert copies(running) == {"answered": 1, "failed: it took too long": 1}
        assert service.connections == 1
        assert running.plane.mirror.octets_held == 0
        silent.set()
        await service.wait_until_open(0)


async def test_a_connection_that_closed_while_idle_costs_no_copy(
    monolith: Upstream, service: Upstream
) -> None:
    """It is found closed only when the copy is sent; nothing has read it, so it is sent anew."""
    service.answer = lambda head: None if service.connections == 1 and b"/2" in head else OK
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        for count in (1, 2, 3):
            await running.get(f"/d/{count}")
            await running.wait_until(lambda: verdicts(running) == {"match": count})  # noqa: B023
        assert copies(running) == {"answered": 3}
        assert service.connections == 2


async def test_closing_leaves_no_copy_waiting(monolith: Upstream, service: Upstream) -> None:
    asked, never = asyncio.Event(), asyncio.Event()
    answers = iter([OK])

    async def once(_: bytes) -> bytes:
        for answer in answers:
            return answer
        asked.set()
        await never.wait()
        return OK

    service.answer = once
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        await running.get("/d/1")
        await running.wait_until(lambda: verdicts(running) == {"match": 1})
        await running.get("/d/2")
        await asyncio.wait_for(asked.wait(), 10)
    assert verdicts(running) == {"match": 1}
    assert copies(running) == {"answered": 1}
    never.set()


async def test_a_draining_worker_begins_no_copy(monolith: Upstream, service: Upstream) -> None:
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        running.plane.draining = True
        await running.get("/d/1")
        assert copies(running) == {"dropped: draining": 1}
    assert service.heads == []


async def test_a_worker_that_is_half_busy_begins_no_copy(
    monolith: Upstream, service: Upstream
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def hang(head: bytes) -> bytes:
        if b"/d/slow" in head:
            asked.set()
            await answer.wait()
        return OK

    monolith.answer = hang
    async with proxy(table_for(monolith, service, SHADOW), in_flight=3) as running:
        slow = asyncio.create_task(running.get("/d/slow"))
        await asyncio.wait_for(asked.wait(), 10)
        assert await running.get("/d/quick") == (200, b"ok")
        assert copies(running) == {"dropped: busy": 1}
        answer.set()
        assert await slow == (200, b"ok")
        await running.wait_until(lambda: verdicts(running) == {"match": 1})


async def test_a_worker_that_is_out_of_descriptors_begins_no_copy(
    monolith: Upstream, service: Upstream
) -> None:
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        running.plane.descriptors.short = True
        await running.get("/d/1")
        assert copies(running) == {"dropped: busy": 1}
    assert service.heads == []


async def test_noise_is_learned_before_anything_differs(
    monolith: Upstream, service: Upstream
) -> None:
    """Both sides answer alike at first; the monolith, asked twice, does not."""
    answers = iter([b'{"n": 1}', b'{"n": 2}'])
    monolith.answer = lambda _: json_answer(next(answers))
    service.answer = lambda _: json_answer(b'{"n": 1}')
    shadow = {"phase": "shadow", "shadow": {"noise_sample": "100%"}}
    async with proxy(table_for(monolith, service, shadow)) as running:
        await running.get("/d/1")
        await running.wait_until(lambda: running.plane.mirror.in_flight == 0)
        (seen,) = running.plane.lessons.take()
        assert verdicts(running) == {"match": 1}
        assert copies(running) == {"answered": 1}, "what is asked for its sake is no copy"
        assert running.plane.counters.asks == {("/d/**", "answered"): 1}
    assert (seen.path, seen.way, seen.upstream, seen.moved) == ("$.n", "value", "old", 1)


async def test_of_no_sample_the_primary_is_asked_once(
    monolith: Upstream, service: Upstream
) -> None:
    shadow = {"phase": "shadow", "shadow": {"noise_sample": "0%"}}
    async with proxy(table_for(monolith, service, shadow)) as running:
        await running.get("/d/1")
        await running.wait_until(lambda: verdicts(running) == {"match": 1})
        await running.wait_until(lambda: running.plane.mirror.in_flight == 0)
    assert len(monolith.heads) == 1


async def test_a_write_to_the_resource_makes_a_difference_racy(
    monolith: Upstream, service: Upstream
) -> None:
    """It changes what the primary says, not for the last time; `/d/2` nobody writes to."""
    first = iter([b'{"a": 1}'])
    monolith.answer = lambda head: json_answer(
        next(first, b'{"a": 2}') if b"/d/1 " in head else b'{"a": 1}'
    )
    service.answer = lambda _: json_answer(b'{"a": 3}')
    async with proxy(table_for(monolith, service, CONFIRMED)) as running:
        writes = running.plane.writes
        writes.begin("d", "PUT", "/d/1", running.plane.now())
        await running.get("/d/1")
        await running.wait_until(lambda: verdicts(running) == {"racy": 1})
        await running.get("/d/2")
        await running.wait_until(lambda: verdicts(running) == {"racy": 1, "mismatch": 1})


async def test_a_long_answer_that_is_put_together_in_a_thread_is_compared_like_any_other(
    monolith: Upstream, service: Upstream
) -> None:
    """And holds nothing in the end; the connection on which it came serves the next copy."""
    ours, theirs = [json_answer(b'{"a": "%b", "b": %d}' % (b"x" * 2_000_000, n)) for n in (1, 2)]
    monolith.answer = lambda _: ours
    answers = iter([ours, theirs])
    service.answer = lambda _: next(answers)
    shadow = {"phase": "shadow", "shadow": {"confirm": False, "noise_sample": "0%"}}
    async with proxy(table_for(monolith, service, shadow)) as running:
        for expected in ({"match": 1}, {"match": 1, "mismatch": 1}):
            status, body = await running.get("/d/1")
            assert (status, len(body)) == (200, len(ours.partition(b"\r\n\r\n")[2]))
            await running.wait_until(lambda: verdicts(running) == expected)  # noqa: B023
        await running.wait_until(lambda: running.plane.mirror.in_flight == 0)
        assert copies(running) == {"answered": 2}
        assert running.plane.mirror.octets_held == 0
        assert service.connections == 1


async def test_a_long_answer_that_cannot_be_put_together_holds_nothing(
    monolith: Upstream, service: Upstream
) -> None:
    whole = json_answer(b'"%b"' % (b"x" * 2_000_000))
    monolith.answer = lambda _: whole
    ended = ThreadPoolExecutor(1)
    ended.shutdown()
    async with proxy(table_for(monolith, service, SHADOW)) as running:
        asyncio.get_running_loop().set_default_executor(ended)
        status, _ = await running.get("/d/1")
        assert status == 200
        await running.wait_until(lambda: running.plane.counters.comparator_faults == 1)
        assert running.plane.mirror.octets_held == 0
        assert not service.heads


async def test_a_fault_of_ours_in_taking_a_copy_on_is_no_matter_of_the_client_s(
    monolith: Upstream, service: Upstream
) -> None:
    def faulty(_: object) -> None:
        raise RuntimeError("a fault of ours")

    async with proxy(table_for(monolith, service, SHADOW)) as running:
        soon, running.plane.soon = running.plane.soon, faulty
        for _ in range(2):
            assert await running.get("/d/1") == (200, b"ok")
        assert running.plane.counters.comparator_faults == 2
        running.plane.soon = soon
        assert await running.get("/d/1") == (200, b"ok")
        await running.wait_until(lambda: verdicts(running) == {"match": 1})
