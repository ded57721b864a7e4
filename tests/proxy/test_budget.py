"""How much memory shadow work may hold."""

from strangler.proxy.budget import Budget


def test_what_fits_is_held_and_what_does_not_is_not_held_in_part() -> None:
    budget = Budget(100)
    assert budget.take(60)
    assert not budget.take(41)
    assert budget.held == 60
    assert budget.take(40)
    assert not budget.take(1)


def test_what_is_given_back_can_be_held_again() -> None:
    budget = Budget(100)
    budget.take(100)
    budget.give_back(30)
    assert budget.take(30)
    assert budget.held == 100
