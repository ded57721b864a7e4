"""Makes findings fit to be stored: values become keyed hashes, so that equality survives.

Whoever reads the store can tell that two values are equal, of what type and how long they are, but
not what they are, nor try out guesses without the key. Plaintext is what a rule allows, or with
`redaction: secrets` whatever is no secret; credentials, cookies and a query's values never are.
"""

import json
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from hashlib import blake2b
from itertools import zip_longest
from typing import TypeAlias
from urllib.parse import unquote, unquote_plus

from strangler.compare import paths
from strangler.compare.finding import type_of
from strangler.compare.rules import Rules
from strangler.compare.secrets import (
    conceal,
    conceal_credentials,
    is_credential_name,
    is_secret_name,
    looks_secret,
)
from strangler.compare.verdict import JSON, Difference, Kind
from strangler.http.words import is_parameter
from strangler.routing.redaction import Redaction

Conceal: TypeAlias = Callable[[str, Callable[[str], str]], str]

LONGEST_PLAINTEXT = 200
"""Characters of a plaintext value; enough for a person to see what it is."""

_DEEPEST = 100
_BEYOND_DOUBLE = 1e308

_OURS = frozenset({Kind.STATUS, Kind.ORDER, Kind.TWICE, Kind.MANNER})
"""Kinds of which both sides are ours to tell, and nobody's data."""

# Written by `compare`, so free of data; anything else is hashed whole.
_BODY_PLACE = re.compile(
    r"status|body(?:/(?P<label>[A-Za-z0-9_-]+))?(?: \((?:byte \d+|line \d+(?:, column \d+)?)\))?",
    re.ASCII,
)

_ID = re.compile(r"[0-9a-fA-F-]{1,64}", re.ASCII)  # a UUID, a trace id, a number
_FIRST_WORD = re.compile(r"[^\s\"'&<>,;]+")


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
        """Write a value as its type, length and hash: `string(12)#3fa9c1d2e4`.

        null, true and false are written as they are. The length is one of characters, members or
        elements; a number has none.
        """
        if value is None or isinstance(value, bool):
            return json.dumps(value)
        length = f"({len(value)})" if isinstance(value, str | dict | list) else ""
        return f"{type_of(value)}{length}#{self._hash(_canonical(value))}"

    def differences(
        self,
        differences: Iterable[Difference],
        rules: Rules,
        redaction: Redaction = Redaction.VALUES,
    ) -> list[dict[str, str | None]]:
        """Write differences for storage; None stands for what a side does not have."""
        return [self._difference(each, rules, redaction) for each in differences]

    def target(
        self, path: str, query: str, pattern: str, redaction: Redaction = Redaction.VALUES
    ) -> str:
        """Write a request's target for storage.

        What the route's pattern spells out is kept, and the names in the query; what stands for
        a parameter or `**` is hashed unless only secrets are, the query's values always.
        """
        plain = redaction is Redaction.SECRETS
        target = "/".join(self._segments(path.split("/"), pattern.split("/"), plain=plain))
        return f"{target}?{self._query(query)}" if query else target

    def request_id(self, text: str) -> str:
        """Write a request's id as it is if it can be nothing more: clients may choose it."""
        return text if _ID.fullmatch(text) else self._mark(text)

    def _difference(
        self, difference: Difference, rules: Rules, redaction: Redaction
    ) -> dict[str, str | None]:
        primary, candidate = self._sides(difference, self._writer(difference, rules, redaction))
        return {
            "place": self._place(difference.place),
            "path": self._place(difference.path),
            "kind": difference.kind.value,
            "primary": primary,
            "candidate": candidate,
        }

    def _writer(
        self, difference: Difference, rules: Rules, redaction: Redaction
    ) -> Callable[[JSON], str]:
        """Choose how the values of one difference are written."""
        if difference.kind in _OURS:
            return _plaintext
        if rules.shows(difference.place):
            if any(map(is_credential_name, _names(difference.place))):
                return self.value
            if difference.kind is Kind.BODY:
                return self._text
            return partial(self._shown, is_named=is_credential_name, conceal=conceal_credentials)
        if redaction is Redaction.VALUES or difference.kind is Kind.BODY:
            return self.value  # of a text nobody knows what stood before it
        if any(map(is_secret_name, _names(difference.place))):
            return self.value
        return partial(self._shown, is_named=is_secret_name, conceal=conceal)

    def _shown(self, value: JSON, is_named: Callable[[str], bool], conceal: Conceal) -> str:
        return _plaintext(self._concealed(value, is_named, conceal))

    def _concealed(self, value: JSON, is_named: Callable[[str], bool], conceal: Conceal) -> JSON:
        """Give a value with its secrets hashed, wherever in it they are."""
        inner = partial(self._concealed, is_named=is_named, conceal=conceal)
        if isinstance(value, dict):
            return {
                name if paths.is_name(name) else self._mark(name): (
                    self.value(member) if is_named(name) else inner(member)
                )
                for name, member in value.items()
            }
        if isinstance(value, list):
            return [inner(element) for element in value]
        if isinstance(value, str):
            return conceal(value, self._mark)
        is_number = value is not None and not isinstance(value, bool)
        return self.value(value) if is_number and looks_secret(str(value)) else value

    def _text(self, value: JSON) -> str:
        """Write an excerpt of a text: its first word may be the rest of a secret."""
        text = _FIRST_WORD.sub(lambda found: self._mark(found[0]), str(value), count=1)
        return _plaintext(conceal_credentials(text, self._mark))

    def _sides(
        self, difference: Difference, write: Callable[[JSON], str]
    ) -> tuple[str | None, str | None]:
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

    def _segments(self, path: list[str], pattern: list[str], *, plain: bool) -> Iterable[str]:
        for got, wanted in zip_longest(path, pattern):
            if got is not None:
                kept = not got or got == wanted or (plain and _is_public(unquote(got), wanted))
                yield got if kept else self._mark(unquote(got))

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


def _names(place: str) -> Iterable[str]:
    """Give the names of all that a place lies in."""
    if place.startswith("$"):
        return (step.key for step in paths.parse(place) if isinstance(step.key, str))
    return place.partition(" ")[0].removeprefix("header:").split("/")


def _is_public(segment: str, wanted: str | None) -> bool:
    """Decide whether a segment of a path is no secret, by its look and its parameter's name."""
    name = (wanted or "").strip("{}").partition(":")[0]
    return not is_secret_name(name) and not looks_secret(segment)


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
