"""Counts of answers add up, whoever writes them, and tell when the last of a kind came."""

from dataclasses import replace

from strangler.store.chain import BEGINNING, link
from strangler.store.records import AnswerCount, AnswerKey, Transition, VerdictCount
from strangler.store.store import Store
from tests.store.sample import add_revision, after, batch, observation

KIND: AnswerKey = ("datasets", "/a", 3, "service", "GET", "2xx", 40)
OTHER: AnswerKey = ("datasets", "/a", 4, "service", "GET", "fallback", 90)
ELSEWHERE: AnswerKey = ("users", "/u", 3, "monolith", "GET", "2xx", 12)


async def test_answers_add_up_and_the_last_is_known(store: Store) -> None:
    await store.add_answers({KIND: 3, OTHER: 1}, after(5))
    await store.add_answers({KIND: 4}, after(9))
    await store.add_answers({KIND: 1, ELSEWHERE: 8}, after(7))  # a slower replica

    assert await store.answers("datasets") == [
        AnswerCount(*KIND, count=8, last_seen=after(9)),
        AnswerCount(*OTHER, count=1, last_seen=after(5)),
    ]


async def test_answers_under_older_revisions_can_be_left_out(store: Store) -> None:
    await store.add_answers({KIND: 3, OTHER: 1}, after(0))
    assert [each.revision for each in await store.answers("datasets", since=4)] == [4]


async def test_verdicts_are_told_apart_by_method_and_status(store: Store) -> None:
    await store.record(
        batch(
            *[observation(method="GET", status="2xx")] * 3,
            observation(method="GET", status="4xx"),
            observation(method="HEAD", status="2xx"),
        )
    )
    route = observation().route
    assert await store.verdicts() == [
        VerdictCount("datasets", route, 1, "match", 3, "GET", "2xx"),
        VerdictCount("datasets", route, 1, "match", 1, "GET", "4xx"),
        VerdictCount("datasets", route, 1, "match", 1, "HEAD", "2xx"),
    ]


async def test_a_transition_keeps_the_evidence_on_which_it_was_made(store: Store) -> None:
    evidence = {"outcome": "open", "criteria": [{"name": "errors", "numbers": {"upper": 0.125}}]}
    await add_revision(store, None, Transition("datasets", None, "shadow", "canary", "", evidence))
    (entry,) = await store.history("datasets")
    assert entry.transition.evidence == evidence
    (chapter,) = await store.chapters()
    assert chapter.revision.hash == link(BEGINNING, chapter.revision, chapter.transitions)
    unproven = [replace(move, evidence=None) for move in chapter.transitions]
    assert chapter.revision.hash != link(BEGINNING, chapter.revision, unproven)
