"""The traffic on its way to the store: added up, within a bound, and none lost while it is away."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strangler.control.live import LiveTable
from strangler.control.membership import Membership
from strangler.control.traffic import HEADS_BOUND, TrafficRecorder
from strangler.migration.unclaimed import Seen
from strangler.store.records import TrafficReport
from strangler.store.store import Store
from tests.control.test_live import without_table
from tests.store.sample import NOON
from tests.store.test_traffic import sample, unclaimed

NOW = datetime.now(UTC)
"""Heads that are older than a week are not kept, by the clock of the machine."""

REPORT = TrafficReport(
    (replace(sample(), at=NOW),), (unclaimed("/a"),), (("/r", Seen(2, NOON, NOON)),)
)


@pytest.fixture
def live(store: Store) -> LiveTable:
    return LiveTable(store, Membership(store, "here", "127.0.0.1:8080"))


async def test_reports_are_added_up_and_written_once(store: Store, live: LiveTable) -> None:
    recorder = TrafficRecorder(store, live)
    recorder.take(REPORT)
    recorder.take(REPORT)
    await recorder.write()
    await recorder.write()

    assert [one.replica for one in await store.heads()] == ["here", "here"]
    assert [one.seen.count for one in await store.unclaimed()] == [2]
    assert (await store.calls())["/r"].count == 4


async def test_what_the_store_does_not_take_waits(
    store: Store, live: LiveTable, tmp_path: Path
) -> None:
    recorder = TrafficRecorder(store, live)
    recorder.take(REPORT)
    with without_table(tmp_path / "s.db", "calls"):
        await recorder.write()
        assert not live.store_available
    recorder.take(REPORT)
    await recorder.finish()

    assert live.store_available
    assert (await store.calls())["/r"].count == 4
    assert len(await store.heads()) == 2


async def test_heads_that_wait_are_bounded(store: Store, live: LiveTable) -> None:
    recorder = TrafficRecorder(store, live)
    for number in range(HEADS_BOUND // 100 + 1):
        recorder.take(TrafficReport((replace(sample(number), at=NOW),) * 100))
    await recorder.write()

    heads = await store.heads()
    assert len(heads) == HEADS_BOUND
    assert heads[0] == heads[99] != heads[100], "the oldest gave way"
