"""Decides when asking again would tell nothing new: differences that a primary is known to show.

Telling noise by asking both sides again costs the primary a request. A timestamp shows in every
answer; after enough repetitions its next difference is taken for noise unasked.
"""

from collections import Counter

from strangler.compare.noise import Likeness, likeness
from strangler.compare.verdict import Comparison

ENOUGH = 20
"""Times that a difference was checked before it can be a habit."""

SHARE = 0.95
"""Of those, how many the primary must have shown against itself: nearly all, for what comes and
goes (another client's write) must go on being checked."""

MEMORY = 64
"""Checks that count; older ones fade, so that a habit that was given up is noticed."""

KINDS = 1000
"""Kinds of differences remembered for one route; further ones are simply checked each time."""


class Habits:
    """What one route's primary shows against itself, as far as checks have told."""

    __slots__ = ("_checked", "_own")

    def __init__(self) -> None:
        self._checked: Counter[Likeness] = Counter()
        self._own: Counter[Likeness] = Counter()

    def __repr__(self) -> str:
        return f"<Habits of {len(self._checked)} differences>"

    def learn(self, first: Comparison, primary_again: Comparison) -> None:
        """Take note of one check: what differed, and what of it the primary does by itself."""
        own = set(map(likeness, primary_again.differences))
        for each in set(map(likeness, first.differences)):
            if each not in self._checked and len(self._checked) >= KINDS:
                continue
            self._checked[each] += 1
            self._own[each] += each in own
            if self._checked[each] > MEMORY:
                self._checked[each] //= 2
                self._own[each] //= 2

    def explain(self, comparison: Comparison) -> bool:
        """Decide whether everything that differs is known to be the primary's own unrest."""
        return all(self._is_habit(likeness(each)) for each in comparison.differences)

    def _is_habit(self, each: Likeness) -> bool:
        checked = self._checked[each]
        return checked >= ENOUGH and self._own[each] >= SHARE * checked
