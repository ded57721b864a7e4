"""Observations on their way to the store: added up, within bounds, none twice."""

import asyncio
from pathlib import Path

import pytest

from strangler.control import recorder as module
from strangler.control.allowance import Allowance
from strangler.control.live import LiveTable
from strangler.control.membership import Membership
from strangler.control.recorder import Recorder
from strangler.store.records import AnswerKey
from strangler.store.store import Store
from tests.control.test_live import without_table
from tests.store.sample import observation


@pytest.fixture
def live(store: Store) -> LiveTable:
    return LiveTable(store, Membership(store, "here", "127.0.0.1:8080"))


@pytest.fixture
def recorder(store: Store, live: LiveTable) -> Recorder:
    return Recorder(store, live)


async def written(store: Store) -> int:
    return sum(row.count for row in await store.verdicts())


async def test_what_waits_is_written_once(recorder: Recorder, store: Store) -> None:
    recorder.take(tuple(observation() for _ in range(3)))
    recorder.take((observation(),))
    assert recorder.waiting == 4
    await recorder.write()
    await recorder.write()

    assert (await written(store), recorder.waiting, recorder.lost) == (4, 0, 0)


async def test_more_than_one_batch_is_written_at_once(recorder: Recorder, store: Store) -> None:
    recorder.take(tuple(observation(revision=n) for n in range(2 * module.BATCH + 1)))
    await recorder.write()

    assert (await written(store), recorder.waiting) == (2 * module.BATCH + 1, 0)


async def test_what_is_beyond_the_rows_of_a_while_waits_and_adds_up(
    recorder: Recorder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 1)
    recorder._room = Allowance(2, 2)
    kinds = tuple(observation(revision=number) for number in (1, 2, 3))
    recorder.take(kinds)
    await recorder.write()
    recorder.take(kinds)
    await recorder.write()
    assert [(each.revision, each.count) for each in await store.verdicts()] == [(1, 1)]
    assert recorder.waiting == 5

    recorder._room.grow(1)
    await recorder.write()
    assert [(each.revision, each.count) for each in await store.verdicts()] == [(1, 1), (2, 2)]

    await recorder.finish()
    assert (await written(store), recorder.waiting) == (6, 0)


async def test_two_who_write_at_the_same_time_write_nothing_twice(
    recorder: Recorder, store: Store
) -> None:
    """At the end the last write meets the regular one."""
    recorder.take(tuple(observation(revision=number) for number in range(50)))
    await asyncio.gather(recorder.write(), recorder.write())

    assert await written(store) == 50


async def test_what_the_store_does_not_take_waits_in_order(
    recorder: Recorder, store: Store, live: LiveTable, tmp_path: Path
) -> None:
    recorder.take((observation(), observation()))
    with without_table(tmp_path / "s.db", "verdicts"):
        await recorder.write()
        assert (recorder.waiting, live.store_available, live.store_failures) == (2, False, 1)
    await recorder.write()

    assert (await written(store), recorder.waiting, live.store_available) == (2, 0, True)


async def test_what_has_no_room_is_lost_and_counted_and_what_is_alike_has_room(
    store: Store, live: LiveTable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "BOUND", 3)
    recorder = Recorder(store, live)
    recorder.take(tuple(observation(revision=number, count=2) for number in range(1, 6)))
    assert (recorder.waiting, recorder.lost) == (6, 4)
    with without_table(tmp_path / "s.db", "verdicts"):
        await recorder.write()
        recorder.take((observation(revision=3), observation(revision=6)))
    await recorder.write()

    assert recorder.lost == 5
    counts = {row.revision: row.count for row in await store.verdicts()}
    assert counts == {1: 2, 2: 2, 3: 3}


async def test_there_is_room_for_others_while_what_waited_is_written(
    store: Store, live: LiveTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BOUND", 3)
    recorder = Recorder(store, live)
    recorder.take(tuple(observation(revision=number) for number in (1, 2, 3)))
    writing = asyncio.create_task(recorder.write())
    await asyncio.sleep(0)  # the batch is out now, and the database not yet done
    recorder.take(tuple(observation(revision=number) for number in (4, 5, 6)))
    await writing

    assert sorted(row.revision for row in await store.verdicts()) == [1, 2, 3, 4, 5, 6]
    assert (recorder.lost, recorder.waiting) == (0, 0)


# --- answers ------------------------------------------------------------------------------------

KIND: AnswerKey = ("datasets", "/a", 3, "service", "GET", "2xx", 40)


async def test_answers_are_added_up_before_they_are_written(
    recorder: Recorder, store: Store
) -> None:
    recorder.take_answers({KIND: 3})
    recorder.take_answers({KIND: 4})
    await recorder.write_answers()
    await recorder.write_answers()

    assert [each.count for each in await store.answers("datasets")] == [7]


async def test_the_answers_of_a_domain_are_written_together_and_others_wait_for_it(
    recorder: Recorder, store: Store
) -> None:
    recorder._room_for_answers = Allowance(1, 1)
    other: AnswerKey = ("users", "/b", 3, "service", "GET", "2xx", 40)
    recorder.take_answers({KIND: 1, (*KIND[:6], 41): 1, other: 1})
    await recorder.write_answers()
    assert len(await store.answers("datasets")) == 2
    recorder._room_for_answers.grow(1)
    await recorder.write_answers()
    assert await store.answers("users") == [], "the first domain took the rows of two seconds"
    recorder._room_for_answers.grow(1)
    await recorder.write_answers()
    assert len(await store.answers("users")) == 1


async def test_answers_that_the_store_does_not_take_are_kept(
    recorder: Recorder, store: Store, live: LiveTable, tmp_path: Path
) -> None:
    recorder.take_answers({KIND: 3})
    with without_table(tmp_path / "s.db", "answers"):
        await recorder.write_answers()
        assert not live.store_available
        recorder.take_answers({KIND: 1})
    await recorder.write_answers()

    assert [each.count for each in await store.answers("datasets")] == [4]
    assert live.store_available
