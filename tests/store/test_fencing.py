"""Fences in the store: each ends once, and nothing is switched that a replica could contradict."""

import asyncio
from dataclasses import replace

import pytest

from strangler.store.errors import Conflict, Unfenced
from strangler.store.records import Fence, FenceState, Selection
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


TABLE = """\
version: 1
upstreams:
  old: {targets: [http://127.0.0.1:9000]}
  new: {targets: [http://127.0.0.1:9101]}
monolith: old
domains:
  books: {service: new, phase: canary, canary: {weight: 1%}, routes: [{path: /books}]}
"""
MOVED = TABLE.replace("phase: canary", "phase: extracted")


async def test_no_writer_moves_without_a_fence_whoever_forgets_it(store: Store) -> None:
    await add_revision(store, None, text=TABLE)
    with pytest.raises(Unfenced, match="this moves the writer of books"):
        await add_revision(store, 1, text=MOVED, forced=True)
    assert await state(store) == (None, 1)

    fence = await store.raise_fence(DRAFT)
    await add_revision(store, 1, text=MOVED, fence=fence.number)
    with pytest.raises(Unfenced):
        await add_revision(store, 2, text=TABLE)
    await add_revision(store, 2, text=MOVED.replace("/books", '"/books"'))
    assert await state(store) == ("switched", 3)


async def test_a_fence_for_another_domain_is_none(store: Store) -> None:
    await add_revision(store, None, text=TABLE)
    fence = await store.raise_fence(replace(DRAFT, domains=frozenset({"lists"})))
    with pytest.raises(Unfenced):
        await add_revision(store, 1, text=MOVED, fence=fence.number)
    assert await state(store) == ("raised", 1)


async def test_who_comes_second_is_told_so_and_not_that_a_fence_is_lacking(store: Store) -> None:
    await add_revision(store, None, text=TABLE)
    await add_revision(store, 1, text=TABLE + "# seen")
    with pytest.raises(Conflict, match="revision 2 is the newest by now, not 1: ada made it"):
        await add_revision(store, 1, text=MOVED)


async def test_what_is_in_the_way_can_be_seen_while_it_stands_and_no_longer(store: Store) -> None:
    fence = await raised(store)
    await store.note_fence(fence.number, "the lag probe reports 3")
    assert [one.said for one in await store.fences()] == ["the lag probe reports 3"]
    await store.lift_fence(fence.number, "it took too long")
    await store.note_fence(fence.number, "the lag probe reports 2")
    assert [one.said for one in await store.fences()] == ["it took too long"]


async def test_fences_are_remembered_with_when_they_ended(store: Store) -> None:
    first = await raised(store)
    await store.lift_fence(first.number, "it lagged")
    second = await store.raise_fence(replace(DRAFT, domains=frozenset({"lists"}), actor="eve@web"))
    lifted, standing = reversed(await store.fences())

    assert lifted.at is not None
    assert lifted.ended_at is not None
    assert lifted.at <= lifted.ended_at
    assert (standing.number, standing.ended_at) == (second.number, None)
    for chosen, number in (
        (Selection(domain="books"), 1),
        (Selection(actor="eve"), 2),
        (Selection(until=lifted.at), 1),
        (Selection(since=standing.at), 2),
    ):
        assert [one.number for one in await store.fences(selection=chosen)] == [number]
    assert [one.number for one in await store.fences(1)] == [2]
