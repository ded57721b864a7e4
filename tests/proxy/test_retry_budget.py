"""How many requests may be sent a second time; the clock is turned by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.proxy.retry_budget import IN_HAND, RECENT, RetryBudget
from strangler.routing.table import RetryPolicy

POLICY = RetryPolicy(budget=0.2, floor=3.0)


def spent(budget: RetryBudget, now: float, requests: int, policy: RetryPolicy = POLICY) -> int:
    """Spend all there is."""
    count = 0
    while budget.spend(now, requests, policy):
        count += 1
    return count


def test_a_quiet_site_has_a_few_in_hand() -> None:
    assert spent(RetryBudget(100.0), 100.0, 0) == IN_HAND


def test_what_was_spent_comes_back_so_many_a_second() -> None:
    budget = RetryBudget(100.0)
    spent(budget, 100.0, 0)
    assert spent(budget, 102.0, 0) == 2 * POLICY.floor
    assert spent(budget, 1000.0, 0) == IN_HAND


def test_a_fifth_of_a_steady_stream_of_requests_may_be_retried() -> None:
    budget = RetryBudget(0.0)
    total = 0
    for second in range(1, 61):
        total += spent(budget, float(second), second * 1000)
    # What is not spent fades meanwhile: a second's worth by a twentieth.
    assert total == pytest.approx(0.2 * 60_000 + 3 * 60 + IN_HAND, rel=0.06)


def test_a_burst_may_spend_what_the_last_ten_seconds_earned() -> None:
    budget = RetryBudget(0.0)
    for second in range(1, 121):
        budget.settle(float(second), second * 1000, POLICY)
    assert spent(budget, 120.0, 120_000) == pytest.approx(0.2 * 1000 * RECENT, rel=0.02)


def test_an_hour_of_calm_does_not_pay_for_a_storm() -> None:
    budget = RetryBudget(0.0)
    budget.settle(10.0, 100_000, POLICY)
    assert spent(budget, 3600.0, 100_000) == IN_HAND


def test_what_was_earned_does_not_depend_on_how_often_one_looks() -> None:
    often, seldom = RetryBudget(0.0), RetryBudget(0.0)
    for tenth in range(1, 51):
        often.settle(tenth / 10, tenth * 10, POLICY)
    assert spent(often, 5.0, 500) == spent(seldom, 5.0, 500)


def test_no_budget_and_no_floor_leave_what_is_in_hand() -> None:
    budget = RetryBudget(0.0)
    assert spent(budget, 100.0, 100_000, RetryPolicy(budget=0.0, floor=0.0)) == IN_HAND
    assert spent(budget, 200.0, 200_000, RetryPolicy(budget=0.0, floor=0.0)) == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 5000).map(lambda n: n / 1000), st.integers(0, 1000)), max_size=50
    )
)
def test_retries_never_exceed_their_share_and_the_floor(steps: list[tuple[float, int]]) -> None:
    budget, now, requests, total = RetryBudget(0.0), 0.0, 0, 0
    for seconds, more in steps:
        now += seconds
        requests += more
        total += spent(budget, now, requests)
    assert total <= 0.2 * requests + 3 * now + IN_HAND + 1e-6
