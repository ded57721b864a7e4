"""Reads the path of a route: literal segments, parameters, and a closing `**`.

There are no user regexes: what a pattern claims can be read off its segments, and no spelling of
a path can make matching slow.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple, TypeAlias

from strangler.http.readings import fold
from strangler.http.target import TargetError, normalise_literal, parse_target

REST = "**"
"""The last segment of a pattern that claims the boundary before it and all below."""

MAX_SEGMENTS = 64
"""Matching recurses once per segment; no real path is nearly as deep."""

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::([^{}]*))?\}")

TYPES: dict[str, Callable[[str], object]] = {
    "int": str.isdecimal,  # a normalised path is ASCII, so these are the digits 0 to 9
    "uuid": _UUID.fullmatch,
}
"""What a typed parameter accepts. No text may be of two types, so that types never tie."""


Shape: TypeAlias = tuple[tuple[tuple[str | None, str], ...], bool]
"""What is equal for two patterns that claim exactly the same paths."""


class PatternError(ValueError):
    """A route's path that cannot be read as a pattern; the message says why and what to write."""


class Segment(NamedTuple):
    """One segment: a literal in its normalised spelling, or a parameter (`literal` is None)."""

    literal: str | None
    name: str = ""
    type: str = ""

    def __str__(self) -> str:
        """Write the segment as it stands in a pattern."""
        if self.literal is not None:
            return self.literal
        return f"{{{self.name}:{self.type}}}" if self.type else f"{{{self.name}}}"

    @property
    def kind(self) -> str:
        """Name what stands here in the order of specificity, for people."""
        if self.literal is not None:
            return "literal"
        return "typed parameter" if self.type else "parameter"

    @property
    def shape(self) -> tuple[str | None, str]:
        """Give what two patterns must share here to claim the same paths: names do not count."""
        return self.literal, self.type


@dataclass(frozen=True, slots=True)
class Pattern:
    """A path pattern, read. `rest` tells whether it ends in `**`, which `segments` leaves out.

    A pattern that ends in a slash has the empty literal as its last segment.
    """

    text: str
    segments: tuple[Segment, ...]
    rest: bool

    def __str__(self) -> str:
        """Write the pattern as `routes.yaml` has it."""
        return self.text

    @property
    def shape(self) -> Shape:
        """Give what is equal for two patterns that claim exactly the same paths."""
        return tuple(segment.shape for segment in self.segments), self.rest

    @property
    def folded(self) -> "Pattern":
        """Give the pattern as those see it to whom case means nothing."""
        literals = [one.literal for one in self.segments]
        segments = (
            one if literal is None else Segment(fold(literal))
            for one, literal in zip(self.segments, literals, strict=True)
        )
        return Pattern(self.text, tuple(segments), self.rest)

    @property
    def literal_prefix(self) -> tuple[str, ...]:
        """Give the literal segments before the first parameter or `**`, without a closing slash."""
        prefix = []
        for segment in self.segments:
            if not segment.literal:
                break
            prefix.append(segment.literal)
        return tuple(prefix)

    @property
    def names(self) -> tuple[str, ...]:
        """Give the names of the parameters, from the left."""
        return tuple(segment.name for segment in self.segments if segment.name)


def pattern_of(segments: tuple[Segment, ...], *, rest: bool) -> Pattern:
    """Put a pattern together; the empty path is the one of a single slash."""
    if not segments and not rest:
        segments = (Segment(""),)
    pieces = [str(segment) for segment in segments] + [REST] * rest
    return Pattern("/" + "/".join(pieces), segments, rest)


def parse_pattern(text: str) -> Pattern:
    """Read a pattern such as `/api/v1/datasets/{id:int}/files/**`. Raises `PatternError`."""
    if not text.startswith("/"):
        raise PatternError("must begin with /")
    pieces = text[1:].split("/")
    rest = pieces[-1] == REST
    if rest:
        pieces.pop()
    if len(pieces) > MAX_SEGMENTS:
        raise PatternError(f"must not have more than {MAX_SEGMENTS} segments")
    if "" in pieces[:-1] or (rest and "" in pieces):
        raise PatternError("must not have an empty segment: duplicate slashes are merged")
    segments = tuple(_segment(piece) for piece in pieces)
    pattern = Pattern(text, segments, rest)
    for name in pattern.names:
        if pattern.names.count(name) > 1:
            raise PatternError(f"must not name {{{name}}} twice")
    return pattern


def parse_template(text: str) -> Pattern:
    """Read the path that a service sees: a pattern without types. Raises `PatternError`."""
    if "?" in text:
        raise PatternError("must not have a query: the request's own goes along")
    template = parse_pattern(text)
    for segment in template.segments:
        if segment.type:
            raise PatternError(
                f"must not have the type of {segment}: it stands in the route's path; "
                f"write {{{segment.name}}}"
            )
    return template


def _segment(piece: str) -> Segment:
    if "{" in piece or "}" in piece:
        return _parameter(piece)
    if "*" in piece:
        raise PatternError("must have ** only as its last segment; for one segment write {name}")
    if "?" in piece:
        raise PatternError("must not have a query: write its conditions under `query`")
    return Segment(normalised(piece))


def _parameter(piece: str) -> Segment:
    found = _PARAMETER.fullmatch(piece)
    if found is None:
        raise PatternError(
            f"must not have {piece!r}: a parameter is a whole segment, {{name}} or {{name:type}}"
        )
    name, type_ = found.groups()
    if type_ is not None and type_ not in TYPES:
        near = get_close_matches(type_, TYPES, n=1)
        hint = f"did you mean {{{name}:{near[0]}}}?" if near else f"known are {', '.join(TYPES)}"
        raise PatternError(f"must not have the unknown type {type_!r}; {hint}")
    return Segment(None, name, type_ or "")


def normalised(piece: str) -> str:
    """Give one literal segment in the spelling of a normalised request path."""
    try:
        parse_target(b"/" + piece.encode("utf-8"))
    except TargetError as error:
        raise PatternError(f"must not have {error}") from error
    literal = normalise_literal(piece)
    if literal in {".", ".."}:
        raise PatternError("must not have dot segments: requests have theirs resolved")
    return literal
