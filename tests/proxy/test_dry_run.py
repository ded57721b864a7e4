"""Dry runs: what the service is sent, what is made of its answer, and when it is sent nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from strangler.routing.hold import Hold, held
from strangler.routing.table import RouteTable
from tests.proxy.living import OK, Proxy, Upstream, json_answer, proxy, table_for, upstream
from tests.proxy.test_promise import KEPT

DRY = b"X-Strangler-Dry-Run: 1\r\n"
MOVES, MOVED = "dropped: the writer moves", "dropped: the writer has moved"


def answering(write: bytes, promise: bytes = KEPT) -> Any:
    """Answer what asks for the promise, and all else."""
    return lambda head: json_answer(promise) if b"GET /promise " in head else write


@pytest.fixture
async def monolith() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        running.answer = lambda _: json_answer(b'{"id": 1}')
        yield running


@pytest.fixture
async def service() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        running.answer = answering(json_answer(b'{"id": 1}'))
        yield running


def table(monolith: Upstream, service: Upstream, **more: Any) -> RouteTable:
    shadow = {"writes": "dry-run", **more.pop("shadow", {})}
    dry_run = {"promise": "/promise", "every": "1h"}
    domain = {"phase": "shadow", "shadow": shadow, "dry_run": dry_run, **more}
    return table_for(monolith, service, domain)


def writes(asked: Upstream) -> list[bytes]:
    return [head for head in asked.heads if not head.startswith(b"GET ")]


def copies(running: Proxy) -> dict[str, int]:
    return {outcome: count for (_, outcome), count in running.plane.counters.copies.items()}


def verdicts(running: Proxy) -> dict[str, int]:
    return {verdict: count for (_, verdict), count in running.plane.counters.verdicts.items()}


async def test_the_service_gets_the_write_with_the_word_that_it_is_none(
    monolith: Upstream, service: Upstream
) -> None:
    async with proxy(table(monolith, service)) as running:
        await running.ask("POST", "/d/1?x=1", b'{"a": 1}', "Idempotency-Key: k")
        await running.wait_until(lambda: verdicts(running) == {"match": 1})
    (write,), (dry,) = writes(monolith), writes(service)
    first, _, _ = write.partition(b"\r\nConnection")
    assert dry == (
        write.removesuffix(b"\r\n") + b"X-Strangler-Shadow: candidate\r\n" + DRY + b"\r\n"
    )
    assert first.startswith(b"POST /d/1?x=1 ")
    assert service.bodies[service.heads.index(dry)] == b'{"a": 1}'


async def test_no_client_can_ask_for_a_dry_run(monolith: Upstream, service: Upstream) -> None:
    async with proxy(table(monolith, service)) as running:
        await running.ask("POST", "/d/1", b"{}", "X-Strangler-Dry-Run: 1", "X_Strangler_Dry_Run: 1")
    assert b"dry" not in monolith.heads[0].lower()


async def test_a_refusal_is_compared_like_any_answer(monolith: Upstream, service: Upstream) -> None:
    refusal = b"HTTP/1.1 422 Unprocessable\r\nContent-Length: 0\r\n\r\n"
    monolith.answer = lambda _: refusal
    async with proxy(table(monolith, service)) as running:
        await running.ask("POST", "/d/1", b"{}")
        await running.wait_until(lambda: verdicts(running) == {"mismatch": 1})
        service.answer = answering(refusal)
        await running.ask("POST", "/d/1", b"{}")
        await running.wait_until(lambda: verdicts(running) == {"mismatch": 1, "match": 1})


async def test_only_the_service_is_asked_again(monolith: Upstream, service: Upstream) -> None:
    serials = iter(range(100, 200))
    service.answer = lambda head: json_answer(
        KEPT if b"GET /promise " in head else b'{"id": 2, "at": %d}' % next(serials)
    )
    monolith.answer = lambda _: json_answer(b'{"id": 1, "at": 1}')
    async with proxy(table(monolith, service)) as running:
        await running.ask("POST", "/d/1", b"{}")
        await running.wait_until(lambda: verdicts(running) == {"mismatch": 1})
    assert (len(writes(monolith)), len(writes(service))) == (1, 2)
    assert all(DRY in head for head in writes(service))
    seen = {one.paths: one.noise for one in running.observations[0].sightings}
    assert seen == {("$.id",): False, ("$.at",): True}


async def test_a_service_whose_status_changes_in_between_tells_nothing(
    monolith: Upstream, service: Upstream
) -> None:
    conflict = b"HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n"
    answers = iter([json_answer(b'{"id": 2}'), conflict])
    service.answer = lambda head: json_answer(KEPT) if b"promise" in head else next(answers)
    async with proxy(table(monolith, service)) as running:
        await running.ask("POST", "/d/1", b"{}")
        await running.wait_until(lambda: verdicts(running) == {"inconclusive": 1})


@pytest.mark.parametrize("promise", [b"{}", KEPT.replace(b"0}", b"1}"), b"no"])
async def test_a_service_that_does_not_promise_gets_nothing(
    monolith: Upstream, service: Upstream, promise: bytes
) -> None:
    service.answer = answering(OK, promise)
    async with proxy(table(monolith, service)) as running:
        await running.ask("POST", "/d/1", b"{}")
        unpromised = {"dropped: the service promises no dry runs": 1}
        await running.wait_until(lambda: copies(running) == unpromised)
        assert verdicts(running) == {}
    assert writes(service) == []


async def test_a_service_that_takes_its_word_back_gets_no_more(
    monolith: Upstream, service: Upstream
) -> None:
    quickly = {"promise": "/promise", "every": "1ms"}
    async with proxy(table(monolith, service, dry_run=quickly)) as running:
        await running.ask("POST", "/d/1", b"{}")
        await running.wait_until(lambda: verdicts(running) == {"match": 1})
        service.answer = answering(OK, b'{"dry_run": false}')
        refused = "new", "refused"
        await running.wait_until(lambda: running.plane.counters.promises[refused] > 0)
        await running.ask("POST", "/d/2", b"{}")
        await running.wait_until(
            lambda: copies(running).get("dropped: the service promises no dry runs") == 1
        )
    assert len(writes(service)) == 1


async def test_a_service_that_refused_is_left_in_peace_until_it_is_asked_again(
    monolith: Upstream, service: Upstream
) -> None:
    service.answer = answering(OK, b"{}")
    async with proxy(table(monolith, service)) as running:
        refused = "new", "refused"
        await running.wait_until(lambda: running.plane.counters.promises[refused] == 1)
        for count in range(1, 4):
            await running.ask("POST", "/d/1", b"{}")
            await running.wait_until(
                lambda: copies(running) == {"dropped: the service promises no dry runs": count}  # noqa: B023
            )
        assert running.plane.counters.promises[refused] == 1
    assert len(service.heads) == 1


class Late:
    """A promise that is given when a test says so."""

    def __init__(self, service: Upstream) -> None:
        self.asked, self.give = asyncio.Event(), asyncio.Event()
        service.answer = self

    async def __call__(self, head: bytes) -> bytes:
        if b"GET /promise " not in head:
            return json_answer(b'{"id": 1}')
        self.asked.set()
        await self.give.wait()
        return json_answer(KEPT)


async def test_a_fence_that_comes_before_the_promise_stops_a_dry_run(
    monolith: Upstream, service: Upstream
) -> None:
    late, before = Late(service), table(monolith, service)
    async with proxy(before) as running:
        assert (await running.ask("POST", "/d/1", b"{}"))[0] == 200
        await asyncio.wait_for(late.asked.wait(), 10)
        hold = Hold(1, frozenset({"d"}), everything=False, seconds=60.0, requests=10)
        running.plane.apply(held(before, hold), 1, hold)
        late.give.set()
        await running.wait_until(lambda: copies(running) == {MOVES: 1})
    assert writes(service) == []


@pytest.mark.parametrize(
    ("phase", "dropped"), [("extracted", MOVED), ("retired", MOVED), ("canary", None)]
)
async def test_a_service_that_writes_by_the_time_it_promises_gets_no_dry_run(
    monolith: Upstream, service: Upstream, phase: str, dropped: str | None
) -> None:
    late = Late(service)
    async with proxy(table(monolith, service)) as running:
        await running.ask("POST", "/d/1", b"{}")
        await asyncio.wait_for(late.asked.wait(), 10)
        running.plane.apply(table(monolith, service, phase=phase, canary={"weight": "50%"}), 2)
        late.give.set()
        await running.wait_until(lambda: bool(copies(running)))
        assert (dropped in copies(running)) == (dropped is not None)
    assert len(writes(service)) == (0 if dropped else 1)


async def test_the_service_is_asked_before_the_primary_has_written(
    monolith: Upstream, service: Upstream
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(_: bytes) -> bytes:
        asked.set()
        await answer.wait()
        return json_answer(b'{"id": 1}')

    monolith.answer = slow
    async with proxy(table(monolith, service)) as running:
        writing = asyncio.create_task(running.ask("PUT", "/d/1", b"{}"))
        await asyncio.wait_for(asked.wait(), 10)
        await running.wait_until(lambda: len(writes(service)) == 1)
        assert verdicts(running) == {}
        answer.set()
        await writing
        await running.wait_until(lambda: verdicts(running) == {"match": 1})


@pytest.mark.parametrize("leave", [True, False])
async def test_a_write_without_an_answer_is_no_verdict(
    monolith: Upstream, service: Upstream, leave: bool
) -> None:
    asked, never = asyncio.Event(), asyncio.Event()

    async def silent(_: bytes) -> None:
        asked.set()
        if leave:
            await never.wait()

    monolith.answer = silent
    async with proxy(table(monolith, service)) as running:
        writing = asyncio.create_task(running.ask("POST", "/d/1", b"{}"))
        await asyncio.wait_for(asked.wait(), 10)
        await running.wait_until(lambda: len(writes(service)) == 1)
        if leave:
            for client in list(running.plane.clients):
                client.transport.abort()
        await asyncio.gather(writing, return_exceptions=True)
        await running.wait_until(lambda: running.plane.mirror.in_flight == 0)
        assert (verdicts(running), running.plane.mirror.octets_held) == ({}, 0)
        never.set()


async def test_a_write_that_is_sent_again_is_asked_for_once(
    monolith: Upstream, service: Upstream
) -> None:
    """The connection to the primary had closed while it was idle: a PUT may go on another."""
    async with proxy(table(monolith, service)) as running:
        await running.get("/d/1")
        await running.wait_until(lambda: running.plane.mirror.in_flight == 0)
        fresh = monolith.answer
        monolith.answer = lambda head: None if monolith.connections == 1 else fresh(head)
        assert (await running.ask("PUT", "/d/1", b"{}"))[0] == 200
        await running.wait_until(lambda: verdicts(running).get("match") == 2)
    assert len(writes(monolith)) == 2
    assert len(writes(service)) == 1


async def test_an_answer_before_the_request_is_whole_is_compared_with_nothing(
    monolith: Upstream, service: Upstream
) -> None:
    async with proxy(table(monolith, service)) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        monolith.reads_bodies = False
        writer.write(b"POST /d/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1234")
        await asyncio.wait_for(reader.readuntil(b"}"), 10)
        early = {"dropped: answered before the request was whole": 1}
        await running.wait_until(lambda: copies(running) == early)
        writer.close()
    assert writes(service) == []


async def test_the_writer_never_gets_a_dry_run_of_its_own_writes(
    monolith: Upstream, service: Upstream
) -> None:
    both_ways = table(monolith, service, phase="extracted", shadow={"reversed": True})
    async with proxy(both_ways) as running:
        await running.ask("POST", "/d/1", b"{}")
        assert copies(running) == {}
    assert monolith.heads == []
    assert DRY not in service.heads[0]


async def test_a_body_too_large_to_hold_is_written_and_not_copied(
    monolith: Upstream, service: Upstream
) -> None:
    async with proxy(table(monolith, service), copied_request=1000) as running:
        assert (await running.ask("PUT", "/d/1", b"x" * 5000))[0] == 200
        assert copies(running) == {"dropped: too large": 1}
    assert writes(service) == []


async def test_a_service_that_keeps_failing_is_left_in_peace(
    monolith: Upstream, service: Upstream
) -> None:
    service.answer = lambda head: json_answer(KEPT) if b"/promise" in head else None
    async with proxy(table(monolith, service)) as running:
        for count in range(1, 6):
            await running.ask("POST", "/d/1", b"{}")
            await running.wait_until(lambda: verdicts(running) == {"inconclusive": count})  # noqa: B023
        await running.ask("POST", "/d/1", b"{}")
        await running.wait_until(lambda: "dropped: candidate is failing" in copies(running))
        assert running.plane.mirror.octets_held == 0
