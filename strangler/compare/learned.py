"""Remembers what one route's answers were seen to do by themselves, and decides what that explains.

Telling noise by asking both sides again costs the primary a request. A timestamp shows in every
answer; after enough repetitions its next difference is taken for noise unasked, so long as it is of
the form that was seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from strangler.compare.looks import Likeness, characters_of, likeness
from strangler.compare.manner import oddity
from strangler.compare.surprise import ENOUGH, LEAST, weighed
from strangler.compare.verdict import JSON, Comparison, Difference, Kind
from strangler.compare.wording import wording

CERTAIN = 20
"""Times that a difference was looked into before it can be taken for noise unasked."""

SHARE = 0.95
"""Of those, how many the primary must have shown against itself: nearly all, for what comes and
goes (another client's write) must go on being looked into."""

MEMORY = 64
"""Looks that count; older ones fade, so that a habit that was given up is noticed."""

KINDS = 1000
"""Likenesses remembered for one route; further ones are simply looked into each time."""

LAGS = 5
"""Times that a difference must have settled by itself before it is not waited for any more to see
whether it comes back."""


@dataclass(slots=True)
class Known:
    """What is known of one likeness.

    In how many `looks` it was met, and in how many the primary `moved`; in how many of these it
    went on being another (`restless`: no single change of the data does that). `settled` is how
    often the candidate came to agree, `product` what `surprise` has come to. `constant` is what the
    candidate said each time in the last look, if that was odd, `worded` whether the words of the
    primary's texts stayed, unless that is not known.
    """

    looks: int = 0
    moved: int = 0
    restless: int = 0
    settled: int = 0
    product: float = 1.0
    constant: str = ""
    worded: bool | None = None


READ_AT_ONCE = 500
"""Characters of text whose words are held against each other with every answer, in a millisecond.
Those of more text are only when both sides are asked again."""

_NOTHING = Known()


@dataclass(frozen=True, slots=True)
class Noise:
    """One likeness that a primary shows against itself, as other workers may know it too."""

    likeness: Likeness
    looks: int
    moved: int


@dataclass(slots=True)
class Learned:
    """What is known of one route, by likeness."""

    _known: dict[Likeness, Known] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Learned {len(self._known)} likenesses>"

    def __getitem__(self, like: Likeness) -> Known:
        """Give what is known of a likeness, at first nothing; beyond the bound it stays nothing."""
        known = self._known.get(like)
        if known is None:
            known = Known()
            if len(self._known) < KINDS:
                self._known[like] = known
        return known

    def is_real(self, like: Likeness) -> bool:
        """Decide whether a likeness is known to be no noise."""
        return self._known.get(like, _NOTHING).product >= ENOUGH

    def is_noise(self, like: Likeness) -> bool:
        """Decide whether the primary has shown a likeness against itself, and not just once."""
        return self._known.get(like, _NOTHING).restless > 1

    def lags(self, like: Likeness) -> bool:
        """Decide whether a likeness has settled by itself so often that it will again."""
        return self._known.get(like, _NOTHING).settled >= LAGS

    def looked(self, like: Likeness, *, moved: bool) -> None:
        """Take note of one look, and of whether the primary stayed the same."""
        known = self[like]
        known.looks += 1
        known.moved += moved
        if known.looks > MEMORY:
            known.looks //= 2
            known.moved //= 2

    def weigh(self, like: Likeness, worth: float) -> None:
        """Multiply in what a look was worth."""
        known = self[like]
        known.product = weighed(known.product, worth)

    def repeats(self, like: Likeness, constant: str) -> bool:
        """Decide whether the candidate said the same as in the last look; remembers it."""
        known = self[like]
        before, known.constant = known.constant, constant
        return before in {"", constant}

    def read(self, like: Likeness, primary: Iterable[JSON], now: float) -> None:
        """Take note of whether the words of some texts, all the primary's, are the same."""
        texts = [each for each in primary if isinstance(each, str)]
        if len(texts) > 1:
            known = self[like]
            same = len({wording(text, now) for text in texts}) == 1
            known.worded = same and known.worded is not False

    def lapse(self, like: Likeness) -> None:
        """Take note that a look has not shown what others have, if others have."""
        if like in self._known:
            self.weigh(like, 0.0)

    def take(self, noise: Iterable[Noise]) -> None:
        """Take on what others have seen, where that is more."""
        for each in noise:
            known = self[each.likeness]
            if each.looks > known.looks:
                known.looks, known.moved = min(each.looks, MEMORY), min(each.moved, MEMORY)
                known.restless = max(known.restless, each.moved)
                if not self.is_real(each.likeness):
                    known.product = LEAST

    def explain(self, comparison: Comparison, now: float) -> bool:
        """Decide whether everything that differs is known to be the primary's own unrest.

        `now` is the Unix time of the comparison.
        """
        words = characters_of(comparison.differences) <= READ_AT_ONCE
        return all(self._explains(each, now, words=words) for each in comparison.differences)

    def _explains(self, difference: Difference, now: float, *, words: bool) -> bool:
        known = self._known.get(likeness(difference))
        if known is None or known.looks < CERTAIN or known.moved < SHARE * known.looks:
            return False
        if likeness(difference)[1] not in {Kind.VALUE, Kind.HEADER, Kind.BODY}:
            return True
        ours, theirs = difference.primary, difference.candidate
        if oddity([ours], [theirs], now=now, span=0.0) is not None:
            return False
        if not (words and known.worded) or not isinstance(ours, str) or not isinstance(theirs, str):
            return True
        return wording(ours, now) == wording(theirs, now)
