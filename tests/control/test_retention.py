"""What nobody asks for any more is forgotten, and no more than that."""

from datetime import timedelta

from strangler.control.retention import REVISIONS_TOLD, settle_counts
from strangler.store.records import Transition
from strangler.store.store import Store
from tests.store.sample import NOON, SHADOWED, add_revision, batch, observation

CANARY = Transition("datasets", None, "shadow", "canary")


async def test_counts_are_told_by_revision_until_others_were_live_for_a_month(store: Store) -> None:
    for number, moves in enumerate([(SHADOWED,), (), (CANARY,)]):
        await add_revision(store, number or None, *moves, at=NOON + timedelta(hours=number))
        await store.record(batch(observation(revision=number + 1)))
    moved = NOON + timedelta(hours=2)

    assert await settle_counts(store, moved + REVISIONS_TOLD - timedelta(hours=1.5)) == 0
    assert [each.revision for each in await store.verdicts()] == [1, 2, 3]
    assert await settle_counts(store, moved + REVISIONS_TOLD) == 2
    assert [(each.revision, each.count) for each in await store.verdicts()] == [(0, 2), (3, 1)]
    assert await settle_counts(store, moved + REVISIONS_TOLD) == 0
