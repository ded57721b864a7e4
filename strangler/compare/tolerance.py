"""Decides whether two numbers are near enough, by a rule such as `0.01` or `0.1%`.

They are held against each other as they are written, in decimal: 0.30 and 0.29 are 0.01 apart,
which they are not as doubles.
"""

import re
from decimal import Context, Decimal, InvalidOperation
from typing import NamedTuple

from strangler.compare.verdict import JSON

_WRITTEN = re.compile(r"(?P<amount>[0-9]{1,15}(?:\.[0-9]{1,15})?(?:e-?[0-9]{1,2})?)(?P<share>%)?")
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
"""A number that is written as text, as in XML and often for money."""

_EXACT = Context(prec=100)


class Tolerance(NamedTuple):
    """How far two numbers at a place may lie apart: by an amount, or by a share of the larger."""

    amount: Decimal
    is_share: bool

    def allows(self, ours: JSON, theirs: JSON) -> bool:
        """Decide about two values; what are not both numbers, or both texts of numbers, never."""
        if isinstance(ours, str) is not isinstance(theirs, str):
            return False
        left, right = number_of(ours), number_of(theirs)
        if left is None or right is None:
            return False
        apart = abs(_EXACT.subtract(left, right))
        if not self.is_share:
            return apart <= self.amount
        return apart * 100 <= self.amount * max(abs(left), abs(right))


def parse(written: str) -> Tolerance | None:
    """Read a tolerance; None for what is none, as zero is: that is how numbers are compared."""
    match = _WRITTEN.fullmatch(written)
    if match is None or not (amount := Decimal(match["amount"])):
        return None
    return Tolerance(amount, match["share"] is not None)


def is_numeric(value: JSON) -> bool:
    """Decide whether a value is a number, or a text that is one."""
    return number_of(value) is not None


def number_of(value: JSON) -> Decimal | None:
    """Read a number, or a text that is one; None for anything else, and for what is not finite."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return Decimal(value) if _NUMBER.fullmatch(value) else None
    if not isinstance(value, int | float | Decimal):
        return None
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
