"""Counts of old revisions are added up, and nobody who asks for them is told anything else."""

import asyncio
import random
from collections import Counter

from strangler.control.gates import read_evidence
from strangler.routing.compile import load
from strangler.routing.phase import Phase
from strangler.store.records import AnswerCount, AnswerKey, RuleCount, Transition, VerdictCount
from strangler.store.store import Store
from tests.store.sample import NOON, add_revision, after, batch, mismatch, observation

DAY = 86400.0
ROUTE = "/api/v1/datasets"

SHADOW = Transition("datasets", None, "monolith", "shadow")
CANARY = Transition("datasets", None, "shadow", "canary")
HEAVIER = Transition("datasets", None, "canary", "canary", "weight 5% → 25%")
BACK = Transition("datasets", None, "canary", "shadow")

TEXT = """\
version: 1
upstreams:
  old: {targets: ["http://127.0.0.1:1"]}
  new: {targets: ["http://127.0.0.1:2"]}
monolith: old
domains:
  datasets:
    service: new
    phase: canary
    canary: {weight: 100%}
    routes:
      - path: /api/v1/datasets
"""


async def made(store: Store, *moves: Transition | None) -> None:
    """Make one revision a day, each with a move of the domain or with none."""
    for number, move in enumerate(moves):
        transitions = () if move is None else (move,)
        previous = number or None
        await add_revision(store, previous, *transitions, at=after(number * DAY))


async def settle(store: Store, days: float) -> int:
    """Settle what was over by then."""
    parts = await store.unsettled(after(days * DAY))
    return sum([await store.settle(part) for part in parts])


def answer(revision: int, outcome: str = "2xx", system: str = "service") -> AnswerKey:
    return "datasets", ROUTE, revision, system, "GET", outcome, 40


async def test_what_was_counted_between_two_moves_is_told_under_the_first(store: Store) -> None:
    await made(store, SHADOW, None, None, CANARY, None, None)
    for revision in range(1, 7):
        one = observation(route=ROUTE, revision=revision, fired=("$.at",), method="GET")
        await store.record(batch(one, one))
        await store.add_answers({answer(revision): 2}, after(revision))

    assert await settle(store, days=2.5) == 1 * 3, "revision 2 was over, 3 is the live one"
    assert [each.revision for each in await store.verdicts()] == [1, 3, 4, 5, 6]

    assert await settle(store, days=99) == (2 + 1) * 3
    told = [(each.revision, each.count, each.method) for each in await store.verdicts()]
    assert told == [(0, 6, ""), (4, 4, "GET"), (6, 2, "GET")], "6 is live"
    assert await store.rule_counts() == [RuleCount("datasets", ROUTE, "$.at", 12)]
    assert await store.rule_counts(since=4) == [RuleCount("datasets", ROUTE, "$.at", 6)]
    assert await store.answers("datasets") == [
        AnswerCount(*answer(0), count=6, last_seen=after(3)),
        AnswerCount(*answer(4), count=4, last_seen=after(5)),
        AnswerCount(*answer(6), count=2, last_seen=after(6)),
    ]
    assert await settle(store, days=99) == 0


async def test_a_route_that_moves_alone_is_a_move_of_the_domain(store: Store) -> None:
    ahead = Transition("datasets", ROUTE, "shadow", "canary")
    await made(store, SHADOW, None, ahead, None, None)
    for revision in range(1, 6):
        await store.record(batch(observation(revision=revision)))
    await settle(store, days=99)
    assert [(each.revision, each.count) for each in await store.verdicts()] == [
        (1, 2),
        (3, 2),
        (5, 1),
    ]


async def test_the_last_answer_of_a_kind_stays_known(store: Store) -> None:
    await made(store, SHADOW, None, None, None)
    await store.add_answers({answer(2, "fallback"): 1}, after(50))
    await store.add_answers({answer(3, "fallback"): 1}, after(20))
    await settle(store, days=99)
    assert await store.answers("datasets") == [
        AnswerCount(*answer(1, "fallback"), count=2, last_seen=after(50))
    ]


async def test_a_share_of_comparisons_stays_what_it_was(store: Store) -> None:
    await made(store, SHADOW, CANARY, BACK, None)
    await store.record(batch(*[observation(revision=1)] * 7))
    await store.record(batch(mismatch(1, revision=2), observation(revision=2)))
    await store.record(batch(observation(revision=3), mismatch(2, revision=3)))
    (before,) = await store.findings()
    assert before.compared == 4

    await settle(store, days=99)
    assert await store.findings() == [before]
    assert VerdictCount("datasets", before.route, 0, "mismatch", 1) in await store.verdicts()


async def test_many_replicas_settle_at_once_and_every_count_is_added_once(url: str) -> None:
    stores = [await Store.open(url, migrate=True) for _ in range(4)]
    try:
        first = stores[0]
        await made(first, SHADOW, *[None] * 60)
        for revision in range(1, 61):
            seen = [observation(route=route, revision=revision) for route in ("/a", "/b")]
            await first.record(batch(*seen))
        await asyncio.gather(*(settle(each, days=99) for each in stores))
        told = [(each.route, each.revision, each.count) for each in await first.verdicts()]
        assert told == [("/a", 1, 60), ("/b", 1, 60)]
    finally:
        for store in stores:
            await store.close()


async def test_no_gate_sees_another_evidence_whatever_was_counted_when(store: Store) -> None:
    chance = random.Random(7)
    table = load(TEXT)
    phase = "monolith"
    for number in range(30):
        canary = Transition("datasets", None, phase, "canary", "weight 5%")
        shadow = Transition("datasets", None, phase, "shadow")
        move = chance.choice([None, None, None, canary, canary, shadow, HEAVIER])
        phase = phase if move is None else move.to_phase
        moves = () if move is None else (move,)
        await add_revision(store, number or None, *moves, at=after(number * DAY))
        seen = [
            observation(route=ROUTE, revision=number + 1, method="GET", status=status)
            for status in chance.choices(["2xx", "4xx"], k=3)
        ]
        await store.record(batch(*seen))
        kinds = Counter(
            answer(number + 1, chance.choice(["2xx", "5xx", "fallback"]), system)
            for system in chance.choices(["service", "monolith"], k=5)
        )
        await store.add_answers(kinds, after(chance.randrange(999)))
        domain = table.domains["datasets"]
        for route in (None, ROUTE):
            before = await read_evidence(store, domain, Phase.CANARY, route, NOON)
            await settle(store, days=number - chance.choice([0, 1, 5]))
            assert await read_evidence(store, domain, Phase.CANARY, route, NOON) == before
    assert len(await store.verdicts()) < 30
