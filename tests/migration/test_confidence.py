"""Bounds of rates: against scipy, and under simulation with a look after every batch."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import betaln

from strangler.migration.confidence import Share, above, below, bounds, misses_needed

ALPHA = 0.05
BUDGET = 0.01
RUNS = 1000
BATCH = 50
LONG = 10_000
MOST_FALSE = int(stats.binom.isf(1e-6, RUNS, ALPHA))
"""More false passes than this, if each had a chance of alpha, happen once in a million."""


def counted() -> st.SearchStrategy[Share]:
    return st.integers(0, 5000).flatmap(
        lambda trials: st.builds(Share, st.integers(0, trials), st.just(trials))
    )


RATES = st.floats(0.001, 0.999)


def mixture(seen: Share, rate: float, near: float) -> float:
    """Give the logarithm of the martingale by scipy."""
    a, b = 0.5, 0.5 * (1 / near - 1)
    averaged = betaln(a + seen.hits, b + seen.trials - seen.hits) - betaln(a, b)
    return float(averaged - stats.bernoulli.logpmf(1, rate) * seen.hits) - float(
        stats.bernoulli.logpmf(0, rate) * (seen.trials - seen.hits)
    )


@given(seen=counted(), near=RATES)
def test_the_bounds_are_where_the_martingale_reaches_one_over_alpha(
    seen: Share, near: float
) -> None:
    found = bounds(seen, alpha=ALPHA, near=near)
    if found.lower > 0.0:
        assert mixture(seen, found.lower, near) == pytest.approx(-np.log(ALPHA), abs=1e-4)
    if found.upper < 1.0:
        assert mixture(seen, found.upper, near) == pytest.approx(-np.log(ALPHA), abs=1e-4)


@given(seen=counted(), near=RATES)
def test_the_rate_that_was_seen_lies_within_the_bounds(seen: Share, near: float) -> None:
    found = bounds(seen, alpha=ALPHA, near=near)
    assert 0.0 <= found.lower <= seen.rate <= found.upper <= 1.0


@given(seen=counted(), rate=RATES, near=RATES)
def test_what_is_proven_is_what_the_bounds_say(seen: Share, rate: float, near: float) -> None:
    found = bounds(seen, alpha=ALPHA, near=near)
    if abs(found.upper - rate) > 1e-9:
        assert below(seen, rate, alpha=ALPHA, near=near) == (found.upper < rate)
    if abs(found.lower - rate) > 1e-9:
        assert above(seen, rate, alpha=ALPHA, near=near) == (found.lower > rate)


def test_more_confidence_is_a_wider_bound() -> None:
    seen = Share(3, 1000)
    sure, less = (bounds(seen, alpha=alpha, near=BUDGET) for alpha in (0.001, 0.1))
    assert sure.lower < less.lower < seen.rate < less.upper < sure.upper


def test_nothing_seen_says_nothing() -> None:
    found = bounds(Share(0, 0), alpha=ALPHA, near=BUDGET)
    assert (found.lower, found.upper) == (0.0, 1.0)
    assert not below(Share(0, 0), 0.99, alpha=ALPHA, near=BUDGET)


@pytest.mark.parametrize(("hits", "trials"), [(-1, 5), (6, 5)])
def test_what_no_counting_gives_is_refused(hits: int, trials: int) -> None:
    with pytest.raises(ValueError, match="cannot have been counted"):
        Share(hits, trials)


@pytest.mark.parametrize(("alpha", "near"), [(0.0, 0.1), (1.0, 0.1), (0.1, 0.0), (0.1, 1.0)])
def test_a_confidence_or_a_rate_that_is_none_is_refused(alpha: float, near: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        bounds(Share(1, 2), alpha=alpha, near=near)


@given(hits=st.integers(0, 20), trials=st.integers(0, 3000), rate=st.floats(0.002, 0.5))
def test_what_is_lacking_is_told_to_the_sample(hits: int, trials: int, rate: float) -> None:
    seen = Share(min(hits, trials), trials)
    more = misses_needed(seen, rate, alpha=ALPHA, near=rate, most=1_000_000)
    assert more is not None
    assert below(Share(seen.hits, trials + more), rate, alpha=ALPHA, near=rate)
    if more:
        fewer = Share(seen.hits, trials + more - 1)
        assert not below(fewer, rate, alpha=ALPHA, near=rate)


def test_what_is_out_of_reach_is_not_guessed_at() -> None:
    assert misses_needed(Share(900, 1000), 0.01, alpha=ALPHA, near=0.01, most=1000) is None


# --- under simulation ---------------------------------------------------------------------------


@cache
def passed_at(rate: float) -> tuple[int | None, ...]:
    """Run a service `RUNS` times, looking after every batch; tell after how many samples it passed.

    None where it never did in `LONG` samples.
    """
    draws = np.random.default_rng(20260401).binomial(BATCH, rate, (RUNS, LONG // BATCH)).cumsum(1)
    return tuple(
        next(
            (
                (index + 1) * BATCH
                for index, hits in enumerate(run)
                if below(Share(int(hits), (index + 1) * BATCH), BUDGET, alpha=ALPHA, near=BUDGET)
            ),
            None,
        )
        for run in draws
    )


@pytest.mark.parametrize("rate", [BUDGET, 1.5 * BUDGET, 3 * BUDGET])
def test_a_service_at_or_over_the_budget_seldom_passes_however_often_one_looks(rate: float) -> None:
    false = sum(at is not None for at in passed_at(rate))
    assert false <= MOST_FALSE
    assert false <= ALPHA * RUNS, "with this seed not even as often as promised"


@pytest.mark.parametrize(
    ("rate", "samples"), [(0.0, 450), (0.1 * BUDGET, 1000), (0.3 * BUDGET, 2500)]
)
def test_a_good_service_passes_within_a_stated_number_of_samples(rate: float, samples: int) -> None:
    """The figures are those in docs/gates.md: nine runs of ten are through by then."""
    through = sum(at is not None and at <= samples for at in passed_at(rate))
    assert through >= 0.9 * RUNS


def test_a_service_close_under_the_budget_is_not_blocked_for_ever() -> None:
    through = sum(at is not None for at in passed_at(0.5 * BUDGET))
    assert through >= 0.95 * RUNS


def test_an_interval_for_a_single_look_would_not_do() -> None:
    """The simulation is able to fail: with Clopper and Pearson's bound it does."""
    draws = np.random.default_rng(7).binomial(BATCH, BUDGET, (RUNS, LONG // BATCH)).cumsum(1)
    trials = np.arange(1, LONG // BATCH + 1) * BATCH
    upper = stats.beta.isf(ALPHA, draws + 1, trials - draws)
    assert int((upper < BUDGET).any(axis=1).sum()) > MOST_FALSE
