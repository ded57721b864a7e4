"""Active health checks: who is asked, when a target is given up, and when it is believed again."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import yaml

from strangler.proxy.health import UNHEALTHY_AFTER
from strangler.routing.compile import load
from strangler.routing.table import RouteTable
from tests.proxy.living import OK, Proxy, Upstream, proxy, upstream

CHECK = {"path": "/healthz", "interval": "10ms"}


@pytest.fixture
async def monolith() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


def table_with(monolith: Upstream, health: dict[str, str] | None) -> RouteTable:
    upstream: dict[str, Any] = {"targets": [str(monolith.target)]}
    if health is not None:
        upstream["health"] = health
    return load(yaml.safe_dump({"version": 1, "upstreams": {"m": upstream}, "monolith": "m"}))


def healthy(running: Proxy) -> bool:
    (target,) = running.plane.pools["m"].targets
    return target.healthy


async def test_a_target_is_asked_again_and_again_for_its_health(monolith: Upstream) -> None:
    async with proxy(table_with(monolith, CHECK)) as running:
        await running.wait_until(lambda: len(monolith.heads) > 3)
        assert healthy(running)
    host = f"127.0.0.1:{monolith.port}".encode()
    assert set(monolith.heads) == {
        b"GET /healthz HTTP/1.1\r\nHost: %b\r\nUser-Agent: strangler-health\r\n\r\n" % host
    }
    assert monolith.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        None,
        OK.replace(b"200 OK", b"503 Sad"),
        OK.replace(b"200 OK", b"302 Go"),
        b"nonsense\r\n\r\n",
    ],
    ids=["closes", "says that it is not", "sends us elsewhere", "talks nonsense"],
)
async def test_a_target_that_fails_its_checks_is_given_up_until_it_passes_one(
    monolith: Upstream, answer: bytes | None
) -> None:
    async with proxy(table_with(monolith, CHECK)) as running:
        monolith.answer = lambda _: answer
        await running.wait_until(lambda: not healthy(running))
        status, _ = await running.get("/")
        assert status == 503
        monolith.answer = lambda _: OK
        await running.wait_until(lambda: healthy(running))
        assert await running.get("/") == (200, b"ok")


async def test_one_failed_check_may_be_an_accident(monolith: Upstream) -> None:
    failures = [OK.replace(b"200 OK", b"500 Oh")] * (UNHEALTHY_AFTER - 1)
    checks = iter([*failures, OK, *failures])
    async with proxy(table_with(monolith, CHECK)) as running:
        seen: list[bool] = []

        def answer(_: bytes) -> bytes:
            seen.append(healthy(running))
            return next(checks, OK)

        monolith.answer = answer
        await running.wait_until(lambda: len(seen) > 2 * UNHEALTHY_AFTER + 1)
    assert all(seen)


async def test_a_check_that_leaves_the_table_leaves_its_targets_believed(
    monolith: Upstream,
) -> None:
    async with proxy(table_with(monolith, CHECK)) as running:
        monolith.answer = lambda _: None
        await running.wait_until(lambda: not healthy(running))
        running.plane.apply(table_with(monolith, None), 2)
        assert healthy(running)
        assert repr(running.plane.health) == "<HealthChecks []>"


async def test_a_check_that_stays_in_the_table_goes_on(monolith: Upstream) -> None:
    async with proxy(table_with(monolith, CHECK)) as running:
        monolith.answer = lambda _: None
        await running.wait_until(lambda: not healthy(running))
        running.plane.apply(table_with(monolith, CHECK), 2)
        assert not healthy(running)
        monolith.answer = lambda _: OK
        await running.wait_until(lambda: healthy(running))
