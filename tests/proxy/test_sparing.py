"""Upstreams that fail, fill up or move, behind a whole data plane on real sockets."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from itertools import cycle
from typing import Any

import pytest
import yaml

from strangler.proxy.retry_budget import IN_HAND
from strangler.routing.compile import load
from strangler.routing.table import RouteTable
from tests.proxy.living import OK, Proxy, Upstream, bound_socket, proxy, upstream

BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nsick"


def table(*targets: str, **keys: Any) -> RouteTable:
    """Compile a table with nothing but a monolith."""
    only = {"targets": list(targets), **keys}
    return load(yaml.safe_dump({"version": 1, "upstreams": {"m": only}, "monolith": "m"}))


def urls(*servers: Upstream) -> list[str]:
    return [str(server.target) for server in servers]


def url(sock: socket.socket) -> str:
    return f"http://127.0.0.1:{sock.getsockname()[1]}"


@asynccontextmanager
async def upstreams(count: int) -> AsyncIterator[list[Upstream]]:
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(upstream()) for _ in range(count)]


def standing(running: Proxy) -> dict[str, int]:
    return dict(running.plane.gauges().targets["m"])


def failures(running: Proxy, stage: str) -> int:
    counted = running.plane.counters.failures.items()
    return sum(count for (_, at, _), count in counted if at == stage)


def reset(writer: asyncio.StreamWriter) -> None:
    """Go away with RST: whoever only ends what it sends still waits for its answer."""
    at_once = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    writer.transport.abort()


async def statuses(running: Proxy, count: int) -> set[int]:
    return {(await running.get("/"))[0] for _ in range(count)}


# A target that is dead.


async def test_a_dead_target_among_three_costs_one_request_a_detour_and_no_other() -> None:
    async with upstreams(2) as alive:
        with bound_socket() as dead:
            async with proxy(table(*urls(*alive), url(dead))) as running:
                assert await statuses(running, 60) == {200}
                assert standing(running) == {"available": 2, "unreachable": 1}
                assert failures(running, "connecting") == 1


async def test_a_target_that_returns_is_used_again_and_no_request_has_to_find_out() -> None:
    async with upstream() as alive:
        with bound_socket() as dead:
            async with proxy(table(*urls(alive), url(dead))) as running:
                assert await statuses(running, 20) == {200}
                async with upstream(dead) as returned:
                    await running.wait_until(lambda: standing(running) == {"available": 2})
                    assert returned.heads == []
                    assert await statuses(running, 40) == {200}
                    assert returned.heads


async def test_a_single_target_that_returns_answers_the_next_request() -> None:
    with bound_socket() as dead:
        async with proxy(table(url(dead))) as running:
            assert await statuses(running, 3) == {502}
            async with upstream(dead):
                assert await statuses(running, 3) == {200}


# A target that takes connections and fails requests.


@pytest.mark.parametrize(
    "answer", [None, BAD_GATEWAY, b"nonsense\r\n\r\n"], ids=["closes", "502", "nonsense"]
)
async def test_a_target_that_fails_its_requests_is_ejected(answer: bytes | None) -> None:
    async with upstreams(2) as (well, ill):
        ill.answer = lambda _: answer
        ejection = {"shortest": "1h", "longest": "1h"}
        async with proxy(table(*urls(well, ill), ejection=ejection)) as running:
            await statuses(running, 60)
            assert standing(running) == {"available": 1, "ejected": 1}
            assert len(ill.heads) == 5
            assert running.plane.counters.ejections == {"m": 1}


async def test_a_target_that_was_ejected_is_used_again_after_a_moment() -> None:
    async with upstreams(2) as (well, ill):
        ill.answer = lambda _: BAD_GATEWAY
        async with proxy(table(*urls(well, ill), ejection={"shortest": "50ms"})) as running:
            while not running.plane.counters.ejections:
                await statuses(running, 1)
            ill.answer = lambda _: OK
            await running.wait_until(lambda: standing(running) == {"available": 2})
            seen = len(ill.heads)
            assert await statuses(running, 40) == {200}
            assert len(ill.heads) > seen


async def test_a_target_that_never_answers_in_time_is_ejected() -> None:
    the_end = asyncio.Event()

    async def never(_: bytes) -> bytes | None:
        await the_end.wait()
        return None

    async with upstreams(2) as (well, ill):
        ill.answer = never
        times = {"response": "50ms"}
        ejection = {"after": 2, "shortest": "1h", "longest": "1h"}
        async with proxy(table(*urls(well, ill), timeouts=times, ejection=ejection)) as running:
            await statuses(running, 30)
            assert standing(running) == {"available": 1, "ejected": 1}
            assert len(ill.heads) == 2
        the_end.set()
        await ill.wait_until_open(0)


async def test_an_error_of_the_program_ejects_nobody() -> None:
    async with upstreams(2) as both:
        for server in both:
            server.answer = lambda _: OK.replace(b"200 OK", b"500 Oh")
        async with proxy(table(*urls(*both))) as running:
            assert await statuses(running, 40) == {500}
            assert standing(running) == {"available": 2}


def _next(answers: Iterator[bytes | None], _: bytes) -> bytes | None:
    return next(answers)


async def test_connections_that_serve_only_once_without_a_word_eject_nobody() -> None:
    async with upstreams(2) as both:
        for server in both:
            # A first request on each connection is answered, a second closes it.
            server.answer = partial(_next, cycle([OK, None]))
        async with proxy(table(*urls(*both), ejection={"after": 1})) as running:
            assert await statuses(running, 20) == {200}
            assert standing(running) == {"available": 2}
            assert failures(running, "waiting for the response") == 18
            assert not running.plane.counters.retries


# Retries.


async def test_retries_add_a_fifth_to_the_load_of_an_upstream_that_fails_everything() -> None:
    async with upstreams(3) as all_three:
        for server in all_three:
            server.answer = lambda _: None
        async with proxy(table(*urls(*all_three), ejection={"share": "0%"})) as running:
            begun = running.plane.now()
            assert await statuses(running, 200) == {502}
            seconds = running.plane.now() - begun
            seen = sum(len(server.heads) for server in all_three)
            assert 200 < seen <= 1.2 * 200 + IN_HAND + 3 * (seconds + 0.1)
            retries = running.plane.counters.retries
            assert retries["m", "spent"] == seen - 200
            assert retries["m", "refused"] > 100


async def test_a_request_that_found_nobody_listening_costs_nothing_of_the_budget() -> None:
    async with upstream() as alive:
        with bound_socket() as dead:
            retries = {"budget": "0%", "floor": 0}
            async with proxy(table(*urls(alive), url(dead), retries=retries)) as running:
                assert await statuses(running, 20) == {200}
                assert not running.plane.counters.retries


# The circuit breaker.


class Busy:
    """An upstream's answers that a test lets go, one after another."""

    def __init__(self, server: Upstream) -> None:
        self.paths: list[str] = []
        self._gates: list[asyncio.Event] = []
        server.answer = self.answer

    async def answer(self, head: bytes) -> bytes:
        self.paths.append(head.split(b" ")[1].decode())
        self._gates.append(asyncio.Event())
        await self._gates[-1].wait()
        return OK

    def let_go(self) -> None:
        self._gates.pop(0).set()


@asynccontextmanager
async def busy(**limits: Any) -> AsyncIterator[tuple[Proxy, Busy]]:
    """Run a proxy with an upstream that takes one request at a time, and has one."""
    async with upstream() as server:
        limits = {"in_flight": 1, "wait": "1h", **limits}
        async with proxy(table(*urls(server), limits=limits)) as running:
            yield running, Busy(server)


def waiting(running: Proxy) -> int:
    return running.plane.gauges().pending["m"]


async def ask(running: Proxy, *paths: str) -> list[asyncio.Task[tuple[int, bytes]]]:
    """Ask on a connection of its own for each path, one after another."""
    tasks = []
    for path in paths:
        before = waiting(running) + running.plane.gauges().exchanges_in_flight
        tasks.append(asyncio.create_task(running.get(path)))
        await running.wait_until(
            lambda before=before: (  # type: ignore[misc] - a default has no type
                waiting(running) + running.plane.gauges().exchanges_in_flight > before
            )
        )
    return tasks


async def test_requests_wait_in_line_for_a_place_and_are_served_in_order() -> None:
    async with busy() as (running, answers):
        asked = await ask(running, "/a", "/b", "/c")
        assert waiting(running) == 2
        for done in range(3):
            await running.wait_until(lambda done=done: len(answers.paths) > done)  # type: ignore[misc] - a default has no type
            answers.let_go()
        assert [await one for one in asked] == [(200, b"ok")] * 3
        assert answers.paths == ["/a", "/b", "/c"]
        assert (waiting(running), standing(running)) == (0, {"available": 1})


async def test_the_newest_is_turned_away_at_once_where_too_many_wait() -> None:
    async with busy(pending=1) as (running, answers):
        asked = await ask(running, "/a", "/b")
        assert standing(running) == {"full": 1}
        status, body = await running.get("/c")
        assert status == 503
        assert b"all targets are full" in body
        assert running.plane.counters.shed == {("m", "too many wait"): 1}
        for done in range(2):
            await running.wait_until(lambda done=done: len(answers.paths) > done)  # type: ignore[misc] - a default has no type
            answers.let_go()
        assert [(await one)[0] for one in asked] == [200, 200]


async def test_who_has_waited_too_long_is_turned_away() -> None:
    async with busy(wait="500ms") as (running, answers):
        asked = await ask(running, "/a", "/b")
        assert (await asked[1])[0] == 503
        assert running.plane.counters.shed == {("m", "waited too long"): 1}
        answers.let_go()
        assert (await asked[0])[0] == 200


async def test_a_client_that_goes_away_leaves_the_line() -> None:
    async with busy() as (running, answers):
        asked = await ask(running, "/a")
        _, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /gone HTTP/1.1\r\nHost: a\r\n\r\n")
        await running.wait_until(lambda: waiting(running) == 1)
        asked += await ask(running, "/c")
        reset(writer)
        await running.wait_until(lambda: waiting(running) == 1)
        for done in range(2):
            await running.wait_until(lambda done=done: len(answers.paths) > done)  # type: ignore[misc] - a default has no type
            answers.let_go()
        assert [(await one)[0] for one in asked] == [200, 200]
        assert answers.paths == ["/a", "/c"]


async def test_a_body_that_comes_while_its_request_waits_is_sent_when_its_turn_comes() -> None:
    async with busy() as (running, answers):
        (asked,) = await ask(running, "/a")
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"PUT /b HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        await running.wait_until(lambda: waiting(running) == 1)
        answers.let_go()
        assert (await asked)[0] == 200
        await running.wait_until(lambda: len(answers.paths) == 2)
        answers.let_go()
        assert (await reader.readuntil(b"\r\n\r\nok")).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.close()


# Names.


class Names:
    """A resolver that answers as it is told."""

    def __init__(self, *addresses: str) -> None:
        self.addresses: Sequence[str] = addresses

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        assert (host, port > 0) == ("service.test", True)
        return self.addresses


@asynccontextmanager
async def twins() -> AsyncIterator[tuple[Upstream, Upstream]]:
    """Run two upstreams on one port of two addresses."""
    async with (
        upstream(bound_socket("127.0.0.2")) as first,
        upstream(bound_socket("127.0.0.3", first.port)) as second,
    ):
        yield first, second


def named(server: Upstream, **keys: Any) -> RouteTable:
    return table(f"http://service.test:{server.port}", **keys)


async def test_a_name_that_leads_elsewhere_is_followed_and_old_connections_are_let_go() -> None:
    async with twins() as (old, new):
        names = Names("127.0.0.2")
        keep = {"keepalive": "1h"}
        async with proxy(named(old, resolve="10ms", timeouts=keep), resolve=names) as running:
            assert await statuses(running, 3) == {200}
            assert (len(old.heads), old.open) == (3, 1)
            names.addresses = ["127.0.0.3"]
            await old.wait_until_open(0)
            assert await statuses(running, 3) == {200}
            assert (len(old.heads), len(new.heads)) == (3, 3)


async def test_a_connection_that_is_in_use_is_let_go_when_its_answer_is_over() -> None:
    async with twins() as (old, new):
        names = Names("127.0.0.2")
        answers = Busy(old)
        keep = {"keepalive": "1h"}
        async with proxy(named(old, resolve="10ms", timeouts=keep), resolve=names) as running:
            asked = asyncio.create_task(running.get("/a"))
            await running.wait_until(lambda: len(answers.paths) == 1)
            names.addresses = ["127.0.0.3"]
            (target,) = running.plane.pools["m"].targets
            await running.wait_until(lambda: len(target._leaving) == 1)
            assert old.open == 1
            answers.let_go()
            assert (await asked)[0] == 200
            await old.wait_until_open(0)
            assert await statuses(running, 1) == {200}
            assert len(new.heads) == 1


async def test_connections_are_spread_over_the_addresses_of_a_name() -> None:
    async with twins() as (first, second):
        names = Names("127.0.0.2", "127.0.0.3")
        for server in (first, second):
            server.answer = lambda _: OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        async with proxy(named(first), resolve=names) as running:
            assert await statuses(running, 10) == {200}
        assert (len(first.heads), len(second.heads)) == (5, 5)


@contextmanager
def silent(port: int) -> Iterator[str]:
    """Give an address that leaves a SYN to this port unanswered: its backlog is full."""
    address = ("127.0.0.4", port)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(bound_socket(*address))
        listener.listen(0)
        for _ in range(8):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
        yield address[0]


async def test_an_address_that_does_not_answer_is_overtaken_by_the_next() -> None:
    """RFC 8305: within the bound on a connect, which one of them alone would use up."""
    async with upstream(bound_socket("127.0.0.2")) as server:
        with silent(server.port) as dead:
            names = Names(dead, "127.0.0.2")
            async with proxy(named(server, timeouts={"connect": "1h"}), resolve=names) as running:
                assert await statuses(running, 3) == {200}
                assert failures(running, "connecting") == 0


async def test_a_client_that_goes_away_ends_every_connect_that_was_tried_for_it() -> None:
    with bound_socket("127.0.0.2") as free, silent(free.getsockname()[1]) as dead:
        server = Upstream()
        server.port = free.getsockname()[1]
        names = Names(dead)
        async with proxy(named(server, timeouts={"connect": "1h"}), resolve=names) as running:
            plane = running.plane
            _, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await running.wait_until(lambda: plane.gauges().exchanges_in_flight == 1)
            reset(writer)
            await running.wait_until(lambda: plane.gauges().exchanges_in_flight == 0)
            await running.wait_until(lambda: not plane._tasks)


async def test_an_address_that_refuses_is_followed_by_the_next_at_once() -> None:
    async with upstream(bound_socket("127.0.0.2")) as server:
        names = Names("127.0.0.3", "::1", "127.0.0.2")
        async with proxy(named(server), resolve=names) as running:
            assert await statuses(running, 3) == {200}
            assert failures(running, "connecting") == 0


async def test_a_name_that_leads_nowhere_is_a_bad_gateway() -> None:
    async with upstream() as server, proxy(named(server), resolve=Names()) as running:
        status, body = await running.get("/")
        assert status == 502
        assert b"service.test" not in body
