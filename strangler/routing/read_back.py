"""Reads and fills the template that names what a write has changed: `read_back` of a route.

`/api/v1/datasets/{id}` takes `id` from the path of the write, `/api/v1/datasets/{body:id}` from the
JSON object that the write was answered with; `{body:data.id}` is a member of a member.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from strangler.routing.pattern import Pattern, PatternError, normalised

_VALUE = re.compile(r"\{(?:([A-Za-z_][A-Za-z0-9_]*)|body:([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*))\}")


class Piece(NamedTuple):
    """One segment: a literal, a parameter of the route's path, or a `member` of the answer."""

    literal: str | None
    name: str = ""
    member: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadBackPath:
    """A template, read."""

    text: str
    pieces: tuple[Piece, ...]

    def __str__(self) -> str:
        """Write the template as `routes.yaml` has it."""
        return self.text

    @property
    def names(self) -> tuple[str, ...]:
        """Give the parameters that it takes from the path of the write."""
        return tuple(piece.name for piece in self.pieces if piece.name)

    @property
    def needs_body(self) -> bool:
        """Tell whether it takes something from the answer."""
        return any(piece.member for piece in self.pieces)

    def fill(self, values: Mapping[str, str], said: object) -> str | None:
        """Give the path to read, from a write's parameters and the JSON that answered it.

        None where the answer has not what is asked for, or has no text or integer there.
        """
        filled = [_filled(piece, values, said) for piece in self.pieces]
        if None in filled:
            return None
        return "/" + "/".join(piece for piece in filled if piece is not None)

    def may_be(self, pattern: Pattern) -> bool:
        """Decide whether some filling of it could be a path that `pattern` claims."""
        segments = pattern.segments
        if len(self.pieces) < len(segments) or (
            len(self.pieces) > len(segments) and not pattern.rest
        ):
            return False
        return all(
            piece.literal is None or segment.literal in (None, piece.literal)
            for piece, segment in zip(self.pieces, segments, strict=False)
        )


def parse_read_back(text: str) -> ReadBackPath:
    """Read a template. Raises `PatternError`."""
    if not text.startswith("/"):
        raise PatternError("must begin with /")
    if "?" in text:
        raise PatternError("must not have a query: what was written is named by its path")
    return ReadBackPath(text, tuple(_piece(piece) for piece in text[1:].split("/")))


def values_of(pattern: Pattern, path: str) -> dict[str, str]:
    """Give the parameters of a normalised path that `pattern` claims, by name."""
    pieces = path.split("/")[1:]
    return {
        segment.name: piece
        for segment, piece in zip(pattern.segments, pieces, strict=False)
        if segment.name
    }


def _piece(text: str) -> Piece:
    if "{" not in text and "}" not in text and "*" not in text:
        return Piece(normalised(text))
    found = _VALUE.fullmatch(text)
    if found is None:
        raise PatternError(
            f"must not have {text!r}: a whole segment is {{name}}, from the path, or "
            "{body:member}, from the JSON of the answer"
        )
    name, member = found.groups()
    return Piece(None, name or "", tuple(member.split(".")) if member else ())


def _filled(piece: Piece, values: Mapping[str, str], said: object) -> str | None:
    if piece.literal is not None:
        return piece.literal
    if piece.name:
        return values.get(piece.name)
    for member in piece.member:
        said = said.get(member) if isinstance(said, dict) else None
    if isinstance(said, bool) or not isinstance(said, int | str):
        return None
    # A dot segment would name another path, an empty one the resource above it.
    return None if said in {"", ".", ".."} else quote(str(said), safe="")
