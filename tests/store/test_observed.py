"""Observations that are alike add up: counts exactly, times to both ends, examples by chance."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.store.bounds import EXAMPLES
from strangler.store.observed import Gathering, Observation, chosen
from tests.store.sample import after, mismatch, observation

SECONDS = st.lists(st.integers(0, 3599), min_size=1, max_size=40)


@given(SECONDS, st.randoms(use_true_random=False))
def test_whatever_the_order_a_sum_is_the_same(seconds: list[int], chance) -> None:
    observations = [mismatch(each) for each in seconds]
    shuffled = chance.sample(observations, len(observations))
    both = [summed(each) for each in (observations, shuffled)]

    assert both[0] == both[1]
    assert both[0].count == len(seconds)
    assert (both[0].at, both[0].last) == (after(min(seconds)), after(max(seconds)))
    every = [each.sightings[0].examples[0] for each in observations]
    assert both[0].sightings[0].examples == chosen(every)
    assert len(both[0].sightings[0].examples) == min(EXAMPLES, len(set(seconds)))


@given(SECONDS, st.integers(1, 40))
def test_it_does_not_matter_where_what_was_added_up_before(seconds: list[int], cut: int) -> None:
    """In workers, then in their supervisor."""
    observations = [mismatch(each) for each in seconds]
    parts = [observations[at : at + cut] for at in range(0, len(observations), cut)]

    assert summed([summed(part) for part in parts]) == summed(observations)


def summed(observations: list[Observation]) -> Observation:
    gathering = Gathering(1)
    assert all(map(gathering.add, observations))
    (one,) = gathering.take(1)
    # What was taken once is of one time only, and says so.
    return replace(one, until=one.last)


@pytest.mark.parametrize(
    "other",
    [
        mismatch(1, "ffff"),
        mismatch(1, noise=True),
        mismatch(1, revision=2),
        mismatch(1, route="GET /other"),
        mismatch(1, fired=("$.a",)),
        mismatch(1, method="HEAD"),
        mismatch(1, status="4xx"),
        mismatch(1, whole=False),
        mismatch(timedelta(hours=1).total_seconds()),
        observation(1, verdict="mismatch"),
    ],
)
def test_what_is_unlike_is_told_apart(other: Observation) -> None:
    gathering = Gathering(9)
    assert gathering.add(mismatch())
    assert gathering.add(other)
    assert gathering.take(9) == (mismatch(), other)


def test_those_that_have_waited_longest_are_given_first() -> None:
    gathering = Gathering(9)
    for number in (1, 2, 3, 1):
        gathering.add(observation(revision=number))
    assert [(each.revision, each.count) for each in gathering.take(2)] == [(1, 2), (2, 1)]
    assert (len(gathering), gathering.exchanges) == (1, 1)


def test_what_is_put_back_comes_first_and_adds_up_with_what_came_meanwhile() -> None:
    gathering = Gathering(2)
    gathering.add(observation(revision=1))
    gathering.add(observation(revision=2))
    taken = gathering.take(2)
    gathering.add(observation(revision=3))
    gathering.add(observation(revision=2))
    gathering.put_back(taken)

    assert not gathering.add(observation(revision=4)), "there is more than it may hold already"
    counts = Counter({each.revision: each.count for each in gathering.take(9)})
    assert list(counts.items()) == [(1, 1), (2, 2), (3, 1)]
