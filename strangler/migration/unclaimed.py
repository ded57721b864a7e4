"""Counts paths by template, within a bound: what still reaches the monolith, told for people.

A trie that grows coarser, not a list of heavy hitters: those forget what is rare, and the path that
is asked for once a month is exactly what nobody may forget before the monolith is switched off. A
place in the path that has too many different words is a parameter in truth, and becomes `{name}`;
when there are too many templates in all, the deepest are told as `**` of what is above them. So no
path is lost, whatever clients make up; at worst it is told less exactly.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from strangler.migration.recording import UNTYPED, type_of
from strangler.routing.pattern import REST

MOST_WORDS = 32
"""Different words at one place of a path: an API has fewer, and a list of names soon has more."""

MOST_TEMPLATES = 1000
"""Templates in all: nobody moves a monolith by a longer list."""

DEEPEST = 16
"""Segments that are told apart; what is below is `**`."""

ANY_WORD = "{name}"
"""Stands for a segment at a place that has too many words."""

TOKEN = "{id}"  # noqa: S105 - no secret: it stands in the place of what may be one
"""Stands for a segment that is no word: long, or with many digits, or with unusual characters."""

_NUMBER = re.compile(r"(?<=/)[0-9]+(?![^/])")
_WORD = re.compile(r"(?!(?:[^0-9]*[0-9]){4})[A-Za-z0-9._~-]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Seen:
    """How often something was seen, at first and at last."""

    count: int
    first: datetime
    last: datetime

    def plus(self, other: "Seen") -> "Seen":
        """Add what was seen elsewhere."""
        first, last = min(self.first, other.first), max(self.last, other.last)
        return Seen(self.count + other.count, first, last)


@dataclass(frozen=True, slots=True)
class Template:
    """A method, a template of paths such as `/orders/{int}/lines`, and what was seen of both."""

    method: str
    path: str
    seen: Seen


def template_of(path: str) -> str:
    """Write the template of a path, as exactly as a place's words allow."""
    return _template(_NUMBER.sub("{int}", path))


@lru_cache(4096)  # most paths that differ do so in a number
def _template(path: str) -> str:
    return "/".join(map(generic, path.split("/")))


def generic(segment: str) -> str:
    """Write one segment of a path for a template: a word as it is, anything else by its kind."""
    if not segment or segment.startswith("{") or segment == REST:
        return segment  # of a template already: braces are escaped in a normalised path
    kind = type_of(segment)
    if kind != UNTYPED:
        return f"{{{kind}}}"
    return segment if _WORD.fullmatch(segment) else TOKEN


class _Place:
    """What follows one beginning of paths. `coarse`: all words here are one, `{name}`."""

    __slots__ = ("below", "coarse", "seen")

    def __init__(self) -> None:
        self.below: dict[str, _Place] = {}
        self.seen: dict[str, Seen] = {}
        self.coarse = False

    def __repr__(self) -> str:
        return f"<_Place {list(self.below)} {self.seen}>"

    def count(self, method: str, seen: Seen) -> None:
        there = self.seen.get(method)
        self.seen[method] = seen if there is None else there.plus(seen)

    def step(self, segment: str) -> "_Place":
        """Go one segment on; make the place coarse where it has too many words."""
        if segment == ANY_WORD:
            self._coarsen()
        elif segment not in self.below and _is_word(segment):
            if not self.coarse and sum(map(_is_word, self.below)) >= MOST_WORDS:
                self._coarsen()
            if self.coarse:
                segment = ANY_WORD
        return self.below.setdefault(segment, _Place())

    def _coarsen(self) -> None:
        self.coarse = True
        words = [self.below.pop(word) for word in list(self.below) if _is_word(word)]
        target = self.below.setdefault(ANY_WORD, _Place())
        for place in words:
            target.take(place)

    def take(self, other: "_Place") -> None:
        """Add another place with all that follows it."""
        for method, seen in other.seen.items():
            self.count(method, seen)
        if REST in other.below:
            self.cut()
        elif other.coarse and REST not in self.below:
            self._coarsen()
        for segment, place in other.below.items():
            if REST in self.below:
                self.below[REST].gather(place)
            else:
                self.step(segment).take(place)

    def gather(self, other: "_Place") -> None:
        """Add another place, and all that follows it, to this one alone."""
        for _, place in list(other.places("")):
            for method, seen in place.seen.items():
                self.count(method, seen)

    def cut(self) -> None:
        """Tell all that follows as `**`."""
        if REST in self.below:
            return
        rest = _Place()
        for place in self.below.values():
            rest.gather(place)
        self.below = {REST: rest}

    def places(self, path: str) -> "Iterator[tuple[str, _Place]]":
        """List this place and all that follow, with their paths."""
        yield path, self
        for segment, place in self.below.items():
            yield from place.places(f"{path}/{segment}")


def _is_word(segment: str) -> bool:
    return bool(segment) and segment != REST and not segment.startswith("{")


class Templates:
    """Paths counted by template, never many more than a bound of them."""

    __slots__ = ("_added", "_root")

    def __init__(self, known: Iterable[Template] = ()) -> None:
        """Begin with what is known already, such as what another replica has counted."""
        self._root = _Place()
        self._added = 0
        for template in known:
            self.add(template.method, template.path, template.seen)

    def __repr__(self) -> str:
        return f"<Templates {len(self.told())}>"

    def told(self) -> list[Template]:
        """List what was counted, within the bound."""
        self._bound()
        return [
            Template(method, path, seen)
            for path, place in self._root.places("")
            for method, seen in place.seen.items()
        ]

    def add(self, method: str, path: str, seen: Seen) -> None:
        """Count a path, or a template."""
        place = self._root
        for depth, segment in enumerate(path.split("/")[1:]):
            if segment == REST or depth >= DEEPEST:
                place.cut()
            if REST in place.below:
                place = place.below[REST]
                break
            place = place.step(generic(segment))
        place.count(method, seen)
        self._added += 1
        if self._added >= MOST_TEMPLATES:
            self._bound()

    def _bound(self) -> None:
        """Cut the deepest templates off while there are too many."""
        self._added = 0
        places = list(self._root.places(""))
        while sum(bool(place.seen) for _, place in places) > MOST_TEMPLATES:
            uncut = [
                (path.count("/"), place)
                for path, place in places
                if place.below and REST not in place.below
            ]
            deepest = max(depth for depth, _ in uncut)
            for depth, place in uncut:
                if depth == deepest:
                    place.cut()
            places = list(self._root.places(""))
