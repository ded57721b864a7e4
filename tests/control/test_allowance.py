"""What may be done in a while: it grows to a bound, and a debt is paid off first."""

from strangler.control.allowance import Allowance


def test_a_debt_is_paid_off_before_anything_is_left() -> None:
    allowance = Allowance(a_second=10, most=5)
    allowance.spend(25)
    allowance.grow(1)
    assert allowance.left == -10
    allowance.grow(1.1)
    assert allowance.left == 1


def test_a_rest_is_worth_no_more_than_the_most() -> None:
    allowance = Allowance(a_second=10, most=5)
    allowance.grow(3600)
    assert allowance.left == 5
