"""What counts as a promise that dry runs change nothing, and for how long it is good."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from strangler.compare.response import Response
from strangler.proxy.failure import Cause, Failure, Stage
from strangler.proxy.promise import NoPromise, broken_promise
from strangler.proxy.upstream import UpstreamConnection
from strangler.routing.table import PromiseProbe
from tests.proxy.living import OK, Proxy, Upstream, json_answer, proxy, table_for, upstream

KEPT = b'{"dry_run": true, "header": "X-Strangler-Dry-Run", "effects": 0}'
DOMAIN = {
    "phase": "shadow",
    "shadow": {"writes": "dry-run"},
    "dry_run": {"promise": "/promise", "every": "1h"},
}


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (Response(200, (), KEPT), ""),
        (Response(200, (), KEPT.lower()), ""),
        (Response(200, (), KEPT.replace(b"0}", b"0.0}")), ""),
        (Response(404, (), KEPT), "answered 404"),
        (Response(204, (), b""), "answered 204"),
        (Response(200, (), b"<html>"), "answered what is no JSON"),
        (Response(200, (), b"[]"), 'did not answer "dry_run": true'),
        (Response(200, (), KEPT.replace(b"true", b"1")), 'did not answer "dry_run": true'),
        (
            Response(200, (), KEPT.replace(b"X-Strangler", b"X-Other")),
            'did not answer "header": "X-Strangler-Dry-Run"',
        ),
        (Response(200, (), KEPT.replace(b"0}", b"1}")), 'did not answer "effects": 0'),
        (Response(200, (), KEPT.replace(b"0}", b"false}")), 'did not answer "effects": 0'),
        (Response(200, (), KEPT.replace(b', "effects": 0', b"")), 'did not answer "effects": 0'),
        (None, "answered more than 4096 octets"),
        (Failure("new", Stage.WAITING, Cause.TIMEOUT), "it took too long"),
    ],
)
def test_a_promise_is_a_whole_one_or_none(outcome: Any, why: str) -> None:
    assert broken_promise(outcome).startswith(why)
    assert bool(broken_promise(outcome)) == bool(why)


@pytest.fixture
async def service() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        running.answer = lambda head: json_answer(KEPT) if b"/promise" in head else OK
        yield running


@pytest.fixture
async def monolith() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


async def connection(running: Proxy, every: float = 3600.0) -> Any:
    pool = running.plane.shadow_pools["new"]
    (target,) = pool.targets
    probe = PromiseProbe("/promise", every)
    return await running.plane.dry_runs.promises.connection(pool, target, probe)


def asked(service: Upstream) -> int:
    return sum(b"GET /promise " in head for head in service.heads)


def promises(running: Proxy) -> dict[tuple[str, str], int]:
    return dict(running.plane.counters.promises)


async def test_each_target_is_asked_when_a_table_goes_live(
    monolith: Upstream, service: Upstream
) -> None:
    async with proxy(table_for(monolith, service, DOMAIN)) as running:
        await running.wait_until(lambda: promises(running) == {("new", "given"): 1})
        running.plane.apply(table_for(monolith, service, DOMAIN), 2)
        moved = DOMAIN | {"dry_run": {"promise": "/other/promise", "every": "0.2s"}}
        service.answer = lambda _: json_answer(b"{}")
        running.plane.apply(table_for(monolith, service, moved), 3)
        await running.wait_until(lambda: promises(running).get(("new", "refused")) == 1)
    assert asked(service) == 1


async def test_it_is_asked_again_and_again(monolith: Upstream, service: Upstream) -> None:
    domain = DOMAIN | {"dry_run": {"promise": "/promise", "every": "5ms"}}
    async with proxy(table_for(monolith, service, domain)) as running:
        await running.wait_until(lambda: promises(running).get(("new", "given"), 0) >= 3)
        service.answer = lambda _: json_answer(b"{}")
        await running.wait_until(lambda: promises(running).get(("new", "refused"), 0) >= 3)


@pytest.mark.parametrize(
    "domain",
    [
        {**DOMAIN, "phase": "monolith"},
        {**DOMAIN, "phase": "extracted"},
        {**DOMAIN, "shadow": {"writes": "skip"}},
    ],
)
async def test_nobody_is_asked_where_no_dry_run_could_be_sent(
    monolith: Upstream, service: Upstream, domain: dict[str, Any]
) -> None:
    async with proxy(table_for(monolith, service, domain)) as running:
        assert await running.get("/d/1") == (200, b"ok")
        assert running.plane.dry_runs.promises._watching == {}
    assert asked(service) == 0


async def test_a_promise_is_good_for_its_connection_and_a_while(
    monolith: Upstream, service: Upstream
) -> None:
    async with proxy(table_for(monolith, service)) as running:
        (target,) = running.plane.shadow_pools["new"].targets
        first = await connection(running)
        target.put_back(first)
        assert await connection(running) is first
        assert asked(service) == 1, "it stands"
        other = await connection(running)
        assert other is not first
        assert asked(service) == 2, "of another connection nothing is known"
        target.put_back(first)
        assert await connection(running, every=0.0) != first
        for each in (first, other):
            each.discard()


async def test_a_service_that_closes_after_each_answer_can_give_no_promise(
    monolith: Upstream, service: Upstream
) -> None:
    closing = json_answer(KEPT).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    service.answer = lambda _: closing
    async with proxy(table_for(monolith, service)) as running:
        found = await connection(running)
        assert isinstance(found, NoPromise)
        assert found.why == "closes its connections after each answer"


async def test_a_service_that_is_away_is_a_failure(monolith: Upstream) -> None:
    async with upstream() as gone:
        pass
    async with proxy(table_for(monolith, gone)) as running:
        found = await connection(running)
        assert isinstance(found, Failure)
        assert found.cause is Cause.REFUSED


async def test_a_promise_that_takes_too_long_is_none(monolith: Upstream, service: Upstream) -> None:
    never = asyncio.Event()

    async def hang(_: bytes) -> bytes:
        await never.wait()
        return OK

    service.answer = hang
    async with proxy(table_for(monolith, service)) as running:
        pool = running.plane.shadow_pools["new"]
        probe = PromiseProbe("/promise", 1.0, timeout=0.02)
        found = await running.plane.dry_runs.promises.connection(pool, pool.targets[0], probe)
        assert isinstance(found, NoPromise)
        never.set()


async def test_a_connection_that_closed_while_it_was_idle_is_passed_over(
    monolith: Upstream, service: Upstream
) -> None:
    async with proxy(table_for(monolith, service)) as running:
        (target,) = running.plane.shadow_pools["new"].targets
        first = await connection(running)
        target.put_back(first)
        first.promised_at = float("-inf")
        kept = json_answer(KEPT)
        service.answer = lambda _: None if service.connections == 1 else kept
        second = await connection(running)
        assert isinstance(second, UpstreamConnection)
        assert (service.connections, asked(service)) == (2, 3)
        second.discard()
