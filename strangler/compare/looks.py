"""Holds the answers that both sides gave to one request, asked several times, against each other.

All are compared with the primary's first answer; what each had at a place follows from that.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import TypeAlias

from strangler.compare.bounds import DEFAULT_BOUNDS
from strangler.compare.verdict import JSON, Comparison, Difference, Kind, Verdict

Likeness: TypeAlias = tuple[str, str]
"""By what differences are alike: their path, and the way in which the sides differ."""

_INDEX = re.compile(r"\[(\d+)\]")

PRESENCE = "presence"
"""The way in which sides differ of which only one has something: such a thing comes and goes."""


def likeness(difference: Difference) -> Likeness:
    """Say what a difference is like.

    The kind belongs to it: a counter that moves excuses another value, never a missing one. For
    the same reason a field that one side lacks is not like one that has another value. Which of
    the two sides lacks something does not matter.
    """
    one_sided = difference.kind in {Kind.MISSING, Kind.EXTRA} or (
        difference.kind in {Kind.HEADER, Kind.BODY}
        and (difference.primary is None or difference.candidate is None)
    )
    return difference.path, PRESENCE if one_sided else difference.kind.value


def characters_of(differences: Iterable[Difference]) -> int:
    """Count the characters of the texts that differ, of both sides."""
    sides = chain.from_iterable((each.primary, each.candidate) for each in differences)
    return sum(len(side) for side in sides if isinstance(side, str))


class Compared:
    """One answer held against the primary's first, ready to be asked about likenesses."""

    __slots__ = ("_likenesses", "_places", "_seen", "comparison", "full", "kinds")

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self._seen = Counter(map(likeness, comparison.differences))
        self._likenesses = frozenset(self._seen)
        self.full = len(comparison.differences) >= DEFAULT_BOUNDS.differences
        self.kinds = frozenset((each.path, each.kind) for each in comparison.differences)
        self._places = {each.place: each for each in comparison.differences}

    def __repr__(self) -> str:
        return f"<Compared {len(self._seen)} likenesses>"

    def differs(self, like: Likeness) -> bool:
        """Decide whether the answer is another one in this way, or in one that leaves it open.

        Of what is in a member that is missing, or in an answer of another status, nobody can say
        that it is the same.
        """
        return self.full or not self._likenesses.isdisjoint(_at_least(like))

    def left_open(self, like: Likeness) -> frozenset[Likeness]:
        """Give the differences that leave open whether there is one like this."""
        return self._likenesses & (_at_least(like) - {like})

    def places(self, like: Likeness) -> Iterator[str]:
        """Give the places in which the answer is another one in this way."""
        return (place for place, each in self._places.items() if likeness(each) == like)

    def value_at(self, place: str, like: Likeness, first: JSON) -> tuple[JSON, ...]:
        """Give what the answer has at a place where the first one has `first`; () if unknown."""
        found = self._places.get(place)
        if found is not None:
            return (found.candidate,)
        told = self._seen[like] < DEFAULT_BOUNDS.places and not self.full
        return (first,) if told or self._was_passed(place, like) else ()

    def _was_passed(self, place: str, like: Likeness) -> bool:
        """Decide whether a place is before one that was told: then it was looked at, and equal.

        Rows are looked at in order. That of the members of a map is not known.
        """
        here = _indices(place, like[0])
        return any(here < _indices(told, like[0]) for told in self.places(like))


class Look:
    """What both sides answered so far. Asks go in turns: primary, candidate, primary, candidate."""

    __slots__ = ("_candidate", "_primary", "first", "latest")

    def __init__(self, first: Comparison) -> None:
        """Begin with how the candidate's first answer differs from the primary's."""
        self.first = first
        self.latest = first
        self._primary: list[Compared] = []
        self._candidate = [Compared(first)]

    def __repr__(self) -> str:
        return f"<Look of {self.asks} asks, {len(self.first.differences)} differences>"

    @property
    def asks(self) -> int:
        """How often each side was asked."""
        return len(self._candidate)

    @property
    def characters(self) -> int:
        """How much text is to be read, about: each ask brings as much as the first."""
        return self.asks * characters_of(self.first.differences)

    def add(self, primary: Comparison, candidate: Comparison, latest: Comparison) -> str:
        """Add one more ask of both sides; gives why it tells nothing, if that is so.

        `primary` and `candidate` hold the new answers against the primary's first, `latest` holds
        them against each other.
        """
        for who, asked in (
            ("primary against itself", primary),
            ("candidate, asked again", candidate),
            ("asked again", latest),
        ):
            if asked.verdict is Verdict.INCONCLUSIVE:
                return f"{who}: {asked.reason}"
        self._primary.append(Compared(primary))
        self._candidate.append(Compared(candidate))
        self.latest = latest
        return ""

    def moved(self, like: Likeness) -> bool:
        """Decide whether the primary did not stay the same in this respect."""
        return any(each.differs(like) for each in self._primary)

    def is_elsewhere(self, like: Likeness, first: Difference) -> bool:
        """Decide whether the primary moves only in other places that are alike, as in other rows.

        Here it stays, and the candidate has always the same other value.
        """
        if first.place == first.path or likeness(first)[1] == PRESENCE:
            return False
        sides = self.series(like, first)
        return sides is not None and all(len(set(map(repr, side))) == 1 for side in sides)

    def places(self, like: Likeness) -> int:
        """Count the places in which anything differed in this way."""
        met = (*self._primary, *self._candidate)
        return len({place for compared in met for place in compared.places(like)})

    @property
    def is_full(self) -> bool:
        """Whether any answer differs in more than is kept of it."""
        return any(each.full for each in (*self._primary, *self._candidate))

    def met(self) -> frozenset[tuple[str, Kind]]:
        """Give the paths and kinds in which any answer differs from the primary's first."""
        return frozenset().union(*(each.kinds for each in (*self._primary, *self._candidate)))

    def shown(self, path: str, kind: Kind) -> tuple[list[bool], list[bool]]:
        """Tell of the primary's later answers and of the candidate's whether they differ so."""
        return (
            [(path, kind) in each.kinds for each in self._primary],
            [(path, kind) in each.kinds for each in self._candidate],
        )

    def left_open(self, like: Likeness) -> frozenset[Likeness]:
        """Give what in the primary's answers leaves open whether there is a difference like it."""
        return frozenset().union(*(each.left_open(like) for each in self._primary))

    def agreed(self, like: Likeness) -> list[bool]:
        """Tell of each of the candidate's answers whether it agrees with the primary's first."""
        return [not each.differs(like) for each in self._candidate]

    def own(self) -> dict[Likeness, Difference]:
        """Give what the primary shows against itself, each with the first that was met."""
        return own_of(compared.comparison for compared in self._primary)

    def alike(self) -> dict[Likeness, list[Difference]]:
        """Group the differences of the first answers."""
        grouped: defaultdict[Likeness, list[Difference]] = defaultdict(list)
        for each in self.first.differences:
            grouped[likeness(each)].append(each)
        return grouped

    def series(self, like: Likeness, first: Difference) -> tuple[list[JSON], list[JSON]] | None:
        """Give what both sides had, ask by ask, at a place; None where that is not known of all."""
        ours: list[JSON] = [first.primary]
        theirs: list[JSON] = [first.candidate]
        for compared in self._primary:
            ours += compared.value_at(first.place, like, first.primary)
        for compared in self._candidate[1:]:
            theirs += compared.value_at(first.place, like, first.primary)
        return (ours, theirs) if len(ours) == len(theirs) == self.asks else None


def own_of(comparisons: Iterable[Comparison]) -> dict[Likeness, Difference]:
    """Give the first difference of each likeness."""
    found: dict[Likeness, Difference] = {}
    for comparison in comparisons:
        for each in comparison.differences:
            found.setdefault(likeness(each), each)
    return found


def _indices(place: str, path: str) -> list[int]:
    """Give the indices in a place; none where other things tell the places of its path apart."""
    return [] if "[?]" in path else [int(index) for index in _INDEX.findall(place)]


@lru_cache(maxsize=1024)  # asked for at every look; paths hold no data, and a route has few
def _at_least(like: Likeness) -> frozenset[Likeness]:
    return frozenset({like, *_wider(like)})


def _wider(like: Likeness) -> Iterator[Likeness]:
    """Give the differences that leave open whether there is one like this."""
    path, kind = like
    yield "status", Kind.STATUS.value
    if kind != PRESENCE:
        yield path, PRESENCE
    if path.startswith("body"):
        yield "body", PRESENCE
    if not path.startswith("$"):
        return
    yield "body", Kind.BODY.value
    if kind not in {PRESENCE, Kind.TYPE.value}:
        yield path, Kind.TYPE.value
    for around in _around(path):
        yield around, PRESENCE
        yield around, Kind.TYPE.value


def _around(path: str) -> Sequence[str]:
    """Give the paths of all that a place is in."""
    return [path[:at] for at in range(1, len(path)) if path[at] in ".["]
