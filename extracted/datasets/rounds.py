"""Runs of one action that callers share, each getting a run that began after its call."""

import asyncio
from collections.abc import Awaitable, Callable


class Rounds:
    """One action, run once at a time.

    A run that is already under way may have missed what the caller wants it to see (it asked the
    monolith before, it read the outbox before), so a caller joins the next one, together with all
    who come meanwhile: under load, many requests cost one run. There are at least `gap` seconds
    between two runs, so that there is a bound on what they cost.
    """

    def __init__(self, action: Callable[[], Awaitable[None]], gap: float = 0.0) -> None:
        self._action = action
        self._gap = gap
        self._earliest = 0.0
        self._busy = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Rounds: {len(self._tasks)} under way>"

    async def join(self) -> None:
        """Return when a run that began after this call has ended; raise what it raised."""
        if self._next is None:
            self._next = asyncio.create_task(self._run())
            self._tasks.add(self._next)
            self._next.add_done_callback(self._tasks.discard)
        # A caller that gives up must not end the run for the others.
        await asyncio.shield(self._next)

    async def close(self) -> None:
        """Cancel what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self) -> None:
        async with self._busy:
            await asyncio.sleep(self._earliest - asyncio.get_running_loop().time())
            self._next = None
            try:
                await self._action()
            finally:
                self._earliest = asyncio.get_running_loop().time() + self._gap
