"""Performs the writing of what workers see to the store: added up, so many rows a second.

However many requests are compared, what is alike becomes one row, and what is not waits for its
turn. The more kinds there are, the longer it waits, and no store that is shared has to hurry.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from strangler.control.allowance import Allowance
from strangler.control.live import LiveTable, StoreWork
from strangler.migration.evidence import TIMED
from strangler.store.errors import StoreError
from strangler.store.observed import Batch, Gathering, Observation
from strangler.store.records import AnswerKey
from strangler.store.store import Store

log = structlog.get_logger()

INTERVAL = 0.25
"""Seconds between two writes."""

ANSWERS_EVERY = 4
"""Answers are counts, and written once a second: there are as many rows whatever the traffic, and
a breach is still seen within seconds."""

ROWS_A_SECOND = 200
"""Rows of observations written each second, and as many of answers, whatever the traffic: so that a
hundred replicas can share one PostgreSQL."""

ROWS_AT_FIRST = 2000
"""Rows that may be written without a wait after a rest: what is new is seen at once."""

BATCH = 100
"""Observations in one transaction."""

BOUND = 10_000
"""Kinds of observations that wait for a store that is away; of more the exchanges are lost, and
counted."""


class Recorder:
    """What waits to be written.

    `timed` is a histogram (`strangler.migration.latency`) for each route and system, of how long
    both took over the same requests since the start. `lost` counts compared exchanges for which
    there was no room, `left_out` sightings of findings beyond what the store keeps for one route,
    `rows` what was written.
    """

    def __init__(self, store: Store, live: LiveTable) -> None:
        """Write to `store`; its failures are told to `live`."""
        self._store = store
        self._live = live
        self._waiting = Gathering(BOUND)
        self._room = Allowance(ROWS_A_SECOND, ROWS_AT_FIRST)
        self._answers: dict[str, Counter[AnswerKey]] = {}  # by domain
        self._room_for_answers = Allowance(ROWS_A_SECOND, ROWS_AT_FIRST)
        self.timed: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
        self._rounds = 0
        self._writing = asyncio.Lock()
        self.lost = 0
        self.left_out = 0
        self.rows = 0

    def __repr__(self) -> str:
        """Show what waits."""
        return f"<Recorder waiting={self.waiting} lost={self.lost}>"

    @property
    def waiting(self) -> int:
        """Compared exchanges that are not written yet; one observation may stand for several."""
        return self._waiting.exchanges

    def take(self, observations: tuple[Observation, ...]) -> None:
        """Take observations on, as far as there is room."""
        for one in observations:
            if not self._waiting.add(one):
                self.lost += one.count

    def take_answers(self, counts: Mapping[AnswerKey, int]) -> None:
        """Take counts of answers on. They add up, so there is always room."""
        self._hold(counts)
        for (_, route, _, system, _, outcome, bucket), count in counts.items():
            if outcome == TIMED:
                self.timed[route, system][bucket] += count

    def _hold(self, counts: Mapping[AnswerKey, int]) -> None:
        for key, count in counts.items():
            self._answers.setdefault(key[0], Counter())[key] += count

    async def run(self) -> None:
        """Write what waits, for ever."""
        while True:
            await asyncio.sleep(INTERVAL)
            self._room.grow(INTERVAL)
            self._room_for_answers.grow(INTERVAL)
            await self.write()
            self._rounds += 1
            if self._rounds % ANSWERS_EVERY == 0:
                await self.write_answers()

    async def write(self, *, everything: bool = False) -> None:
        """Write what waits now, as far as rows are allowed; what the store does not take stays."""
        async with self._writing:
            while len(self._waiting) and (self._room.left > 0 or everything):
                batch = self._waiting.take(BATCH)
                try:
                    written = await self._store.record(Batch(batch))
                except StoreError as error:
                    self._live.store_failed(StoreWork.RECORDING, error)
                    self._waiting.put_back(batch)
                    return
                self._room.spend(written.rows)
                self.rows += written.rows
                self.left_out += written.left_out
                self._live.store_answered(StoreWork.RECORDING)

    async def write_answers(self, *, everything: bool = False) -> None:
        """Write counts of answers now, as `write` does.

        A domain's are written together: half of them would show another share of failures.
        """
        async with self._writing:
            counts: Counter[AnswerKey] = Counter()
            while self._answers and (len(counts) < self._room_for_answers.left or everything):
                counts.update(self._answers.pop(next(iter(self._answers))))
            if not counts:
                return
            try:
                await self._store.add_answers(counts, datetime.now(UTC))
            except StoreError as error:
                self._live.store_failed(StoreWork.RECORDING, error)
                self._hold(counts)
                return
            self._room_for_answers.spend(len(counts))
            self.rows += len(counts)
            self._live.store_answered(StoreWork.RECORDING)

    async def finish(self) -> None:
        """Write for the last time, and say what the store did not take."""
        await self.write(everything=True)
        await self.write_answers(everything=True)
        if self.waiting or self._answers:
            answers = sum(counts.total() for counts in self._answers.values())
            log.error("observations_lost", count=self.waiting, answers=answers)
