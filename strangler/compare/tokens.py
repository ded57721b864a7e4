"""Reads a text as tokens: times, identifiers, numbers, durations, words, and what is between them.

A time or an identifier is one token, however many marks are in it, so that what moves in a text can
be told from what stands beside it.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from strangler.compare.shape import Shape, Sort, shape_of

LONGEST = 500
"""Characters of a text that is read so: in some 0.3 ms, for each answer that has it."""

_UNIT = (
    r"\d+(?:\.\d+)?[ ]?"
    r"(?:weeks?|days?|hours?|hrs?|minutes?|mins?|min|seconds?|secs?|ms|[wdhms])(?![^\W_])"
)
_TOKEN = re.compile(
    rf"""
    (?<![^\W_]) (?P<duration>
        \d+[ ]days?,?[ ]\d\d?:\d\d(?::\d\d(?:\.\d+)?)?
        | {_UNIT}(?:,?[ ]?(?:and[ ])?{_UNIT})+
        | PT?\d[\dDHMSTW.]*[DHMSW](?![^\W_])
    )
    | (?<![^\W_]) (?P<time>
        \d{{4}}-\d\d-\d\d
        (?:[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{{1,9}})?)?(?:[ ]?(?:[Zz](?![^\W_])|[+-]\d\d:?\d\d))?)?
        | [A-Z][a-z]{{2}},[ ]\d\d[ ][A-Z][a-z]{{2}}[ ]\d{{4}}[ ]\d\d:\d\d:\d\d[ ](?:GMT|[+-]\d{{4}})
        | \d{{8}}T\d{{6}}(?:\.\d{{1,9}})?(?:Z|[+-]\d{{4}})?
        | \d\d\.\d\d\.\d{{4}},?[ ]\d\d:\d\d:\d\d(?:[.,]\d{{1,9}})?
        | \d\d:\d\d(?::\d\d(?:[.,]\d{{1,9}})?)?(?![:\d])
    ) (?![^\W_])
    | (?<![^\W_]) (?P<identifier>
        [0-9a-fA-F]{{8}}(?:-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}} (?![^\W_])
        | (?<![^\s=:,;&?"'(|])(?=[A-Za-z+/]*\d)(?=[a-z\d+/]*[A-Z])(?=[A-Z\d+/]*[a-z])
          [A-Za-z\d+][A-Za-z\d+/]{{15,}}={{0,2}} (?![\w+/=.-])
    )
    | (?P<number> (?:(?<![\w.)\]])[+-])? \d+(?:[.,]\d+)*(?:[eE][+-]?\d+)? ) (?![^\W_])
    | (?P<word> [^\W_]+ )
    | (?P<space> \s+ )
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_DECIMALS = re.compile(r"[+-]?\d{1,18}\.\d{1,18}", re.ASCII)
_EPOCH = 9  # digits of the seconds since 1970, at the least
_DIGITS = Shape(Sort.NUMBER, "number like 9", "number")
_WORD = Shape(Sort.TEXT, "word", "word")
_MIXED = Shape(Sort.TEXT, "word with digits", "word with digits")
_DURATION = Shape(Sort.OTHER, "duration", "duration")
"""How long something takes of two systems may differ in each of its parts, of which most rest."""


class Token(NamedTuple):
    """One token as it is written, and of what shape it is."""

    text: str
    shape: Shape

    @property
    def number(self) -> int | float | None:
        """The number that it is, where it is written plainly."""
        if _WHOLE.fullmatch(self.text):
            return int(self.text)
        return float(self.text) if _DECIMALS.fullmatch(self.text) else None


@lru_cache(maxsize=256)  # read for what is lost, and once more for what moves
def tokens_of(text: str, now: float) -> tuple[Token, ...]:
    """Read a text; `now`, a Unix time, tells times from other numbers. Nothing of a long one."""
    if len(text) > LONGEST:
        return ()
    return tuple(Token(each[0], _shape(each, now)) for each in _TOKEN.finditer(text))


def _shape(match: re.Match[str], now: float) -> Shape:
    text = match[0]
    match match.lastgroup:
        case "duration":
            return _DURATION
        case "number":
            return _number(text, now)
        case "time" | "identifier":
            return shape_of(text, now)
        case "word":
            return _word(text, now)
        case _:
            return _mark(text)


@lru_cache(maxsize=256)  # a text is marks and spaces to one half
def _mark(text: str) -> Shape:
    return Shape(Sort.OTHER, text, text)


def _number(text: str, now: float) -> Shape:
    if len(text) >= _EPOCH and (shape := shape_of(text, now)).sort is Sort.TIME:
        return shape
    if text.isdigit():
        return _DIGITS
    form = re.sub(r"\d+", "9", text)
    return Shape(Sort.NUMBER, f"number like {form}", "number")


def _word(text: str, now: float) -> Shape:
    if text.isalpha():
        return _WORD
    shape = shape_of(text, now)
    return shape if shape.sort is Sort.IDENTIFIER else _MIXED
