"""How far one comparison may go."""

import pytest

from strangler.compare.bounds import Bounds, Inconclusive
from strangler.compare.budget import Budget


def test_what_cannot_be_afforded_is_refused_before_anything_is_spent() -> None:
    budget = Budget(Bounds(values=10))
    with pytest.raises(Inconclusive, match="more values than are compared"):
        budget.afford(11)
    budget.spend(10, 0)


def test_what_was_afforded_is_still_to_be_spent() -> None:
    budget = Budget(Bounds(values=10))
    budget.afford(10)
    budget.spend(10, 0)
    with pytest.raises(Inconclusive):
        budget.spend(1, 0)
