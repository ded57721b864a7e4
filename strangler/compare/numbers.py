"""Decides whether numbers that never rest are the numbers of another system.

That two systems have other numbers is no wonder: one has less to do, or does it faster. What no
load explains are numbers of another unit, and one that never moves. Where such is seen in every
look, and in enough of them, a person would want to know.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import TypeGuard

from strangler.compare.oddity import Oddity
from strangler.compare.verdict import JSON

FACTOR = 500
"""How many times larger all numbers of one side must be: short of a thousand, by which units are
mistaken, and more than load explains."""

ABOUT = 200
"""The same, of the median, and where all numbers of one side are larger than the other's: numbers
that are spread over decades hardly ever stand `FACTOR` times apart in all answers."""

PERCENT = 20
"""How many times larger the median must be than one of shares, which are 1 at most, where none is
above 100: a fifth of the hundred by which shares and percentages are mistaken, as both spread."""

SLOW = 24.0
"""What is seen of numbers alone is worth so much less that three looks in a row have to show it."""

SLOWER = 47.0
"""Five looks, of what may be fast enough to be rounded to nothing."""

SHORTER = 100
"""How many times longer than the candidate's a duration must be for that."""

STEP = 10
STEP_SHARE = 0.01
"""By how much a counter grows from one answer to the next, at the most: it counts requests."""

LASTING = re.compile(
    r"(took|elapsed|duration|latency|uptime|_ms|millis|runtime|_time)$", re.IGNORECASE
)
_OF_A_MACHINE = re.compile(
    r"(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))"  # a whole word: an airport is no port
    r"(?i:load|queue\w*|memory|mem|heap|rss|cpu|threads?|connections?|sessions?|uptime|pid|port"
    r"|workers?|node|shard|replica|instance|backlog|lag|in_?flight|hits|misses|requests|goroutines"
    r"|gc)\d*$"
)
"""Names of what a system says of its own state, which is nobody else's."""

_MOST = 10**300  # an integer beyond is no double
_WRITTEN = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_UNNAMED = re.compile(r"(?:\[\*\]|\['#text'\])+$")


def scale(primary: Sequence[JSON], candidate: Sequence[JSON], path: str) -> Oddity | None:
    """Tell numbers of which one side has far larger ones: milliseconds where there were seconds."""
    ours, theirs = _sizes(primary), _sizes(candidate)
    if not ours or not theirs or counts(primary) or counts(candidate) or _is_own(path):
        return None
    for less, more, word in ((ours, theirs, "large"), (theirs, ours, "small")):
        if min(less) > 0 and FACTOR * max(less) < min(more):
            return Oddity("number", f"number, more than {FACTOR} times as {word}")
    return None


def slowly(primary: Sequence[JSON], candidate: Sequence[JSON], path: str) -> Oddity | None:
    """Tell what is odd about numbers at a path if it is seen again and again."""
    ours, theirs = _sizes(primary), _sizes(candidate)
    if len(ours) < 2 or len(ours) != len(theirs) or _is_own(path):
        return None
    lasts = LASTING.search(_UNNAMED.sub("", path)) is not None
    if found := _constant(ours, theirs, lasts=lasts):
        return found
    return None if lasts or counts(primary) or counts(candidate) else _about(ours, theirs)


def counts(values: Sequence[JSON]) -> bool:
    """Decide whether numbers only ever grow, and by little."""
    numbers = [each for each in values if isinstance(each, int) and not isinstance(each, bool)]
    if len(numbers) < max(len(values), 2):
        return False
    steps = [after - before for before, after in pairwise(numbers)]
    most = max(STEP, STEP_SHARE * _size(max(map(abs, numbers))))
    return any(steps) and all(0 <= step <= most for step in steps)


def _is_own(path: str) -> bool:
    """Decide whether a place is named as what a system says of itself."""
    return _OF_A_MACHINE.search(_UNNAMED.sub("", path)) is not None


def _constant(ours: list[float], theirs: list[float], *, lasts: bool) -> Oddity | None:
    """Tell a number that stays where the primary has hardly any twice, and never this one."""
    if len(set(theirs)) > 1 or theirs[0] in ours or len(set(ours)) < max(2, len(ours) - 1):
        return None
    if lasts and min(ours) < SHORTER * max(1.0, theirs[0]):
        return None
    words = ("number, another each time", "number, always the same")
    return Oddity(*words, SLOWER if lasts else SLOW, repr(theirs[0]))


def _about(ours: list[float], theirs: list[float]) -> Oddity | None:
    """Tell numbers that are about a thousand times as large, or percentages of what were shares."""
    for less, more, word in ((ours, theirs, "large"), (theirs, ours, "small")):
        if median(less) <= 0 or max(less) >= median(more):
            continue
        if max(less) < min(more) and median(more) > ABOUT * median(less):
            return Oddity("number", f"number, some hundred times as {word}", SLOW)
        if max(less) <= 1 and max(more) <= 100 and median(more) > PERCENT * median(less):
            return Oddity("number", f"number, some ten times as {word}", SLOW)
    return None


def _sizes(values: Sequence[JSON]) -> list[float]:
    """Give how large numbers are, also those written as texts; nothing where one is none."""
    sizes = [_size(value) for value in values if _is_number(value)]
    return sizes if len(sizes) == len(values) else []


def _size(value: float | str) -> float:
    return float(min(abs(value), _MOST)) if isinstance(value, int) else abs(float(value))


def _is_number(value: JSON) -> TypeGuard[int | float | str]:
    if isinstance(value, str):
        return _WRITTEN.fullmatch(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)
