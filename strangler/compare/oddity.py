"""Says in what two sides differ that both make noise."""

from typing import NamedTuple


class Oddity(NamedTuple):
    """How each side makes its noise, in words that hold nothing of the values.

    `among`: out of how many things that could have been odd, or how often it has to be seen again:
    by so much less is it worth. `constant` is what the candidate says each time, where that is what
    is odd; it has to be the same from look to look.
    """

    primary: str
    candidate: str
    among: float = 1.0
    constant: str = ""
