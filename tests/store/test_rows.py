"""However many requests are compared, the store is written few rows, and every count is exact."""

import random
from collections import Counter

from strangler.control.live import LiveTable
from strangler.control.membership import Membership
from strangler.control.recorder import INTERVAL, ROWS_A_SECOND, ROWS_AT_FIRST, Recorder
from strangler.proxy.unreported import Unreported
from strangler.store.bounds import EXAMPLES
from strangler.store.observed import Observation
from strangler.store.store import Store
from tests.store.counted_rows import counted_rows
from tests.store.sample import after, mismatch, observation

WORKERS = 2
REPORTS = 16
"""Of a quarter of a second each."""

COMPARED = 500
"""By each worker between two reports: 4,000 a second in all."""


def recorder_of(store: Store) -> Recorder:
    return Recorder(store, LiveTable(store, Membership(store, "here", "127.0.0.1:8080")))


def compared(chance: random.Random, at: float, routes: int, causes: int) -> Observation:
    """Half of the requests differ, by one of the causes of their route."""
    route = f"GET /route/{chance.randrange(routes)}"
    if chance.random() < 0.5:
        return observation(at, route=route)
    signature = f"{route[-1]}{chance.randrange(causes):04x}"
    return mismatch(at + chance.random() / 1000, signature, route=route)


async def seconds_of_traffic(recorder: Recorder, routes: int, causes: int) -> Counter[str]:
    """Compare, report and write as workers and their supervisor do; count each finding."""
    chance = random.Random(routes)
    workers = [Unreported(2000) for _ in range(WORKERS)]
    shown: Counter[str] = Counter()
    for number in range(REPORTS):
        now = number * INTERVAL
        for worker in workers:
            for _ in range(COMPARED):
                one = compared(chance, now, routes, causes)
                shown.update(each.signature for each in one.sightings)
                assert worker.add(one)
            recorder.take(worker.take(after(now)))
        recorder._room.grow(INTERVAL)
        await recorder.write()
    return shown


async def test_a_few_causes_come_to_a_few_rows_a_second_and_are_written_at_once(
    store: Store,
) -> None:
    recorder = recorder_of(store)
    with counted_rows(store) as rows:
        shown = await seconds_of_traffic(recorder, routes=3, causes=2)

    # Counts of matches and of mismatches by finding, by the hour, and the findings.
    each_time = 3 * (3 + 2 + 2)
    at_first = 3 * 2 * 8 * EXAMPLES
    assert sum(rows) <= REPORTS * each_time + at_first
    assert sum(rows) == recorder.rows
    assert recorder.waiting == 0
    await as_shown(store, shown)


async def test_many_causes_on_many_routes_stay_within_the_rows_of_the_time(store: Store) -> None:
    recorder = recorder_of(store)
    with counted_rows(store) as rows:
        shown = await seconds_of_traffic(recorder, routes=9, causes=150)

    # What one batch comes to is known when it is written, and paid off by those after it.
    beyond_it = 2000
    assert sum(rows) <= ROWS_AT_FIRST + ROWS_A_SECOND * REPORTS * INTERVAL + beyond_it
    assert recorder.waiting > 0
    await recorder.finish()
    assert (recorder.waiting, recorder.lost) == (0, 0)
    await as_shown(store, shown)


async def as_shown(store: Store, shown: Counter[str]) -> None:
    found = {each.id: each.count for each in await store.findings(limit=5000)}
    assert found == shown
    counted = sum(each.count for each in await store.verdicts())
    assert counted == WORKERS * REPORTS * COMPARED
