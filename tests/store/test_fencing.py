"""Fences in the store: each ends once, and nothing is switched that a replica could contradict."""

import asyncio
from dataclasses import replace

import pytest

from strangler.store.errors import Conflict
from strangler.store.records import Fence, FenceState
from strangler.store.store import Store
from tests.store.sample import add_revision

DRAFT = Fence(
    number=0,
    left=30.0,
    actor="ada",
    reason="it is right",
    follows=1,
    domains=frozenset({"books"}),
    everything=False,
    requests=10,
    state=FenceState.RAISED,
)


async def raised(store: Store, **changes: float) -> Fence:
    await add_revision(store, None)
    return await store.raise_fence(replace(DRAFT, **changes))  # type: ignore[arg-type]  # left


async def register(store: Store, life: str) -> None:
    await store.register(life=life, name=f"web-{life}", address="10.0.0.1:8080")


async def acknowledge(store: Store, life: str, fence: int) -> None:
    assert await store.beat(life, revision=1, workers=1, ready=1, fence=fence)


async def state(store: Store) -> tuple[str | None, int]:
    pulse = await store.pulse()
    return None if pulse.fence is None else pulse.fence.state.value, pulse.newest


async def test_a_fence_is_there_with_what_is_left_of_its_time(store: Store) -> None:
    assert await state(store) == (None, 0)
    fence = await raised(store)
    (found, newest) = await state(store)

    assert (fence.number, fence.domains, found, newest) == (1, DRAFT.domains, "raised", 1)
    assert 20 < fence.left <= 30


async def test_the_switch_waits_for_every_replica(store: Store) -> None:
    fence = await raised(store)
    for life in "ab":
        await register(store, life)
    await acknowledge(store, "a", fence.number)
    assert await store.unacknowledged(fence.number) == ["web-b"]
    with pytest.raises(Conflict, match="web-b does not hold its writes"):
        await add_revision(store, 1, fence=fence.number)
    await acknowledge(store, "b", fence.number)
    await add_revision(store, 1, fence=fence.number)

    assert await state(store) == ("switched", 2)


async def test_an_acknowledgement_of_another_fence_is_none(store: Store) -> None:
    first = await raised(store)
    await register(store, "a")
    await acknowledge(store, "a", first.number)
    await store.lift_fence(first.number, "it lagged")
    second = await store.raise_fence(DRAFT)

    assert await store.unacknowledged(second.number) == ["web-a"]


async def test_whoever_was_forgotten_or_departed_is_not_waited_for(store: Store) -> None:
    fence = await raised(store)
    for life in "ab":
        await register(store, life)
    await store.forget(["a"], actor="ada", reason="it burnt down")
    await store.depart(["b"])

    assert await store.unacknowledged(fence.number) == []


async def test_while_it_stands_nothing_else_changes(store: Store) -> None:
    await raised(store)

    for change in (add_revision(store, 1), store.raise_fence(DRAFT)):
        with pytest.raises(Conflict, match="ada is moving the writer of books just now"):
            await change


async def test_one_whose_time_is_up_is_in_nobody_s_way_and_cannot_be_switched(
    store: Store,
) -> None:
    fence = await raised(store, left=0.05)
    await asyncio.sleep(0.1)
    with pytest.raises(Conflict, match="its time was up"):
        await add_revision(store, 1, fence=fence.number)
    await add_revision(store, 1)

    assert await state(store) == ("lifted", 2)


async def test_it_ends_once(store: Store) -> None:
    fence = await raised(store)
    lifted = await store.lift_fence(fence.number, "web-3 did not acknowledge it")
    again = await store.lift_fence(fence.number, "another reason")
    assert (lifted.state, lifted.said) == (FenceState.LIFTED, "web-3 did not acknowledge it")
    assert again.said == lifted.said
    with pytest.raises(Conflict, match="fence 1 is lifted"):
        await add_revision(store, 1, fence=fence.number)


async def test_what_was_switched_stays_so(store: Store) -> None:
    fence = await raised(store)
    await add_revision(store, 1, fence=fence.number)

    assert (await store.lift_fence(fence.number, "too late")).state is FenceState.SWITCHED


async def test_a_move_of_what_is_no_longer_live_is_a_conflict(store: Store) -> None:
    await add_revision(store, None)
    await add_revision(store, 1)

    with pytest.raises(Conflict, match="revision 2 is the newest"):
        await store.raise_fence(DRAFT)


async def test_a_replica_that_registers_during_a_switch_is_before_or_after_it(
    store: Store, url: str
) -> None:
    """Never beside it: then it would read an old revision, and nobody would wait for it."""
    fence = await raised(store)
    other = await Store.open(url)

    async def arrive() -> int:
        await register(other, "late")
        return (await other.pulse()).newest

    switched, newest = await asyncio.gather(
        add_revision(store, 1, fence=fence.number), arrive(), return_exceptions=True
    )
    await other.close()
    assert isinstance(switched, Conflict) or newest == 2
