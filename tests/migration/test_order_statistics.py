"""Intervals of quantiles by ranks: held against scipy, and against how often they are right."""

import random
from collections import Counter
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from strangler.migration.latency import bucket_of, edge_of
from strangler.migration.order_statistics import quantile_interval, ranks

quantiles = st.sampled_from([0.01, 0.5, 0.9, 0.95, 0.99, 0.999])
alphas = st.sampled_from([0.01, 0.05, 0.2])


@given(st.integers(0, 3000), quantiles, alphas)
def test_ranks_are_those_of_the_binomial_distribution(
    count: int, quantile: float, alpha: float
) -> None:
    lower, upper = ranks(count, quantile, alpha=alpha)
    # A hair is left to what adding up loses.
    half, hair = alpha / 2, 1e-9
    assert lower == 0 or binom.cdf(lower - 1, count, quantile) <= half + hair
    assert binom.cdf(lower, count, quantile) >= half - hair, "no higher rank would do"
    assert upper == count + 1 or binom.sf(upper - 1, count, quantile) <= half + hair
    assert upper in {0, 1} or binom.sf(upper - 2, count, quantile) >= half - hair


@pytest.mark.parametrize("count", [10**6, 10**8])
def test_millions_are_as_exact_and_take_no_time(count: int) -> None:
    lower, upper = ranks(count, 0.99, alpha=0.05)
    assert (lower, upper) == (
        int(binom.ppf(0.025, count, 0.99)),
        int(binom.ppf(0.975, count, 0.99)) + 1,
    )


def test_the_ranks_are_those_that_do_not_contradict_the_quantile() -> None:
    """A rank within would be found by the exact test of the same hypothesis, too."""
    lower, upper = ranks(200, 0.5, alpha=0.05)
    for rank in (lower, upper):
        assert binomtest(rank, 200, 0.5).pvalue > 0.04
    assert binomtest(lower - 2, 200, 0.5).pvalue < 0.05


def test_the_interval_holds_the_true_quantile_as_often_as_promised() -> None:
    draw = random.Random(3)
    true, alpha, times = 0.05 * 2.995732, 0.1, 400  # the 95 % quantile of an exponential
    held = 0
    for _ in range(times):
        histogram = Counter(bucket_of(draw.expovariate(1 / 0.05)) for _ in range(300))
        found = quantile_interval(histogram, 0.95, alpha=alpha)
        held += found.lower <= true <= found.upper
    assert held >= binom.ppf(0.001, times, 1 - alpha)


def test_few_durations_bound_nothing() -> None:
    few = quantile_interval({40: 3}, 0.95, alpha=0.05)
    assert few.upper == inf
    assert few.lower <= edge_of(40)
    nothing = quantile_interval({}, 0.5, alpha=0.05)
    assert (nothing.lower, nothing.upper) == (0.0, inf)


def test_the_bounds_are_edges_of_buckets() -> None:
    found = quantile_interval({10: 500, 20: 500}, 0.25, alpha=0.05)
    assert (found.lower, found.upper) == (edge_of(9), edge_of(10))
