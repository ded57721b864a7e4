"""Notices: what one process met and `status` shows from another."""

from strangler.store.records import Notice
from strangler.store.store import Store
from tests.store.sample import after


async def test_a_notice_takes_the_place_of_the_last_and_is_withdrawn_for_all(store: Store) -> None:
    refused = Notice("web-1", "refused-file", after(1), "routes.yaml:3:1: unknown key")
    later = Notice("web-1", "refused-file", after(3), "routes.yaml:4:1: unknown key")
    elsewhere = Notice("web-2", "refused-file", after(2), "routes.yaml:3:1: unknown key")
    other = Notice("web-1", "store-away", after(0), "42 observations were lost")
    for notice in (refused, elsewhere, other, later):
        await store.post_notice(notice)
    assert await store.notices() == [later, elsewhere, other]
    await store.withdraw_notices("refused-file")
    assert await store.notices() == [other]


async def test_a_notice_lists_many_mistakes_but_not_endlessly(store: Store) -> None:
    await store.post_notice(Notice("web-1", "refused-file", after(1), "a mistake\n" * 100_000))
    (notice,) = await store.notices()
    assert notice.text.endswith("…")
