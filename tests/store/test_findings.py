"""Findings, counts and examples: added up whatever comes first, and never without bound."""

import asyncio
import random
from collections.abc import Iterable
from dataclasses import replace

import pytest

from strangler.store import bounds
from strangler.store.errors import StoreError
from strangler.store.evidence import Written
from strangler.store.observed import Observation
from strangler.store.records import Finding, RuleCount, VerdictCount
from strangler.store.store import Store
from tests.store.sample import (
    SIGNATURE,
    after,
    batch,
    example,
    mismatch,
    observation,
    sighting,
)

ROUTE = "GET /api/v1/datasets"


async def the_finding(store: Store, id_: str = SIGNATURE) -> Finding:
    found = await store.finding(id_)
    assert found is not None
    return found


async def test_verdicts_and_rules_are_counted_by_route_and_revision(store: Store) -> None:
    await store.record(batch(observation(), observation(fired=("header:date",))))
    await store.record(
        batch(
            observation(revision=2, fired=("$.at", "header:date")),
            observation(verdict="ignored", domain="users", route="GET /users"),
        )
    )
    assert await store.verdicts() == [
        VerdictCount("datasets", ROUTE, 1, "match", 2),
        VerdictCount("datasets", ROUTE, 2, "match", 1),
        VerdictCount("users", "GET /users", 1, "ignored", 1),
    ]
    assert [count.domain for count in await store.verdicts("users")] == ["users"]
    assert [count.revision for count in await store.verdicts(since=2)] == [2]
    assert await store.rule_counts() == [
        RuleCount("datasets", ROUTE, "$.at", 1),
        RuleCount("datasets", ROUTE, "header:date", 2),
    ]
    assert await store.rule_counts(since=2, route=ROUTE) == [
        RuleCount("datasets", ROUTE, "$.at", 1),
        RuleCount("datasets", ROUTE, "header:date", 1),
    ]
    assert await store.rule_counts("users") == []


async def test_an_observation_may_stand_for_many_exchanges(store: Store) -> None:
    alike = replace(observation(fired=("$.at",)), count=3)
    await store.record(batch(alike, observation()))
    assert await store.verdicts() == [VerdictCount("datasets", ROUTE, 1, "match", 4)]
    assert await store.rule_counts() == [RuleCount("datasets", ROUTE, "$.at", 3)]


async def test_a_rule_that_a_database_cannot_hold_does_not_lose_the_batch(store: Store) -> None:
    await store.record(batch(observation(fired=("$['\0']",))))
    assert [each.rule for each in await store.rule_counts()] == ["$['\ufffd']"]


async def test_an_empty_batch_changes_nothing(store: Store) -> None:
    assert await store.record(batch()) == Written(rows=0, left_out=0)
    assert await store.verdicts() == []


async def test_a_finding_comes_back_as_it_was_seen(store: Store) -> None:
    await store.record(batch(mismatch(5, revision=3)))
    assert await the_finding(store) == Finding(
        id=SIGNATURE,
        signature=SIGNATURE,
        domain="datasets",
        route=ROUTE,
        kind="value",
        paths=("$.size",),
        noise=False,
        first_seen=after(5),
        last_seen=after(5),
        revision_first=3,
        revision_last=3,
        count=1,
        compared=1,
        examples=(example(5),),
    )


@pytest.mark.parametrize("seed", range(4))
async def test_a_finding_adds_up_whatever_the_order_of_batches(store: Store, seed: int) -> None:
    observations = [mismatch(second, revision=1 + second // 10) for second in range(30)]
    observations_before = tuple(observations)
    shuffle = random.Random(seed)
    shuffle.shuffle(observations)
    for part in cut(observations, shuffle):
        await store.record(batch(*part))
    found = await the_finding(store)
    assert (found.first_seen, found.last_seen, found.count) == (after(0), after(29), 30)
    assert (found.revision_first, found.revision_last) == (1, 3)
    keys = [(each.at, f"request-{second}") for second, each in enumerate(observations_before)]
    assert [(each.at, each.request_id) for each in found.examples] == bounds.keep(keys)


def cut(observations: list[Observation], shuffle: random.Random) -> Iterable[list[Observation]]:
    while observations:
        size = shuffle.randint(1, 8)
        yield observations[:size]
        observations = observations[size:]


async def test_many_replicas_write_the_same_rows_at_once(url: str) -> None:
    stores = [await Store.open(url, migrate=True) for _ in range(4)]
    signatures = [f"{number:04x}" for number in range(6)]
    try:
        # Each replica meets the findings in an order of its own, which must not end in a circle.
        await asyncio.gather(
            *(
                store.record(
                    batch(*(mismatch(n, each) for each in signatures[n:] + signatures[:n]))
                )
                for n, store in enumerate(stores)
                for _ in range(5)
            )
        )
        found = await stores[0].findings()
        assert {each.id: each.count for each in found} == dict.fromkeys(signatures, 20)
        assert sum(count.count for count in await stores[0].verdicts()) == 120
    finally:
        for store in stores:
            await store.close()


async def test_noise_is_a_finding_of_its_own(store: Store) -> None:
    await store.record(batch(mismatch(1), mismatch(2, noise=True), mismatch(3, noise=True)))
    assert [(each.id, each.count) for each in await store.findings()] == [(SIGNATURE, 1)]
    assert [(each.id, each.count) for each in await store.findings(noise=True)] == [
        ("n" + SIGNATURE, 2)
    ]
    assert len(await store.findings(noise=None)) == 2
    assert (await the_finding(store, "n" + SIGNATURE[:4])).noise


async def test_findings_are_listed_last_seen_first_without_examples(store: Store) -> None:
    await store.record(
        batch(
            mismatch(1, "aaaa"),
            mismatch(3, "bbbb", route="GET /other"),
            mismatch(2, "cccc", domain="users"),
        )
    )
    listed = await store.findings()
    assert [each.id for each in listed] == ["bbbb", "cccc", "aaaa"]
    assert {each.examples for each in listed} == {()}
    assert [each.id for each in await store.findings(domain="users")] == ["cccc"]
    assert [each.id for each in await store.findings(route="GET /other")] == ["bbbb"]
    assert [each.id for each in await store.findings(limit=1)] == ["bbbb"]


async def test_the_start_of_an_id_is_enough_unless_it_is_ambiguous(store: Store) -> None:
    await store.record(batch(mismatch(1, "abcd11"), mismatch(2, "abcd22"), mismatch(3, "abcd")))
    assert (await the_finding(store, "ABCD1")).id == "abcd11"
    assert (await the_finding(store, "abcd")).id == "abcd", "a whole id is never ambiguous"
    assert await store.finding("ffff") is None
    assert await store.finding("%%%%") is None
    assert await store.finding("abcd_1") is None
    with pytest.raises(StoreError, match="'abc' is too short"):
        await store.finding("abc")
    await store.record(batch(mismatch(1, "eeee1"), mismatch(2, "eeee2")))
    with pytest.raises(StoreError, match=r"several findings: eeee1 .*, eeee2 "):
        await store.finding("eeee")


async def test_an_example_is_cut_to_what_may_be_stored(store: Store) -> None:
    differences = [{"path": f"$.field_{n}", "primary": "x" * 500} for n in range(100)]
    huge = example(differences=differences, target="/" + "a" * 10_000, request_id="é\0" * 5_000)
    paths = tuple(f"$.{'deep.' * 200}{n}" for n in range(100))
    await store.record(batch(observation(sightings=(sighting(examples=(huge,), paths=paths),))))
    found = await the_finding(store)
    (kept,) = found.examples
    assert list(kept.differences) == differences[: len(kept.differences)]
    assert kept.omitted == 100 - len(kept.differences) > 0
    assert len(kept.target.encode()) <= bounds.TEXT_BYTES
    assert len(kept.request_id.encode()) <= bounds.TEXT_BYTES
    assert 0 < len(found.paths) < 100


async def test_the_same_example_twice_is_kept_once(store: Store) -> None:
    await store.record(batch(mismatch(1)))
    await store.record(batch(mismatch(1)))
    found = await the_finding(store)
    assert (found.count, len(found.examples)) == (2, 1)


async def test_a_route_with_endless_findings_fills_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strangler.store.tally.FINDINGS_PER_ROUTE", 3)
    batches = (
        batch(*(mismatch(n, f"000{n}") for n in range(5))),
        batch(mismatch(9, "000f"), mismatch(9, "0000")),
        batch(mismatch(9, "0ccc", noise=True)),
        batch(mismatch(9, "0ddd", route="GET /other")),
    )
    assert [(await store.record(each)).left_out for each in batches] == [2, 1, 0, 0]
    counts = {each.id: each.count for each in await store.findings(noise=None)}
    assert counts == {"0000": 2, "0001": 1, "0002": 1, "n0ccc": 1, "0ddd": 1}
    assert sum(each.count for each in await store.verdicts()) == 9, (
        "verdicts are counted all the same"
    )
