"""Histograms of durations, and bounds of their quantiles under simulation."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from strangler.migration.latency import (
    LAST,
    SHORTEST,
    bucket_of,
    edge_of,
    quantile_bounds,
    quantile_seen,
)

SECONDS = st.floats(0.0, 500.0)


@given(seconds=SECONDS)
def test_a_duration_lies_in_its_bucket(seconds: float) -> None:
    bucket = bucket_of(seconds)
    assert seconds <= edge_of(bucket) * (1 + 1e-9)
    if bucket:
        assert seconds >= edge_of(bucket - 1) * (1 - 1e-9)


@given(seconds=st.floats(SHORTEST, 190.0))
def test_a_bucket_is_told_to_within_a_tenth(seconds: float) -> None:
    assert edge_of(bucket_of(seconds)) <= seconds * 1.1


@given(left=SECONDS, right=SECONDS)
def test_a_longer_duration_is_in_no_earlier_bucket(left: float, right: float) -> None:
    shorter, longer = sorted((left, right))
    assert 0 <= bucket_of(shorter) <= bucket_of(longer) <= LAST


@given(durations=st.lists(st.floats(0.0, 100.0), min_size=1), quantile=st.floats(0.01, 0.99))
def test_the_quantile_is_that_of_the_durations_to_within_a_bucket(
    durations: list[float], quantile: float
) -> None:
    exact = float(np.quantile(durations, quantile, method="inverted_cdf"))
    seen = quantile_seen(Counter(map(bucket_of, durations)), quantile)
    assert seen == edge_of(bucket_of(exact))


def test_nothing_counted_has_no_quantile_and_no_bounds() -> None:
    found = quantile_bounds({}, 0.95, alpha=0.05)
    assert (found.lower, found.upper) == (0.0, float("inf"))
    assert quantile_seen({}, 0.95) is None


@given(durations=st.lists(st.floats(0.001, 10.0), min_size=1, max_size=400))
def test_the_quantile_seen_lies_within_its_bounds(durations: list[float]) -> None:
    histogram = Counter(map(bucket_of, durations))
    found = quantile_bounds(histogram, 0.9, alpha=0.05)
    seen = quantile_seen(histogram, 0.9)
    assert seen is not None
    assert found.lower <= seen <= found.upper


def test_few_durations_do_not_bound_a_high_quantile() -> None:
    assert quantile_bounds({100: 30}, 0.95, alpha=0.05).upper == float("inf")


@pytest.mark.parametrize("shape", [0.3, 1.0])
def test_the_true_quantile_is_seldom_left_however_often_one_looks(shape: float) -> None:
    """Log-normal durations, as answers' are; a look after each of 30 batches."""
    runs, batches, size, alpha = 150, 30, 100, 0.05
    true = float(stats.lognorm.ppf(0.95, shape, scale=0.02))
    random = np.random.default_rng(11)
    left = 0
    for _ in range(runs):
        histogram: Counter[int] = Counter()
        for batch in random.lognormal(np.log(0.02), shape, (batches, size)):
            histogram.update(map(bucket_of, batch.tolist()))
            found = quantile_bounds(histogram, 0.95, alpha=alpha)
            if not found.lower <= true <= found.upper:
                left += 1
                break
    assert left <= stats.binom.isf(1e-6, runs, alpha)
    assert left <= alpha * runs


def test_the_bounds_close_in_on_the_quantile() -> None:
    random = np.random.default_rng(3)
    histogram = Counter(map(bucket_of, random.lognormal(np.log(0.02), 0.5, 20_000).tolist()))
    true = float(stats.lognorm.ppf(0.95, 0.5, scale=0.02))
    found = quantile_bounds(histogram, 0.95, alpha=0.05)
    assert true / 1.2 < found.lower <= true <= found.upper < true * 1.2
