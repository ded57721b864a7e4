"""Surroundings of a pool that a test holds in its hands: the clock, chance, what comes soon."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from itertools import cycle
from typing import Any

from strangler.proxy.surroundings import Surroundings


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Soon:
    """What was to be called once the present callback is over; called when the test says so."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def __call__(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def come(self) -> None:
        while self.calls:
            self.calls.pop(0)()


class Tasks:
    """What was to run beside; waited for when the test says so."""

    def __init__(self) -> None:
        self.all: list[asyncio.Task[None]] = []

    def __call__(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self.all.append(asyncio.create_task(work))
        return self.all[-1]

    async def done(self) -> None:
        while self.all:
            await self.all.pop()


async def nowhere(host: str, port: int) -> Sequence[str]:
    raise OSError(f"no test resolves {host}:{port}")


class Surrounded:
    """The parts of some `Surroundings`, to play with."""

    def __init__(self, resolve: Callable[..., Any] = nowhere, draws: Sequence[float] = ()) -> None:
        """Let chance draw these numbers, over and over; without any, it is real chance."""
        self.clock = Clock()
        self.soon = Soon()
        self.tasks = Tasks()
        self.surroundings = Surroundings(self.clock, self.tasks, self.soon, resolve)
        if draws:
            drawn = cycle(draws)
            self.surroundings = Surroundings(
                self.clock, self.tasks, self.soon, resolve, lambda: next(drawn)
            )

    def __repr__(self) -> str:
        return f"<Surrounded {self.clock.now}>"
