"""Which of several attempts wins, and what becomes of the others."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from strangler.proxy.race import race

SOON = 0.02
NEVER = 3600.0

Attempt = Callable[[], Coroutine[Any, Any, str]]


class Course:
    """Attempts that do as they are told, and what happened to them."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.discarded: list[str] = []

    def succeeds(self, name: str, after: float = 0.0) -> Attempt:
        async def attempt() -> str:
            self.begun.append(name)
            try:
                await asyncio.sleep(after)
            finally:
                self.ended.append(name)
            return name

        return attempt

    def fails(self, name: str, after: float = 0.0) -> Attempt:
        async def attempt() -> str:
            self.begun.append(name)
            await asyncio.sleep(after)
            raise ConnectionRefusedError(name)

        return attempt

    async def run(self, *attempts: Attempt, stagger: float = NEVER) -> tuple[int, str]:
        async with asyncio.timeout(10):
            return await race(attempts, self.discarded.append, stagger)


async def test_the_first_that_succeeds_at_once_is_the_only_one_that_begins() -> None:
    course = Course()
    assert await course.run(course.succeeds("a"), course.succeeds("b")) == (0, "a")
    assert course.begun == ["a"]


async def test_the_next_begins_at_once_when_one_has_failed() -> None:
    course = Course()
    assert await course.run(course.fails("a"), course.succeeds("b")) == (1, "b")


async def test_the_next_begins_after_a_moment_when_one_does_not_answer() -> None:
    course = Course()
    silent = course.succeeds("silent", NEVER)
    assert await course.run(silent, course.succeeds("b"), stagger=SOON) == (1, "b")
    assert course.ended == ["b", "silent"]  # nobody waits for it any longer


async def test_one_that_was_only_slow_may_still_win() -> None:
    course = Course()
    slow, silent = course.succeeds("slow", 2 * SOON), course.succeeds("silent", NEVER)
    assert await course.run(slow, silent, silent, stagger=SOON) == (0, "slow")


async def test_of_two_that_succeed_together_the_later_is_discarded() -> None:
    course = Course()
    gate = asyncio.Event()

    def through_the_gate(name: str) -> Attempt:
        async def attempt() -> str:
            course.begun.append(name)
            if len(course.begun) == 2:
                gate.set()
            await gate.wait()
            return name

        return attempt

    won = await course.run(through_the_gate("a"), through_the_gate("b"), stagger=SOON)
    assert won == (0, "a")
    assert course.discarded == ["b"]


async def test_where_all_fail_the_first_failure_is_told() -> None:
    course = Course()
    with pytest.raises(ConnectionRefusedError, match="a"):
        await course.run(course.fails("a", 2 * SOON), course.fails("b"), stagger=SOON)


async def test_an_error_that_is_ours_is_not_hidden() -> None:
    async def broken() -> str:
        raise ZeroDivisionError

    course = Course()
    with pytest.raises(ZeroDivisionError):
        await course.run(course.succeeds("silent", NEVER), broken, stagger=SOON)
    assert course.ended == ["silent"]


async def test_who_gives_up_ends_every_attempt() -> None:
    course = Course()
    both_run = asyncio.Event()

    async def silent() -> str:
        if course.begun:
            both_run.set()
        return await course.succeeds("silent", NEVER)()

    racing = asyncio.create_task(course.run(silent, silent, stagger=SOON))
    await both_run.wait()
    racing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await racing
    assert course.ended == ["silent", "silent"]
