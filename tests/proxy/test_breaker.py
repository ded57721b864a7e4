"""When copies may be sent to a candidate that has been failing; the clock is turned by hand."""

from strangler.proxy.breaker import FAILURES, REST, Breaker


def failing(now: float, failures: int = FAILURES) -> Breaker:
    breaker = Breaker()
    for _ in range(failures):
        breaker.failed(now)
    return breaker


def test_a_few_failures_stop_no_copy() -> None:
    assert failing(100.0, FAILURES - 1).allows(100.0)


def test_failures_in_a_row_stop_all_copies_for_a_rest() -> None:
    breaker = failing(100.0)
    assert not breaker.allows(100.0)
    assert not breaker.allows(100.0 + REST - 0.01)


def test_after_the_rest_one_copy_may_try() -> None:
    breaker = failing(100.0)
    assert breaker.allows(100.0 + REST)
    assert not breaker.allows(100.0 + REST)


def test_a_try_of_which_nothing_was_heard_is_followed_by_another_rest() -> None:
    breaker = failing(100.0)
    assert breaker.allows(100.0 + REST)
    assert not breaker.allows(100.0 + 2 * REST - 0.01)
    assert breaker.allows(100.0 + 2 * REST)


def test_a_try_that_fails_begins_the_rest_anew() -> None:
    breaker = failing(100.0)
    assert breaker.allows(100.0 + REST)
    breaker.failed(103.0 + REST)
    assert not breaker.allows(102.9 + 2 * REST)
    assert breaker.allows(103.0 + 2 * REST)


def test_one_success_lets_all_copies_pass_again() -> None:
    breaker = failing(100.0)
    breaker.succeeded()
    assert all(breaker.allows(100.0) for _ in range(10))


def test_failures_that_are_not_in_a_row_do_not_add_up() -> None:
    breaker = failing(100.0, FAILURES - 1)
    breaker.succeeded()
    breaker.failed(101.0)
    assert breaker.allows(101.0)
