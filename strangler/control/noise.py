"""Performs the keeping of what workers learn of noise: in the store, and back to all workers."""

import asyncio
import time
from datetime import UTC, datetime

import structlog

from strangler.control.live import LiveTable, StoreWork
from strangler.control.supervisor import Supervisor
from strangler.store.errors import StoreError
from strangler.store.records import NoiseSeen
from strangler.store.store import Store

log = structlog.get_logger()

INTERVAL = 2.0
"""Seconds between two writes: there are as many rows as places, however often they are met."""

AT_ONCE = 400
"""Places in one write; those that are met beside them wait for the next."""

SHARING = 15.0
"""Seconds between two looks at what others have learned. Until then a worker asks for itself."""

BOUND = 5000
"""Places that wait for a store that is away; what gives way is learned again."""


class NoiseKeeper:
    """What workers have learned of noise and the store does not have yet."""

    def __init__(self, store: Store, live: LiveTable, supervisor: Supervisor) -> None:
        """Write to `store`, whose failures are told to `live`; tell the workers what it knows."""
        self._store = store
        self._live = live
        self._supervisor = supervisor
        self._waiting: dict[tuple[str, ...], NoiseSeen] = {}
        self._look_due = 0.0

    def __repr__(self) -> str:
        """Show what waits."""
        return f"<NoiseKeeper waiting={len(self._waiting)}>"

    def take(self, seen: tuple[NoiseSeen, ...]) -> None:
        """Take on what a worker has learned."""
        for one in seen:
            key = (one.route, one.upstream, one.path, one.way)
            there = self._waiting.get(key)
            if there is not None:
                self._waiting[key] = there.plus(one)
            elif len(self._waiting) < BOUND:
                self._waiting[key] = one

    async def run(self) -> None:
        """Write what waits and tell what is known, for ever."""
        while True:
            await self.write()
            if time.monotonic() >= self._look_due:
                await self._share()
            await asyncio.sleep(INTERVAL)

    async def write(self, most: int = AT_ONCE) -> None:
        """Write the places that have waited longest; what the store does not take stays."""
        keys = list(self._waiting)[:most]
        seen = tuple([self._waiting.pop(key) for key in keys])
        if not seen:
            return
        try:
            await self._store.add_noise(seen, datetime.now(UTC))
        except StoreError as error:
            self._live.store_failed(StoreWork.RECORDING, error)
            later = tuple(self._waiting.values())
            self._waiting = {}
            self.take((*seen, *later))
            return
        self._live.store_answered(StoreWork.RECORDING)

    async def _share(self) -> None:
        """Tell the workers what is known; while the store is away they keep what they know."""
        self._look_due = time.monotonic() + SHARING
        try:
            known = await self._store.noise(datetime.now(UTC))
        except StoreError as error:
            self._live.store_failed(StoreWork.FOLLOWING, error)
            return
        self._supervisor.know_noise(tuple(known))

    async def finish(self) -> None:
        """Write for the last time."""
        await self.write(BOUND)
        if self._waiting:
            log.error("noise_lost", places=len(self._waiting))
