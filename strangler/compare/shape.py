"""Says of what shape a value is, without saying the value: a UUID, a time in UTC, 32 hex digits.

What never rests can still be told from what is wrong: a clock that lost its zone has another shape,
whatever time it shows.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import NamedTuple

from strangler.compare.verdict import JSON


class Sort(StrEnum):
    """What a value is taken for."""

    TIME = "time"
    IDENTIFIER = "identifier"
    NUMBER = "number"
    TEXT = "text"
    OTHER = "other"  # true, false, null, an object, a list


class Shape(NamedTuple):
    """The shape of one value. `form` is written for people, and holds nothing of the value.

    `family` is the form without a length. `instant` is the Unix time that the value stands for.
    """

    sort: Sort
    form: str
    family: str
    instant: float | None = None


NEAR = 86_400.0
"""Seconds from now within which a bare number is taken for a time: one number in twenty thousand of
that size would be by accident."""

CLOSE = 20.0
"""Seconds from now, in any zone, within which a time of day is taken for that of answering: one
in twenty of all others would be by accident."""

LONG = 16
"""Characters of letters and digits from which a word is taken for a token: few words are longer."""

SHOWN = 32
"""Characters of a form; what is longer has no shape that says much."""

_DATE_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)(?P<between>[Tt ])(?P<time>\d\d:\d\d(?::\d\d)?)"
    r"(?:[.,](?P<fraction>\d{1,9}))? ?(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_HTTP_DATE = re.compile(
    r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|[+-]\d{4})", re.ASCII
)
_BASIC = re.compile(r"(\d{8})T(\d{6})(?:\.(\d{1,9}))?(Z|[+-]\d{4})?", re.ASCII)
_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:[.,](\d{1,9}))?", re.ASCII)
_DOTTED = re.compile(r"(\d\d)\.(\d\d)\.(\d{4}),? (\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?", re.ASCII)
_DOTNET = re.compile(r"/Date\((-?\d{1,16})(?:[+-]\d{4})?\)/", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_HEX = re.compile(r"[0-9a-f]{8,}|[0-9A-F]{8,}")
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
_TOKEN = re.compile(rf"[A-Za-z0-9_+/.~=-]{{{LONG},}}")
_DIGITS = re.compile(r"\d{9,19}(?:\.\d+)?", re.ASCII)
_RUN = re.compile(
    r"(?P<digits>\d+(?![^\W_]))|(?P<word>[^\W_]+)|(?P<space>\s+)|(?P<mark>[-:./@,+_=;])|."
)
_DAY = 86_400.0
_ZONES = 900.0  # all are whole quarters of an hour apart
_EXACT = 2**53  # up to this, doubles hold every integer
_FAR = 1e20  # beyond any time, in any unit
_UNITS = {"seconds": 1.0, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}


def shape_of(value: JSON, now: float) -> Shape:
    """Say of what shape a value is; `now`, a Unix time, tells times from other numbers."""
    if isinstance(value, str):
        return _of_text(value, now)
    if isinstance(value, bool):
        return Shape(Sort.OTHER, "true or false", "true or false")
    if isinstance(value, int | float | Decimal):
        time = None if isinstance(value, Decimal) else _since_1970(value, now, "number")
        return time or _number(value)
    name = "null" if value is None else "object" if isinstance(value, dict) else "list"
    return Shape(Sort.OTHER, name, name)


def _number(value: float | Decimal) -> Shape:
    if isinstance(value, Decimal) and not value.is_finite():
        return Shape(Sort.NUMBER, "no finite number", "no finite number")
    sign = "negative " if value < 0 else ""
    form = f"{sign}whole number" if _is_whole(value) else f"{sign}number with decimals"
    form += ", that no double holds" if _is_beyond_double(value) else ""
    return Shape(Sort.NUMBER, form, "number")


def _is_whole(value: float | Decimal) -> bool:
    # The remainder of a large `Decimal` has more digits than are reckoned with.
    return value == value.to_integral_value() if isinstance(value, Decimal) else value % 1 == 0


def _is_beyond_double(value: float | Decimal) -> bool:
    """Decide whether a reader that has only doubles would change an integer."""
    return isinstance(value, int) and _EXACT < abs(value) < _FAR and int(float(value)) != value


def _of_text(text: str, now: float) -> Shape:
    if not text:
        return Shape(Sort.TEXT, "empty text", "empty text")
    if len(text) > 4096:  # no time and no identifier is so long
        return Shape(Sort.TEXT, "long text", "long text")
    return _time(text, now) or _identifier(text) or _words(text)


def _time(text: str, now: float) -> Shape | None:
    if match := _DATE_TIME.fullmatch(text):
        return _date_time(match)
    try:
        if _DATE.fullmatch(text):
            at = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
            return Shape(Sort.TIME, "date", "date", at)
        if _HTTP_DATE.fullmatch(text):
            at = parsedate_to_datetime(text).timestamp()
            zone = "GMT" if text.endswith("GMT") else text[-5:]
            return Shape(Sort.TIME, f"HTTP date, {zone}", "HTTP date", at)
    except (ValueError, OverflowError):
        return None  # looks like a date, but is none
    if _DIGITS.fullmatch(text):
        return _since_1970(float(text), now, "text")
    return _of_day(text, now) or _written_otherwise(text)


def _of_day(text: str, now: float) -> Shape | None:
    """Read the present time of day, in whatever zone; any other may be how long something took."""
    match = _OF_DAY.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds, fraction = match.groups()
    at = 3600.0 * int(hours) + 60.0 * int(minutes) + float(f"{seconds}.{fraction or 0}")
    off = (at - now + _DAY / 2) % _DAY - _DAY / 2
    if abs(off - _ZONES * round(off / _ZONES)) > CLOSE:
        return None
    form = "time of day" + (f", {len(fraction)} decimals" if fraction else "")
    return Shape(Sort.TIME, form, form, now + off)


def _written_otherwise(text: str) -> Shape | None:
    """Read times that are neither as RFC 3339 nor as HTTP writes them, zones as written."""
    if match := _BASIC.fullmatch(text):
        day, time, fraction, zone = match.groups()
        whole = f"{day[:4]}-{day[4:6]}-{day[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}"
        return _named(whole, fraction, zone, f"ISO 8601, basic, {zone or 'no zone'}")
    if match := _DOTTED.fullmatch(text):
        day, month, year, time, fraction = match.groups()
        return _named(f"{year}-{month}-{day}T{time}", fraction, None, "day.month.year")
    if match := _DOTNET.fullmatch(text):
        return Shape(Sort.TIME, "/Date(…)/", "/Date(…)/", float(match[1]) / 1e3)
    return None


def _named(whole: str, fraction: str | None, zone: str | None, form: str) -> Shape | None:
    try:
        at = datetime.fromisoformat(whole + _offset(zone)).timestamp()
    except ValueError:
        return None
    form += f", {len(fraction)} decimals" if fraction else ""
    return Shape(Sort.TIME, form, form, at + (float(f"0.{fraction}") if fraction else 0.0))


def _date_time(match: re.Match[str]) -> Shape | None:
    fraction, zone = match["fraction"], match["zone"]
    written = "UTC (Z)" if zone in {"Z", "z"} else f"zone {zone}" if zone else "no zone"
    form = f"ISO 8601, {'T' if match['between'] in 'Tt' else 'space'}"
    form += "" if match["time"].count(":") == 2 else ", no seconds"
    form += f", {len(fraction)} decimals" if fraction else ""
    try:
        at = datetime.fromisoformat(f"{match['date']}T{match['time']}{_offset(zone)}")
    except ValueError:
        return None
    seconds = at.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)
    return Shape(Sort.TIME, f"{form}, {written}", "ISO 8601", seconds)


def _offset(zone: str | None) -> str:
    """Write a zone in the one way; without one a time is read as UTC, to be held against others."""
    if zone is None or zone in "Zz":
        return "+00:00"
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return f"{zone[0]}{digits[:2]}:{digits[2:]}"


def _since_1970(value: float, now: float, written: str) -> Shape | None:
    number = float(value) if abs(value) < _FAR else 0.0
    for unit, size in _UNITS.items():
        if abs(number / size - now) < NEAR:
            form = f"{unit} since 1970, as a {written}"
            return Shape(Sort.TIME, form, form, number / size)
    return None


def _identifier(text: str) -> Shape | None:
    lower = text.lower()
    if match := _UUID.fullmatch(lower):
        case = "" if text == lower else ", upper case"
        version = "all zero" if set(text) <= {"0", "-"} else f"version {match[1]}"
        return Shape(Sort.IDENTIFIER, f"UUID, {version}{case}", "UUID")
    if _ULID.fullmatch(text):
        return Shape(Sort.IDENTIFIER, "ULID", "ULID")
    if _HEX.fullmatch(text) and not text.isdigit():
        case = "upper case" if any("A" <= each <= "F" for each in text) else "lower case"
        family = f"hexadecimal, {case}"
        return Shape(Sort.IDENTIFIER, f"{family}, {len(text)} digits", family)
    if _JWT.fullmatch(text):
        return Shape(Sort.IDENTIFIER, "JWT", "JWT")
    if _TOKEN.fullmatch(text) and any(map(str.isdigit, text)) and any(map(str.isalpha, text)):
        return Shape(Sort.IDENTIFIER, f"token of {len(text)} characters", "token")
    return None


def _words(text: str) -> Shape:
    """Keep the marks between words and numbers; of these only that they are there."""
    form = "".join(map(_run, _RUN.finditer(text[: 4 * SHOWN])))
    # Of a text of many words each is written otherwise; that it is one is all there is to say.
    form = "text of several words" if form.count(" ") > 3 or len(form) > SHOWN else f"like {form}"
    return Shape(Sort.TEXT, form, form)


def _run(match: re.Match[str]) -> str:
    if match["digits"]:
        return "9"
    if match["word"]:
        return "a" if not any(map(str.isdigit, match["word"])) else "x"
    return " " if match["space"] else match["mark"] or "?"
