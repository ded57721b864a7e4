"""Performs the writing of observations to the store, in batches, within a bound."""

import asyncio
from collections import deque

import structlog

from strangler.control.live import LiveTable, StoreWork
from strangler.store.errors import StoreError
from strangler.store.records import Batch, Observation
from strangler.store.store import Store

log = structlog.get_logger()

INTERVAL = 0.25
"""Seconds between two writes."""

BATCH = 500
"""Observations in one transaction."""

BOUND = 20_000
"""Observations that wait for a store that is away; the oldest give way and are counted."""


class Recorder:
    """What waits to be written.

    `lost` counts observations that gave way, `left_out` sightings of findings beyond what the
    store keeps for one route.
    """

    def __init__(self, store: Store, live: LiveTable) -> None:
        """Write to `store`; its failures are told to `live`."""
        self._store = store
        self._live = live
        self._waiting: deque[Observation] = deque()
        self._writing = asyncio.Lock()
        self.lost = 0
        self.left_out = 0

    def __repr__(self) -> str:
        """Show what waits."""
        return f"<Recorder waiting={len(self._waiting)} lost={self.lost}>"

    @property
    def waiting(self) -> int:
        """Observations that are not written yet."""
        return len(self._waiting)

    def take(self, observations: tuple[Observation, ...]) -> None:
        """Take observations on, in place of the oldest where there are too many."""
        self._waiting.extend(observations)
        self._give_way()

    async def run(self) -> None:
        """Write what waits, for ever."""
        while True:
            await asyncio.sleep(INTERVAL)
            await self.write()

    async def write(self) -> None:
        """Write what waits now; what the store does not take stays. Gives back when it is done."""
        async with self._writing:
            while self._waiting:
                # Taken out first: what gives way meanwhile must not be what is being written.
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                try:
                    self.left_out += await self._store.record(Batch(tuple(batch)))
                except StoreError as error:
                    self._live.store_failed(StoreWork.RECORDING, error)
                    self._waiting.extendleft(reversed(batch))
                    self._give_way()
                    return
                self._live.store_answered(StoreWork.RECORDING)

    async def finish(self) -> None:
        """Write for the last time, and say what the store did not take."""
        await self.write()
        if self._waiting:
            log.error("observations_lost", count=len(self._waiting))

    def _give_way(self) -> None:
        while len(self._waiting) > BOUND:
            self._waiting.popleft()
            self.lost += 1
