"""Makes findings fit to be stored: values become keyed hashes, so that equality survives.

Whoever reads the store can tell that two values are equal, and of what type they are, but not
what they are, nor try out guesses without the key. Plaintext is only what a rule allows.
"""

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from hashlib import blake2b
from itertools import zip_longest
from urllib.parse import unquote, unquote_plus

from strangler.compare import paths
from strangler.compare.rules import Rules
from strangler.compare.verdict import JSON, Difference, Kind
from strangler.http.words import is_parameter

LONGEST_PLAINTEXT = 200
"""Characters of a plaintext value; enough for a person to see what it is."""

_DEEPEST = 100
_BEYOND_DOUBLE = 1e308

_OURS = frozenset({Kind.STATUS, Kind.ORDER, Kind.TWICE, Kind.MANNER})
"""Kinds of which both sides are ours to tell, and nobody's data."""

# Written by `compare`, so free of data; anything else is hashed whole.
_BODY_PLACE = re.compile(
    r"status|body(?:/(?P<label>[A-Za-z0-9_-]+))?(?: \((?:byte \d+|line \d+, column \d+)\))?",
    re.ASCII,
)


class Redactor:
    """Hashes values with one key: the same value is the same hash wherever the key is."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if not key:
            raise ValueError("a redaction key must not be empty: short values could be guessed")
        self._key = blake2b(key).digest()  # any length will do; BLAKE2b takes at most 64 bytes

    def __repr__(self) -> str:
        return "<Redactor>"

    def value(self, value: JSON) -> str:
        """Write a value as its type and hash: `string#3fa9c1d2e4`; null, true and false as is."""
        if value is None or isinstance(value, bool):
            return json.dumps(value)
        return f"{_type_of(value)}#{self._hash(_canonical(value))}"

    def differences(
        self, differences: Iterable[Difference], rules: Rules
    ) -> list[dict[str, str | None]]:
        """Write differences for storage; None stands for what a side does not have."""
        return [self._difference(each, rules) for each in differences]

    def target(self, path: str, query: str, pattern: str) -> str:
        """Write a request's target for storage.

        What the route's pattern spells out is kept, and the names in the query; what stands for
        a parameter or `**`, and the query's values, are hashed.
        """
        target = "/".join(self._segments(path.split("/"), pattern.split("/")))
        return f"{target}?{self._query(query)}" if query else target

    def _difference(self, difference: Difference, rules: Rules) -> dict[str, str | None]:
        primary, candidate = self._sides(difference, rules)
        return {
            "place": self._place(difference.place),
            "path": self._place(difference.path),
            "kind": difference.kind.value,
            "primary": primary,
            "candidate": candidate,
        }

    def _sides(self, difference: Difference, rules: Rules) -> tuple[str | None, str | None]:
        plain = difference.kind in _OURS or rules.shows(difference.place)
        write = _plaintext if plain else self.value
        primary, candidate = difference.primary, difference.candidate
        has_primary = difference.kind is not Kind.EXTRA
        has_candidate = difference.kind is not Kind.MISSING
        if difference.kind in {Kind.HEADER, Kind.BODY}:
            has_primary, has_candidate = primary is not None, candidate is not None
        return write(primary) if has_primary else None, write(candidate) if has_candidate else None

    def _place(self, place: str) -> str:
        hidden: str | None = None
        if place.startswith("$"):
            hidden = paths.hide_names(place, self._mark)
        elif place.startswith("header:"):
            hidden = "/".join(map(self._header_part, place.split("/")))
        elif (match := _BODY_PLACE.fullmatch(place)) is not None:
            hidden = place if paths.is_name(match["label"] or "body") else None
        return self._mark(place) if hidden is None else hidden

    def _header_part(self, part: str) -> str:
        name = part.removeprefix("header:").replace(".", "_")
        return part if name == "[?]" or paths.is_name(name) else self._mark(part)

    def _segments(self, path: list[str], pattern: list[str]) -> Iterable[str]:
        for got, wanted in zip_longest(path, pattern):
            if got is not None:
                yield got if got == wanted or not got else self._mark(unquote(got))

    def _query(self, query: str) -> str:
        return "&".join(map(self._parameter, query.split("&")))

    def _parameter(self, parameter: str) -> str:
        name, equals, value = parameter.partition("=")
        shown = unquote_plus(name)
        if shown and not is_parameter(shown, value):
            shown = self._mark(shown)
        return shown + equals + (self._mark(unquote_plus(value)) if value else "")

    def _mark(self, text: str) -> str:
        return f"#{self._hash(text)}"

    def _hash(self, text: str) -> str:
        """Hash to 40 bits: enough to tell the values of a few findings apart, too few to store."""
        data = text.encode("utf-8", "surrogatepass")
        return blake2b(data, key=self._key, digest_size=5).hexdigest()


def _type_of(value: JSON) -> str:
    if isinstance(value, str):
        return "string"
    if isinstance(value, dict):
        return "object"
    return "list" if isinstance(value, list) else "number"


def _canonical(value: JSON, levels: int = _DEEPEST) -> str:
    """Write a value so that what compares equal is written equally, and nothing else is."""
    if isinstance(value, str):
        return f"{len(value)}:{value}"  # the length keeps neighbours apart
    if isinstance(value, dict):
        if not levels:
            return "{…}"
        members = (
            f"{_canonical(name)}={_canonical(inner, levels - 1)}" for name, inner in value.items()
        )
        return "{" + ",".join(sorted(members)) + "}"
    if isinstance(value, list):
        return (
            "[" + ",".join(_canonical(inner, levels - 1) for inner in value) + "]"
            if levels
            else "[…]"
        )
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return _canonical_number(value)


def _canonical_number(value: float | Decimal) -> str:
    """Write a number as the exact fraction that it is; beyond doubles as Python's numeric hash."""
    if value != value:  # noqa: PLR0124 - only NaN is not itself
        return "nan"
    if isinstance(value, Decimal) or abs(value) > _BEYOND_DOUBLE:
        return f"beyond {hash(value)}"
    numerator, denominator = value.as_integer_ratio()
    return f"{numerator:x}/{denominator:x}"


def _plaintext(value: JSON) -> str:
    """Write a value as JSON, cut, and free of what cannot be stored as UTF-8."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= LONGEST_PLAINTEXT else text[:LONGEST_PLAINTEXT] + "…"
