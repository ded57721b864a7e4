"""Findings that are not needed any more go, with all that is kept of them but what was said."""

from strangler.compare.state import FindingState
from strangler.store.records import StateChange
from strangler.store.store import Store
from tests.store.sample import NOON, SIGNATURE, after, batch, mismatch


async def listed(store: Store) -> set[str]:
    return {each.id for each in await store.findings(noise=None)}


async def test_what_was_last_seen_before_a_time_goes(store: Store) -> None:
    await store.record(batch(mismatch(0, "aaaa"), mismatch(5, "aaaa"), mismatch(1, "bbbb")))

    assert await store.purge(before=after(5)) == 1
    assert await listed(store) == {"aaaa"}


async def test_of_each_route_the_last_seen_are_kept_and_noise_is_counted_apart(
    store: Store,
) -> None:
    await store.record(
        batch(
            *(mismatch(n, f"000{n}") for n in range(4)),
            mismatch(0, "0fff", noise=True),
            mismatch(0, "0eee", route="GET /other"),
        )
    )
    assert await store.purge(most=2) == 2
    assert await listed(store) == {"0002", "0003", "n0fff", "0eee"}
    assert await store.purge(route="GET /other", most=0) == 1
    assert await store.purge(domain="datasets", most=0) == 3


async def test_one_that_is_seen_again_is_new_and_has_its_history(store: Store) -> None:
    await store.record(batch(mismatch(0), mismatch(1)))
    await store.say(SIGNATURE, StateChange(NOON, "ada", "why", FindingState.ACCEPTED))
    await store.purge(most=0)
    assert await store.finding(SIGNATURE) is None
    await store.record(batch(mismatch(9)))

    found = await store.finding(SIGNATURE)
    assert found is not None
    assert (found.count, found.first_seen, len(found.examples)) == (1, after(9), 1)
    assert [said.reason for said in found.history] == ["why"]


async def test_counts_by_the_hour_go_by_age_and_totals_stay(store: Store) -> None:
    await store.record(batch(mismatch(0), mismatch(3600), mismatch(7200)))
    await store.purge_hours(after(3600))

    assert [each.hour for each in await store.hours(since=NOON)] == [after(3600), after(7200)]
    assert sum(each.count for each in await store.verdicts()) == 3
