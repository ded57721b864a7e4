"""Performs the writing of what workers see to the store, in batches, within a bound."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from strangler.control.live import LiveTable, StoreWork
from strangler.migration.evidence import TIMED
from strangler.store.errors import StoreError
from strangler.store.records import AnswerKey, Batch, Observation
from strangler.store.store import Store

log = structlog.get_logger()

INTERVAL = 0.25
"""Seconds between two writes."""

ANSWERS_EVERY = 4
"""Answers are counts, and written once a second: there are as many rows whatever the traffic, and
a breach is still seen within seconds."""

BATCH = 500
"""Observations in one transaction."""

BOUND = 20_000
"""Observations that wait for a store that is away; the oldest give way and are counted."""


class Recorder:
    """What waits to be written.

    `timed` is a histogram (`strangler.migration.latency`) for each route and system, of how long
    both took over the same requests since the start. `lost` counts compared exchanges whose
    observations gave way, `left_out` sightings of findings beyond what the store keeps for one
    route.
    """

    def __init__(self, store: Store, live: LiveTable) -> None:
        """Write to `store`; its failures are told to `live`."""
        self._store = store
        self._live = live
        self._waiting: deque[Observation] = deque()
        self._answers: Counter[AnswerKey] = Counter()
        self.timed: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
        self._rounds = 0
        self._writing = asyncio.Lock()
        self.lost = 0
        self.left_out = 0

    def __repr__(self) -> str:
        """Show what waits."""
        return f"<Recorder waiting={self.waiting} lost={self.lost}>"

    @property
    def waiting(self) -> int:
        """Compared exchanges that are not written yet; one observation may stand for several."""
        return sum(observation.count for observation in self._waiting)

    def take(self, observations: tuple[Observation, ...]) -> None:
        """Take observations on, in place of the oldest where there are too many."""
        self._waiting.extend(observations)
        self._give_way()

    def take_answers(self, counts: Mapping[AnswerKey, int]) -> None:
        """Take counts of answers on. They add up, so none has to give way."""
        self._answers.update(counts)
        for (_, route, _, system, _, outcome, bucket), count in counts.items():
            if outcome == TIMED:
                self.timed[route, system][bucket] += count

    async def run(self) -> None:
        """Write what waits, for ever."""
        while True:
            await asyncio.sleep(INTERVAL)
            await self.write()
            self._rounds += 1
            if self._rounds % ANSWERS_EVERY == 0:
                await self.write_answers()

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

    async def write_answers(self) -> None:
        """Write the counts of answers now; what the store does not take stays."""
        async with self._writing:
            counts, self._answers = self._answers, Counter()
            if not counts:
                return
            try:
                await self._store.add_answers(counts, datetime.now(UTC))
            except StoreError as error:
                self._live.store_failed(StoreWork.RECORDING, error)
                self._answers.update(counts)
                return
            self._live.store_answered(StoreWork.RECORDING)

    async def finish(self) -> None:
        """Write for the last time, and say what the store did not take."""
        await self.write()
        await self.write_answers()
        if self._waiting or self._answers:
            lost = {"count": self.waiting, "answers": self._answers.total()}
            log.error("observations_lost", **lost)

    def _give_way(self) -> None:
        while len(self._waiting) > BOUND:
            self.lost += self._waiting.popleft().count
