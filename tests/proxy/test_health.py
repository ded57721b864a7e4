"""Active health checks: who is asked, when a target is given up, and when it is believed again."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import yaml

from strangler.compare.response import Response
from strangler.proxy.failure import Cause, Failure, Stage
from strangler.proxy.health import ANSWER_BOUND, WORDS, Belief, complaint_of
from strangler.routing.compile import load
from strangler.routing.table import HealthCheck, RouteTable
from tests.proxy.living import OK, Proxy, Upstream, proxy, upstream

CHECK = {"path": "/healthz", "interval": "10ms"}


@pytest.fixture
async def monolith() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


def table_with(monolith: Upstream, health: dict[str, Any] | None) -> RouteTable:
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


async def test_a_target_that_is_ill_is_asked_more_often_so_that_it_is_soon_back(
    monolith: Upstream,
) -> None:
    seldom = {"path": "/healthz", "interval": "1h", "unhealthy_after": 1}
    monolith.answer = lambda _: None
    async with proxy(table_with(monolith, seldom)) as running:
        await running.wait_until(lambda: not healthy(running))
        monolith.answer = lambda _: OK
        await running.wait_until(lambda: healthy(running))


async def test_a_check_has_a_deadline_of_its_own(monolith: Upstream) -> None:
    async def too_late(_: bytes) -> bytes | None:
        await monolith.wait_until_open(0)
        return None

    async with proxy(table_with(monolith, {**CHECK, "timeout": "50ms"})) as running:
        monolith.answer = too_late
        await running.wait_until(lambda: not healthy(running))
        monolith.answer = lambda _: OK
        await running.wait_until(lambda: healthy(running))


def believed(checks: str, unhealthy_after: int, healthy_after: int) -> str:
    """Write down what is believed after each check: `+` for one that passed, `-` for another."""
    check = HealthCheck("/", unhealthy_after=unhealthy_after, healthy_after=healthy_after)
    belief = Belief(check)
    return "".join("+" if belief.learn(each == "+") else "-" for each in checks)


@pytest.mark.parametrize(
    ("unhealthy_after", "healthy_after", "checks", "belief"),
    [
        (1, 1, "+-+--+", "+-+--+"),
        (2, 1, "-+-+--+--", "+++++-++-"),
        (3, 2, "--+---+-++", "+++++----+"),
    ],
)
def test_so_many_checks_in_a_row_change_a_belief_and_fewer_do_not(
    unhealthy_after: int, healthy_after: int, checks: str, belief: str
) -> None:
    assert believed(checks, unhealthy_after, healthy_after) == belief


def test_what_an_ill_target_says_of_itself_is_told() -> None:
    assert complaint_of(Response(204, (), b"")) == ""
    assert complaint_of(Response(503, (), b"no database\n")) == "503 no database"
    assert complaint_of(Response(500, (), b"\xff" * 1000)) == "500 " + "\ufffd" * WORDS
    assert complaint_of(None) == f"its answer is longer than {ANSWER_BOUND} octets"
    closed = Failure("m", Stage.WAITING, Cause.CLOSED)
    assert complaint_of(closed) == "the connection was closed while waiting for the response"
    refused = Failure("m", Stage.CONNECTING, Cause.REFUSED, "errno 111")
    assert complaint_of(refused) == "the connection failed while connecting: errno 111"


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
