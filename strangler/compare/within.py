"""Reads JSON that stands within a text: as it is, in base64, or as the parts of a JSON Web Token.

A token that is signed anew each time, or a cursor with a time in it, never rests; but whom a token
is for, and where a cursor goes on, does.
"""

import base64
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

import orjson

from strangler.compare.verdict import JSON

Places: TypeAlias = Sequence[tuple[list[JSON], list[JSON]]]
"""What stands at each place, ask by ask, on either side."""

LONGEST = 4096
"""Characters of a text that is looked into: most tokens have some hundred."""

MOST_PLACES = 200

MOST_LEVELS = 20
"""What is nested deeper is compared as a whole."""

_JWT = re.compile(r"(eyJ[\w-]+)\.(eyJ[\w-]+)\.[\w-]*", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}", re.ASCII)
_URL_SAFE = str.maketrans("+/", "-_")

_ABSENT = "\0absent"  # no JSON text that this looks into is taken for it


def places_within(primary: Sequence[str], candidate: Sequence[str]) -> Places | None:
    """Put what stands within the texts of either side in order; None where there is one without."""
    read = [_leaves(text) for text in (*primary, *candidate)]
    if not all(read):
        return None
    names = dict.fromkeys(name for leaves in read for name in leaves)
    if len(names) > MOST_PLACES:
        return None
    values = [[leaves.get(name, _ABSENT) for leaves in read] for name in names]
    return [(met[: len(primary)], met[len(primary) :]) for met in values]


@lru_cache(maxsize=256)  # the answers of one look are read again with each further ask
def _leaves(text: str) -> dict[tuple[str, ...], JSON]:
    """Give what a text holds by its place; nothing where there is no object or list."""
    held = _held(text) if len(text) <= LONGEST else None
    return {} if held is None else dict(_walk(held, ()))


def _held(text: str) -> JSON:
    if text[:1] in {"{", "["}:
        return _parsed(text.encode("utf-8", "surrogatepass"))
    if (token := _JWT.fullmatch(text)) is not None:
        return [_parsed(_decoded(part)) for part in token.groups()]
    return _parsed(_decoded(text)) if _BASE64.fullmatch(text) else None


def _decoded(text: str) -> bytes:
    """Undo base64 in either alphabet, with or without its padding (RFC 4648)."""
    bare = text.rstrip("=").translate(_URL_SAFE)
    if len(bare) % 4 == 1:
        return b""  # no octets are written so
    return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))


def _parsed(octets: bytes) -> JSON:
    """Read an object or a list; None for all else."""
    if octets[:1] not in {b"{", b"["}:
        return None
    try:
        parsed: JSON = orjson.loads(octets)
    except orjson.JSONDecodeError:
        return None
    return parsed


def _walk(value: JSON, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], JSON]]:
    if len(place) < MOST_LEVELS and isinstance(value, dict):
        for name, member in value.items():
            yield from _walk(member, (*place, name))
    elif len(place) < MOST_LEVELS and isinstance(value, list):
        for index, element in enumerate(value):
            yield from _walk(element, (*place, str(index)))
    else:
        yield place, value
