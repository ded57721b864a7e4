"""How surprising a look is, if both sides draw their answers from one urn, whatever the urn."""

import random
from itertools import combinations

import pytest

from strangler.compare.surprise import ASKS, ENOUGH, LEAST, surprise, weighed

LOOKS = [(asks, agreed) for asks in range(2, ASKS + 1) for agreed in range(asks)]


@pytest.mark.parametrize(("asks", "agreed"), LOOKS)
def test_the_worth_of_a_look_is_one_over_its_chance(asks, agreed):
    """Counted out: all ways to deal the answers to the sides, of which some look like this."""
    answers = [True] * (asks + agreed) + [False] * (asks - agreed)
    ways = list(combinations(range(2 * asks), asks))
    alike = [sum({answers[each] for each in way} == {True} for way in ways)]
    if agreed == 0:  # the candidate's may be the ones that are all alike
        alike.append(sum({answers[each] for each in way} == {False} for way in ways))

    assert surprise(asks, agreed) == pytest.approx(len(ways) / sum(alike))


def test_one_look_at_what_always_differs_is_enough_and_with_fewer_asks_never():
    assert weighed(1.0, surprise(ASKS, 0)) >= ENOUGH
    assert weighed(1.0, surprise(ASKS - 1, 0)) < ENOUGH


def test_what_was_taken_for_noise_needs_two_looks_and_one_that_met_a_change_is_forgiven():
    assert weighed(LEAST, surprise(ASKS, 0)) < ENOUGH
    assert weighed(weighed(LEAST, surprise(ASKS, 0)), surprise(ASKS, 0)) >= ENOUGH
    known = weighed(weighed(1.0, surprise(ASKS, 0)), surprise(2, 0))
    assert weighed(known, 0.0) >= LEAST
    assert weighed(weighed(known, 0.0), surprise(ASKS, 0)) >= ENOUGH


@pytest.mark.parametrize("values", [2, 3, 5])
def test_an_urn_seldom_gets_there_however_often_one_looks(values):
    """The bound is 1 in 100 for any urn; these get there in 1 of 500."""
    rng = random.Random(values)
    reached = 0
    for _ in range(2000):
        product = 1.0
        for _ in range(30):
            drawn = [rng.randrange(values) for _ in range(2 * ASKS)]
            ours, theirs = drawn[:ASKS], drawn[ASKS:]
            if theirs[0] == ours[0]:
                continue  # nothing differs, so nobody looks
            agreed = theirs.count(ours[0])
            product = weighed(product, surprise(ASKS, agreed) if len(set(ours)) == 1 else 0.0)
            if product >= ENOUGH:
                reached += 1
                break
    assert reached <= 20
