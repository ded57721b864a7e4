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
from uuid import UUID

from strangler.http.message import RequestHead, RequestTarget
from strangler.migration.recording import UNTYPED, type_of
from strangler.routing.pattern import REST, Pattern
from strangler.routing.table import RouteTable

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


_EXAMPLES = {"{int}": "1", "{uuid}": str(UUID(int=0)), TOKEN: "~", ANY_WORD: "~", REST: "~"}
"""What stands for a part of a template when a table is asked whether it claims it by now."""


def example_of(template: Template) -> RequestHead:
    """Make a request up that the template stands for, without host, headers and query."""
    path = "/".join(_EXAMPLES.get(piece, piece) for piece in template.path.split("/"))
    return RequestHead(template.method, RequestTarget(path, "", path.encode("ascii")), "", [])


def left_unclaimed(table: RouteTable, counted: Iterable[Template]) -> tuple[Template, ...]:
    """Give what no route of a table claims, of all that no route claimed when it was counted."""
    return tuple(one for one in counted if table.match(example_of(one)) is None)


def unexplained(table: RouteTable, domain: str, counted: Iterable[Template]) -> list[Template]:
    """Give the hits at the monolith that lie where a domain lives, the newest first.

    A domain lives at its routes' paths up to their last literal segment, and below: `/carts` is
    that of `/carts/{id}` and of `/carts/**`, `/carts/{id}/lines` is its own. What lies there, is
    claimed by no route and is still asked of the monolith belongs to the domain as far as anybody
    can tell, and nobody has said why the service does not answer it.
    """
    homes = {_home(route.path) for route in table.domains[domain].routes} - {()}
    found = [
        one
        for one in left_unclaimed(table, counted)
        if any(_below(one.path.split("/")[1:], home) for home in homes)
    ]
    return sorted(found, key=lambda one: one.seen.last, reverse=True)


def _home(path: Pattern) -> tuple[str | None, ...]:
    """Give the segments up to the last literal one; None stands for a parameter."""
    home = [segment.literal for segment in path.segments]
    while home and not home[-1]:
        home.pop()
    return tuple(home)


def _below(segments: list[str], home: tuple[str | None, ...]) -> bool:
    """Whether a template may lie at a home: where it was told less exactly, it may."""
    for ours, theirs in zip(home, segments, strict=False):
        if theirs == REST:
            return True
        if ours is not None and theirs not in {ours, ANY_WORD}:
            return False
    return len(segments) >= len(home)


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
