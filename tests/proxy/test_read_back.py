"""Writes that are read back: both sides are asked for what was written, and nobody is sent it."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from strangler.compare.surprise import ASKS
from strangler.proxy import read_back
from strangler.routing.table import RouteTable
from tests.proxy.living import OK, Proxy, Upstream, json_answer, proxy, table_for, upstream

ROUTES = [
    {"path": "/d"},
    {"path": "/d/{id}", "shadow": {"ignore": ["$.at"]}},
    {"path": "/d/{id}/archive", "methods": ["POST"], "read_back": "/d/{id}"},
    {"path": "/imports", "methods": ["POST"], "read_back": "/d/{body:id}"},
]
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
CREATED = b"HTTP/1.1 201 Created\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n"
GONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
async def monolith() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        running.answer = answering(b'{"id": 7, "name": "x", "at": 1}')
        yield running


@pytest.fixture
async def service() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        running.answer = answering(b'{"id": 7, "name": "x", "at": 2}')
        yield running


def answering(document: bytes, write: bytes = NO_CONTENT) -> Any:
    """Answer reads with a document, writes with `write`."""
    return lambda head: json_answer(document) if head.startswith(b"GET") else write


def table(monolith: Upstream, service: Upstream, **more: Any) -> RouteTable:
    unwatched = {"writes": "read-back", "confirm": False, "noise_sample": "0%"}
    shadow = {**unwatched, **more.pop("shadow", {})}
    domain = {"phase": "shadow", "shadow": shadow, "routes": ROUTES, **more}
    return table_for(monolith, service, domain)


def outcomes(running: Proxy, label: str) -> dict[str, int]:
    counted = running.plane.counters.copies.items()
    return {outcome: count for (route, outcome), count in counted if route == label}


def verdicts(running: Proxy) -> dict[tuple[str, str], int]:
    return dict(running.plane.counters.verdicts)


def requests(asked: Upstream) -> list[bytes]:
    """Give the request lines that an upstream has seen."""
    return [head.partition(b" HTTP")[0] for head in asked.heads]


@pytest.mark.parametrize(
    ("method", "path", "answer", "label", "found"),
    [
        ("PUT", "/d/7", NO_CONTENT, "/d/{id}", "path"),
        ("PATCH", "/d/7", OK, "/d/{id}", "path"),
        ("DELETE", "/d/7", NO_CONTENT, "/d/{id}", "path"),
        ("POST", "/d", CREATED % b"/d/7", "/d", "Location"),
        ("POST", "/d/7/archive", OK, "POST /d/{id}/archive", "template"),
        ("POST", "/imports", json_answer(b'{"id": 7}'), "POST /imports", "template"),
    ],
)
async def test_what_was_written_is_read_on_both_sides_and_counted_for_the_write(
    monolith: Upstream,
    service: Upstream,
    method: str,
    path: str,
    answer: bytes,
    label: str,
    found: str,
) -> None:
    monolith.answer = answering(b'{"id": 7, "name": "x", "at": 1}', answer)
    async with proxy(table(monolith, service)) as running:
        await running.ask(method, path, b"{}")
        await running.wait_until(lambda: verdicts(running) == {(label, "ignored"): 1})
        assert outcomes(running, label) == {f"read back by {found}": 1}
        assert running.plane.counters.asks == {(label, "answered"): 2}
    assert requests(monolith) == [f"{method} {path}".encode(), b"GET /d/7"]
    assert requests(service) == [b"GET /d/7"], "no write is copied"
    (observation,) = running.observations
    assert (observation.route, observation.method) == (label, method)


async def test_the_read_says_who_asks_and_nothing_of_the_write(
    monolith: Upstream, service: Upstream
) -> None:
    fields = ("Authorization: Bearer x", "Idempotency-Key: k", "If-Match: 7")
    async with proxy(table(monolith, service)) as running:
        await running.ask("PUT", "/d/7", b"{}", *fields)
        await running.wait_until(lambda: bool(verdicts(running)))
    (write, read), (copied,) = monolith.heads, service.heads
    for head, role in ((read, b"primary"), (copied, b"candidate")):
        assert b"\r\nAuthorization: Bearer x\r\n" in head
        assert b"X-Strangler-Shadow: %b\r\n" % role in head
        assert not any(name in head for name in (b"Idempotency", b"If-Match", b"Content-"))
    assert b"Idempotency-Key: k" in write
    assert (service.bodies, monolith.bodies) == ([b""], [b"{}", b""])


async def test_what_the_service_has_otherwise_is_a_finding_of_the_write(
    monolith: Upstream, service: Upstream
) -> None:
    service.answer = answering(b'{"id": 7, "name": "y", "at": 2}')
    async with proxy(table(monolith, service, shadow={"confirm": True})) as running:
        await running.ask("POST", "/d/7/archive", b"{}")
        await running.wait_until(lambda: bool(verdicts(running)))
        assert verdicts(running) == {("POST /d/{id}/archive", "mismatch"): 1}
    (sighting,) = running.observations[0].sightings
    assert sighting.paths == ("$.name",)
    (example,) = sighting.examples
    assert (example.method, sighting.noise) == ("GET", False)
    assert requests(monolith) == [b"POST /d/7/archive", *[b"GET /d/7"] * ASKS]


async def test_a_resource_that_was_deleted_is_gone_on_both_sides(
    monolith: Upstream, service: Upstream
) -> None:
    monolith.answer = lambda head: GONE if head.startswith(b"GET") else NO_CONTENT
    async with proxy(table(monolith, service)) as running:
        await running.ask("DELETE", "/d/7", b"")
        await running.wait_until(lambda: verdicts(running) == {("/d/{id}", "mismatch"): 1})
        assert running.observations[0].sightings[0].paths == ("status",)
        service.answer = lambda _: GONE
        await running.ask("DELETE", "/d/7", b"")
        await running.wait_until(lambda: verdicts(running)["/d/{id}", "mismatch"] == 1)
        await running.wait_until(lambda: ("/d/{id}", "match") in verdicts(running))


@pytest.mark.parametrize(
    ("method", "path", "answer", "why"),
    [
        ("POST", "/d", OK, "nothing names what it changed"),
        ("POST", "/d", CREATED % b"http://cdn.example/d/7", "its Location is none of ours"),
        ("POST", "/d", CREATED % b"/e/7", "no compared route of the domain reads it"),
        ("POST", "/imports", OK, "the answer has not what read_back names"),
        ("PUT", "/d/7", GONE, "it was not acknowledged"),
    ],
)
async def test_what_cannot_be_read_back_is_counted(
    monolith: Upstream, service: Upstream, method: str, path: str, answer: bytes, why: str
) -> None:
    monolith.answer = answering(b"{}", answer)
    async with proxy(table(monolith, service)) as running:
        await running.ask(method, path, b"{}")
        assert list(running.plane.counters.copies.values()) == [1]
        ((_, outcome),) = running.plane.counters.copies
        assert outcome == f"not read back: {why}"
    assert service.heads == []


async def test_a_large_write_is_read_back_without_being_held(
    monolith: Upstream, service: Upstream
) -> None:
    async with proxy(table(monolith, service), copied_body=1000) as running:
        await running.ask("PUT", "/d/7", b"x" * 100_000)
        await running.wait_until(lambda: verdicts(running) == {("/d/{id}", "ignored"): 1})


async def test_a_write_waits_until_the_service_has_it(
    monolith: Upstream, service: Upstream
) -> None:
    lagging = table(monolith, service, lag={"path": "/lag"})
    async with proxy(lagging) as running:
        before = time.time()
        await running.ask("PUT", "/d/7", b"{}")
        running.plane.catch_up({"d": before, "other": before + 60})
        waiting = running.plane.read_backs.arrivals
        await running.wait_until(lambda: len(waiting) == 1)
        assert service.heads == []
        assert running.plane.mirror.octets_held > 0
        running.plane.catch_up({"d": time.time() + 1})
        await running.wait_until(lambda: verdicts(running) == {("/d/{id}", "ignored"): 1})
        await running.wait_until(lambda: running.plane.mirror.octets_held == 0)


async def test_a_write_that_does_not_arrive_in_time_is_dropped(
    monolith: Upstream, service: Upstream
) -> None:
    lagging = table(monolith, service, lag={"path": "/lag"}, shadow={"read_back_within": "20ms"})
    async with proxy(lagging) as running:
        await running.ask("PUT", "/d/7", b"{}")
        await running.wait_until(
            lambda: outcomes(running, "/d/{id}") == {"dropped: the service lags": 1}
        )
        assert len(running.plane.read_backs.arrivals) == 0
        assert running.plane.mirror.octets_held == 0
    assert service.heads == []


async def test_only_so_many_writes_wait(
    monolith: Upstream, service: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_back, "WAITING", 2)
    async with proxy(table(monolith, service, lag={"path": "/lag"})) as running:
        for _ in range(2):
            await running.ask("PUT", "/d/7", b"{}")
        await running.wait_until(lambda: len(running.plane.read_backs.arrivals) == 2)
        await running.ask("PUT", "/d/7", b"{}")
        assert outcomes(running, "/d/{id}") == {"dropped: too many wait for the service": 1}


async def test_a_service_that_breaks_off_differs_and_a_monolith_tells_nothing(
    monolith: Upstream, service: Upstream
) -> None:
    async with proxy(table(monolith, service)) as running:
        service.answer = lambda _: None
        await running.ask("PUT", "/d/7", b"{}")
        failing = ("/d/{id}", "mismatch")
        await running.wait_until(lambda: verdicts(running) == {failing: 1})
        service.answer = answering(b"{}")
        monolith.answer = lambda head: None if head.startswith(b"GET") else NO_CONTENT
        await running.ask("PUT", "/d/7", b"{}")
        inconclusive = ("/d/{id}", "inconclusive")
        await running.wait_until(lambda: verdicts(running) == {failing: 1, inconclusive: 1})
        await running.wait_until(lambda: running.plane.mirror.in_flight == 0)


async def test_only_a_sample_is_read_back(monolith: Upstream, service: Upstream) -> None:
    async with proxy(table(monolith, service, shadow={"sample": "50%"})) as running:
        running.plane.draw = lambda: 0.6
        await running.ask("PUT", "/d/7", b"{}")
        running.plane.draw = lambda: 0.4
        await running.ask("PUT", "/d/7", b"{}")
        await running.wait_until(lambda: verdicts(running) == {("/d/{id}", "ignored"): 1})
        assert outcomes(running, "/d/{id}")["read back by path"] == 1


@pytest.mark.parametrize(("reverse", "asked"), [(False, []), (True, [b"GET /d/7"])])
async def test_after_the_cutover_the_way_back_is_read_if_it_is_asked_for(
    monolith: Upstream, service: Upstream, reverse: bool, asked: list[bytes]
) -> None:
    extracted = table(monolith, service, phase="extracted", shadow={"reversed": reverse})
    async with proxy(extracted) as running:
        await running.ask("PUT", "/d/7", b"{}")
        if reverse:
            await running.wait_until(lambda: verdicts(running) == {("/d/{id}", "ignored"): 1})
    assert requests(monolith) == asked
    assert requests(service) == [b"PUT /d/7", *asked]


async def test_what_the_service_says_of_its_paths_is_mapped_back_and_there(
    monolith: Upstream, service: Upstream
) -> None:
    """After the cutover the service names what it created, by a path of its own."""
    created = CREATED % (str(service.target).encode() + b"/x/7")
    service.answer = answering(b'{"id": 7, "name": "x", "at": 2}', created)
    routes = [{**route, "rewrite": {"prefix": "/x"}} for route in ROUTES[:2]]
    extracted = table(
        monolith, service, phase="extracted", shadow={"reversed": True}, routes=routes
    )
    async with proxy(extracted) as running:
        await running.ask("POST", "/d", b"{}")
        await running.wait_until(lambda: verdicts(running) == {("/d", "ignored"): 1})
        assert outcomes(running, "/d")["read back by Location"] == 1
    assert requests(service) == [b"POST /x", b"GET /x/7"]
    assert requests(monolith) == [b"GET /d/7"]


async def test_who_waits_goes_when_the_worker_does(monolith: Upstream, service: Upstream) -> None:
    async with proxy(table(monolith, service, lag={"path": "/lag"})) as running:
        await running.ask("PUT", "/d/7", b"{}")
        await running.wait_until(lambda: len(running.plane.read_backs.arrivals) == 1)
    assert len(running.plane.read_backs.arrivals) == 0
