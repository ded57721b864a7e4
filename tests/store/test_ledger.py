"""The ledger: numbered revisions, and who moved what, when and why."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from strangler.store.errors import Conflict
from strangler.store.records import LedgerEntry, Transition
from strangler.store.store import Store
from tests.store.sample import NOON, SHADOWED, add_revision, after


async def test_a_new_store_has_no_revision(store: Store) -> None:
    assert await store.newest() is None
    assert await store.newest_number() == 0
    assert await store.revisions() == []
    assert await store.history() == []


async def test_revisions_are_numbered_and_come_back_as_they_were_written(store: Store) -> None:
    first = await add_revision(store, None, text="version: 1 # früher\n")
    second = await add_revision(store, 1, forced=True, reason="größer »als« gedacht ✓")
    assert (first.number, second.number) == (1, 2)
    assert await store.newest() == second
    assert await store.newest_number() == 2
    assert await store.revision(1) == first
    assert await store.revision(3) is None
    assert await store.revisions() == [second, first]
    assert await store.revisions(limit=1) == [second]


@pytest.mark.parametrize("previous", [None, 2])
async def test_a_revision_must_follow_the_newest(store: Store, previous: int | None) -> None:
    first = await add_revision(store, None)
    with pytest.raises(Conflict, match="revision 1 is the newest by now"):
        await add_revision(store, previous, SHADOWED)
    assert await store.revisions() == [first]
    assert await store.history() == []


async def test_of_many_writers_at_once_exactly_one_is_first(url: str) -> None:
    stores = [await Store.open(url, migrate=True) for _ in range(4)]
    try:
        writes = [add_revision(store, None, actor=f"writer {n}") for n, store in enumerate(stores)]
        results = await asyncio.gather(*writes, return_exceptions=True)
        winners = [result for result in results if not isinstance(result, Conflict)]
        assert winners == await stores[0].revisions()
        assert len(winners) == 1
    finally:
        for store in stores:
            await store.close()


async def test_the_history_names_actor_reason_and_revision_newest_first(store: Store) -> None:
    canary = Transition("datasets", None, "shadow", "canary", "weight 10%")
    lagging = Transition("datasets", "GET /files/**", "monolith", "shadow")
    users = Transition("users", None, "monolith", "shadow")
    await add_revision(store, None, SHADOWED, users)
    await add_revision(
        store, 1, canary, lagging, actor="bo", reason="it holds", at=after(60), forced=True
    )
    assert await store.history() == [
        LedgerEntry(2, after(60), "bo", "it holds", True, lagging),
        LedgerEntry(2, after(60), "bo", "it holds", True, canary),
        LedgerEntry(1, NOON, "ada", "begin", False, users),
        LedgerEntry(1, NOON, "ada", "begin", False, SHADOWED),
    ]
    assert [entry.transition for entry in await store.history("users")] == [users]
    assert [entry.transition for entry in await store.history(limit=1)] == [lagging]


async def test_times_come_back_in_utc_to_the_microsecond(store: Store) -> None:
    kathmandu = datetime(2026, 1, 1, 0, 0, 0, 7, timezone(timedelta(hours=5, minutes=45)))
    await add_revision(store, None, at=kathmandu)
    newest = await store.newest()
    assert newest is not None
    assert newest.at == kathmandu
    assert newest.at.tzinfo is UTC


async def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="a time without a zone"):
        await add_revision(store, None, at=NOON.replace(tzinfo=None))
    assert await store.newest() is None


async def test_words_that_a_database_cannot_hold_are_made_storable(store: Store) -> None:
    await add_revision(store, None, actor="b\0b", reason="caf\udce9 " + "long " * 1000)
    newest = await store.newest()
    assert newest is not None
    assert newest.actor == "b\ufffdb"
    assert newest.reason.startswith("caf? long")
    assert newest.reason.endswith("…")
