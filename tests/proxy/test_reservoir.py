"""The reservoir: each request of a stretch is kept with the same chance."""

import random
from collections import Counter

import pytest

from strangler.proxy.reservoir import Reservoir


def pass_by(reservoir: Reservoir[int], requests: int) -> None:
    """Do what the reader of requests does."""
    for number in range(requests):
        reservoir.until -= 1
        if reservoir.until == 0:
            reservoir.take(number)


@pytest.mark.parametrize("requests", [1, 5, 6, 100, 12_345])
def test_what_is_kept_stands_for_all(requests: int) -> None:
    reservoir = Reservoir[int](5, random.Random(7).random)
    pass_by(reservoir, requests)
    kept, weight = reservoir.empty()

    assert len(kept) == min(5, requests)
    assert len(set(kept)) == len(kept)
    assert weight * len(kept) == pytest.approx(requests)


def test_a_stretch_without_requests_is_empty() -> None:
    assert Reservoir[int](5, random.random).empty() == ([], 0.0)


def test_each_stretch_begins_anew() -> None:
    reservoir = Reservoir[int](3, random.Random(7).random)
    pass_by(reservoir, 1000)
    reservoir.empty()
    pass_by(reservoir, 6)
    kept, weight = reservoir.empty()

    assert (len(kept), weight) == (3, 2.0)
    assert max(kept) < 6


def test_without_a_size_nothing_is_ever_taken() -> None:
    reservoir = Reservoir[int](0, random.random)
    pass_by(reservoir, 10_000)
    assert reservoir.empty() == ([], 0.0)
    pass_by(reservoir, 10_000)
    assert reservoir.empty() == ([], 0.0)


def test_early_and_late_requests_are_kept_equally_often() -> None:
    draw = random.Random(20260301).random
    counts: Counter[int] = Counter()
    rounds, requests, size = 4000, 50, 5
    for _ in range(rounds):
        reservoir = Reservoir[int](size, draw)
        pass_by(reservoir, requests)
        counts.update(reservoir.empty()[0])

    expected = rounds * size / requests
    # Five standard deviations: a fair sampler with this seed or another stays within.
    bound = 5 * (expected * (1 - size / requests)) ** 0.5
    assert all(abs(counts[number] - expected) < bound for number in range(requests))
