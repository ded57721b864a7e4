"""A request of our own: asked once, answered whole, and nothing left behind."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from strangler.compare.response import Response
from strangler.http.fields import response_fields
from strangler.http.framing import NO_BODY
from strangler.proxy.failure import Cause, Failure, Stage
from strangler.proxy.fetch import MOUTHFUL, Capture, fetch
from strangler.proxy.response_reader import ResponseHead
from strangler.proxy.upstream_pool import UpstreamPool
from strangler.routing.table import Timeouts
from strangler.routing.table import Upstream as UpstreamPolicy
from tests.proxy.living import OK, Upstream, upstream
from tests.proxy.surrounded import Surrounded

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
async def server() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


@pytest.fixture
async def pool(server: Upstream) -> AsyncIterator[UpstreamPool]:
    policy = UpstreamPolicy("new", (server.target,), Timeouts(response=20.0))
    made = UpstreamPool(policy, Surrounded().surroundings)
    yield made
    made.abort()
    await server.wait_until_open(0)


async def asked(pool: UpstreamPool, limit: int = 100) -> Response | Failure | None:
    return await fetch(pool, "GET", GET, limit)


async def test_an_answer_comes_whole_with_its_end_to_end_fields(
    server: Upstream, pool: UpstreamPool
) -> None:
    server.answer = lambda _: (
        b"HTTP/1.1 200 OK\r\nConnection: X\r\nX: 1\r\nY: 2\r\nContent-Length: 2\r\n\r\nok"
    )
    assert await asked(pool) == Response(200, ((b"Y", b"2"), (b"Content-Length", b"2")), b"ok")
    assert server.heads == [GET]


async def test_an_answer_that_says_that_it_is_too_large_is_not_waited_for(
    server: Upstream, pool: UpstreamPool
) -> None:
    server.answer = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"
    assert await asked(pool, limit=100) is None
    await server.wait_until_open(0)


async def test_a_connection_serves_one_request_after_another(
    server: Upstream, pool: UpstreamPool
) -> None:
    for _ in range(3):
        assert isinstance(await asked(pool), Response)
    assert server.connections == 1


async def test_a_connection_that_closed_while_idle_is_replaced(
    server: Upstream, pool: UpstreamPool
) -> None:
    await asked(pool)
    answers = iter([None, OK])
    server.answer = lambda _: next(answers)
    assert isinstance(await asked(pool), Response)
    assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (None, Failure("new", Stage.WAITING, Cause.CLOSED, "closed before the response was whole")),
        (
            b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            Failure("new", Stage.READING, Cause.INVALID, "101 without a request for it"),
        ),
    ],
    ids=["closed", "an upgrade that nobody asked for"],
)
async def test_a_failure_is_a_value_and_leaves_no_connection(
    server: Upstream, pool: UpstreamPool, answer: bytes | None, failure: Failure
) -> None:
    server.answer = lambda _: answer
    assert await asked(pool) == failure
    await server.wait_until_open(0)


async def test_an_answer_that_takes_too_long_is_a_timeout(
    server: Upstream, pool: UpstreamPool
) -> None:
    server.answer = lambda _: b"HTTP/1.1 2"
    pool.upstream = UpstreamPolicy("new", (server.target,), Timeouts(response=0.05))
    assert await asked(pool) == Failure("new", Stage.WAITING, Cause.TIMEOUT)
    await server.wait_until_open(0)


async def test_an_answer_that_does_not_fit_is_not_read_to_its_end(
    server: Upstream, pool: UpstreamPool
) -> None:
    """A stream without end would be one that does not fit."""
    server.answer = lambda _: b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101
    assert await asked(pool) is None
    await server.wait_until_open(0)


async def test_an_answer_that_just_fits_is_read(server: Upstream, pool: UpstreamPool) -> None:
    server.answer = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100
    answer = await asked(pool)
    assert isinstance(answer, Response)
    assert answer.body == b"x" * 100


async def test_a_fetch_that_is_given_up_leaves_no_connection(
    server: Upstream, pool: UpstreamPool
) -> None:
    asked_for, given_up = asyncio.Event(), asyncio.Event()

    async def late(_: bytes) -> bytes:
        asked_for.set()
        await given_up.wait()
        return OK

    server.answer = late
    task = asyncio.create_task(asked(pool))
    await asyncio.wait_for(asked_for.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    given_up.set()
    await server.wait_until_open(0)
    assert pool.targets[0].take() is None


async def test_a_target_that_refuses_is_left_alone_for_a_moment() -> None:
    async with upstream() as gone:
        target = gone.target
    refusing = UpstreamPool(UpstreamPolicy("new", (target,)), Surrounded().surroundings)
    failure = await asked(refusing)
    assert isinstance(failure, Failure)
    assert (failure.stage, failure.cause) == (Stage.CONNECTING, Cause.REFUSED)
    assert await asked(refusing) == Failure("new", Stage.CHOOSING, Cause.UNAVAILABLE)


def test_a_capture_begins_anew_with_each_try() -> None:
    capture = Capture(5)
    head = ResponseHead(200, b"OK", response_fields([]), NO_BODY, keep_alive=True)
    capture.start(head)
    capture.data(b"too long")
    assert (capture.response(), capture.too_large) == (None, True)
    capture.start(head)
    capture.data(b"short")
    assert capture.response() == Response(200, (), b"short")


async def test_a_large_answer_comes_whole_mouthful_by_mouthful_and_its_connection_serves_again(
    server: Upstream, pool: UpstreamPool
) -> None:
    body = b"0123456789" * 300_000
    server.answer = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    assert len(body) > 10 * MOUTHFUL
    for _ in range(2):
        answer = await asked(pool, limit=len(body))
        assert isinstance(answer, Response)
        assert answer.body == body
    assert server.connections == 1
