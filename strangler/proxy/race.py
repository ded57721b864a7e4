"""Performs a race between several ways to the same end: happy eyeballs (RFC 8305).

uvloop's `create_connection` tries one address after another and lets each take its time; a first
one that does not answer would use up the whole bound.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

STAGGER = 0.25
"""Seconds that one attempt is ahead of the next: the Connection Attempt Delay that RFC 8305
section 5 recommends."""

Result = TypeVar("Result")
Attempt = Callable[[], Coroutine[Any, Any, Result]]


async def race(
    attempts: Sequence[Attempt[Result]],
    discard: Callable[[Result], None],
    stagger: float = STAGGER,
) -> tuple[int, Result]:
    """Begin one attempt after another; give the index and the result of the first to succeed.

    The next begins when `stagger` seconds have passed, or at once when one has failed. Whatever
    else succeeds is given to `discard`. Raises the first attempt's `OSError` where all failed.
    """
    running: dict[asyncio.Task[Result], int] = {}
    failures: dict[int, OSError] = {}
    try:
        for index, attempt in enumerate(attempts):
            running[asyncio.create_task(attempt())] = index
            more = index + 1 < len(attempts)
            while running:
                won = await _next(running, failures, stagger if more else None)
                if won is not None:
                    return won
                if more:
                    break
    finally:
        await _stop(running, discard)
    raise failures[0]


async def _next(
    running: dict[asyncio.Task[Result], int], failures: dict[int, OSError], patience: float | None
) -> tuple[int, Result] | None:
    """Wait until something happens; give what won, and take those out that have ended."""
    done, _ = await asyncio.wait(running, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
    for task in sorted(done, key=running.__getitem__):
        index = running.pop(task)
        try:
            return index, task.result()
        except OSError as error:
            failures[index] = error
    return None


async def _stop(
    running: dict[asyncio.Task[Result], int], discard: Callable[[Result], None]
) -> None:
    for task in running:
        task.cancel()
    for outcome in await asyncio.gather(*running, return_exceptions=True):
        if not isinstance(outcome, BaseException):
            discard(outcome)
