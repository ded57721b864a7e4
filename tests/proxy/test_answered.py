"""Answers are counted for the gates: for the system that was asked first, by how it fared."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from strangler.migration.evidence import FAILED, FALLBACK
from strangler.proxy.answered import outcome_of
from tests.proxy.living import OK, Upstream, proxy, table_for, upstream

ALL = {"weight": "100%", "key": "address"}
NONE = {"weight": "0%", "key": "address"}
ERROR = b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 70_000


@pytest.fixture
async def monolith() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


@pytest.fixture
async def service() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


def in_phase(phase: str, canary: dict[str, str] = ALL) -> dict[str, Any]:
    return {"phase": phase, "canary": canary, "shadow": {"sample": "0%"}}


def counted(running: Any) -> Counter[tuple[str, str, str]]:
    """Take what was counted, by system, method and outcome."""
    found: Counter[tuple[str, str, str]] = Counter()
    for key, count in running.plane.answered.take().items():
        assert key[:3] == ("d", "/d/**", 1)
        found[key[3:6]] += count
    return found


async def test_each_system_is_counted_for_what_it_answers(
    monolith: Upstream, service: Upstream
) -> None:
    service.answer = lambda head: ERROR if b"/bad" in head else OK
    async with proxy(table_for(monolith, service, in_phase("canary"))) as running:
        for path in ("/d/a", "/d/b", "/d/bad"):
            await running.get(path)
        assert counted(running) == {("service", "GET", "2xx"): 2, ("service", "GET", "5xx"): 1}
    async with proxy(table_for(monolith, service, in_phase("canary", NONE))) as running:
        await running.get("/d/bad")
        assert counted(running) == {("monolith", "GET", "2xx"): 1}


async def test_a_read_that_the_monolith_took_over_is_the_service_s_failure(
    monolith: Upstream, service: Upstream
) -> None:
    service.answer = lambda _: None
    async with proxy(table_for(monolith, service, in_phase("canary"))) as running:
        status, _ = await running.get("/d/a")
        assert (status, counted(running)) == (200, {("service", "GET", FALLBACK): 1})


async def test_a_request_that_nobody_answered_is_a_failure(
    monolith: Upstream, service: Upstream
) -> None:
    service.answer = lambda _: None
    async with proxy(table_for(monolith, service, in_phase("extracted"))) as running:
        status, _ = await running.get("/d/a")
        assert (status, counted(running)) == (502, {("service", "GET", FAILED): 1})


async def test_an_answer_that_broke_off_is_a_failure(monolith: Upstream, service: Upstream) -> None:
    service.answer = lambda _: HALF  # and then silence
    table = table_for(monolith, service, in_phase("extracted"), idle="50ms")
    async with proxy(table) as running:
        with suppress(ConnectionError):  # the client's connection is broken off as well
            await running.get("/d/a")
        assert counted(running) == {("service", "GET", FAILED): 1}


@pytest.mark.parametrize("phase", ["monolith", "shadow", "retired"])
async def test_where_no_gate_asks_nothing_is_counted(
    monolith: Upstream, service: Upstream, phase: str
) -> None:
    async with proxy(table_for(monolith, service, in_phase(phase))) as running:
        await running.get("/d/a")
        await running.get("/elsewhere")
        assert counted(running) == {}


async def test_what_was_taken_is_not_told_twice(monolith: Upstream, service: Upstream) -> None:
    async with proxy(table_for(monolith, service, in_phase("canary"))) as running:
        await running.get("/d/a")
        assert counted(running).total() == 1
        assert counted(running).total() == 0


def test_what_the_client_did_is_nobody_s_outcome() -> None:
    assert outcome_of(408, unanswered=True, fell_back=False) is None
    assert outcome_of(413, unanswered=True, fell_back=False) is None
    assert outcome_of(503, unanswered=True, fell_back=False) == FAILED
