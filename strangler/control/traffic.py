"""Performs the writing of what workers see of the traffic, added up, within a bound."""

import asyncio
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from strangler.control.live import LiveTable, StoreWork
from strangler.migration.unclaimed import Seen, Templates
from strangler.store.errors import StoreError
from strangler.store.records import HeadSample, TrafficReport
from strangler.store.store import Store

log = structlog.get_logger()

INTERVAL = 2.0
"""Seconds between two writes: workers report every ten, at different times."""

HEADS_BOUND = 2000
"""Recorded heads that wait for a store that is away; the oldest give way, for they are a sample."""


class TrafficRecorder:
    """What workers have reported and the store does not have yet."""

    def __init__(self, store: Store, live: LiveTable) -> None:
        """Write to `store`; its failures are told to `live`."""
        self._store = store
        self._live = live
        self._writing = asyncio.Lock()
        self._heads: deque[HeadSample] = deque(maxlen=HEADS_BOUND)
        self._unclaimed = Templates()
        self._calls: dict[str, Seen] = {}

    def __repr__(self) -> str:
        """Show what waits."""
        return f"<TrafficRecorder heads={len(self._heads)} routes={len(self._calls)}>"

    def take(self, report: TrafficReport) -> None:
        """Take a worker's report on, or one that the store did not take."""
        replica = self._live.replica
        self._heads.extend(replace(sample, replica=replica) for sample in report.heads)
        for one in report.unclaimed:
            self._unclaimed.add(one.method, one.path, one.seen)
        for route, seen in report.calls:
            there = self._calls.get(route)
            self._calls[route] = seen if there is None else there.plus(seen)

    async def run(self) -> None:
        """Write what waits, for ever."""
        while True:
            await asyncio.sleep(INTERVAL)
            await self.write()

    async def write(self) -> None:
        """Write what waits now; what the store does not take stays."""
        async with self._writing:
            report = self._taken()
            if not (report.heads or report.unclaimed or report.calls):
                return
            try:
                await self._store.add_traffic(report, datetime.now(UTC))
            except StoreError as error:
                self._live.store_failed(StoreWork.RECORDING_TRAFFIC, error)
                self.take(report)
                return
            self._live.store_answered(StoreWork.RECORDING_TRAFFIC)

    def _taken(self) -> TrafficReport:
        report = TrafficReport(
            tuple(self._heads), tuple(self._unclaimed.told()), tuple(self._calls.items())
        )
        self._heads.clear()
        self._unclaimed = Templates()
        self._calls = {}
        return report

    async def finish(self) -> None:
        """Write for the last time, and say what the store did not take."""
        await self.write()
        lost = self._taken()
        if lost.heads or lost.unclaimed or lost.calls:
            log.error("traffic_lost", heads=len(lost.heads), routes=len(lost.calls))
