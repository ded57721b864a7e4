"""Says of what kind the noise at one place is, for people who decide whether to trust it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from strangler.compare.looks import PRESENCE, Likeness
from strangler.compare.shape import Sort, shape_of
from strangler.compare.verdict import JSON, Kind


class NoiseKind(StrEnum):
    """What makes a place differ from one answer to the next."""

    TIME = "time"  # the present time, or how long something took
    IDENTIFIER = "identifier"  # made up for each answer
    COUNTER = "counter"  # grows a little with each answer
    DERIVED = "derived"  # computed from what is noise itself
    ORDER = "order"  # elements in no fixed order
    PRESENCE = "presence"  # comes and goes, or is null at times
    RANDOM = "random"  # anything else


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one look has taught of one likeness. `moved`: the primary showed it against itself.

    The forms say of what shape either side's value was; they hold nothing of it.
    """

    likeness: Likeness
    kind: NoiseKind
    moved: bool
    primary: str
    candidate: str


STEP = 10
STEP_SHARE = 0.01
"""By how much a counter grows from one answer to the next, at the most: it counts requests."""

_DERIVED = re.compile(
    r"(etag|digest|checksum|hash|signature|hmac|md5|sha\d*|crc\d*)$", re.IGNORECASE
)
_LASTING = re.compile(
    r"(took|elapsed|duration|latency|uptime|_ms|millis|runtime|_time)$", re.IGNORECASE
)


def kind_of(like: Likeness, primary: Sequence[JSON], now: float) -> NoiseKind:
    """Tell the kind of noise by where it is and by what the primary had there, ask by ask."""
    path, way = like
    if way == Kind.ORDER:
        return NoiseKind.ORDER
    if way in {PRESENCE, Kind.TYPE}:
        return NoiseKind.PRESENCE
    if _DERIVED.search(path):
        return NoiseKind.DERIVED
    sorts = {shape_of(value, now).sort for value in primary}
    if sorts == {Sort.TIME} or (sorts == {Sort.NUMBER} and _LASTING.search(path)):
        return NoiseKind.TIME
    if sorts == {Sort.IDENTIFIER}:
        return NoiseKind.IDENTIFIER
    return NoiseKind.COUNTER if _counts(primary) else NoiseKind.RANDOM


def _counts(values: Sequence[JSON]) -> bool:
    """Decide whether numbers only ever grow, and by little."""
    numbers = [each for each in values if isinstance(each, int) and not isinstance(each, bool)]
    if len(numbers) < max(len(values), 2):
        return False
    steps = [after - before for before, after in pairwise(numbers)]
    most = max(STEP, STEP_SHARE * max(map(abs, numbers)))
    return any(steps) and all(0 <= step <= most for step in steps)


def lesson_of(
    like: Likeness,
    primary: Sequence[JSON],
    candidate: Sequence[JSON],
    now: float,
    *,
    moved: bool,
) -> Lesson:
    """Write down what one look has shown at one place; either side's values may be unknown."""
    return Lesson(
        like, kind_of(like, primary, now), moved, _form(primary, now), _form(candidate, now)
    )


def _form(values: Sequence[JSON], now: float) -> str:
    """Give the form that values have, "several forms" where they have not the same."""
    forms = {shape_of(value, now).form for value in values}
    return forms.pop() if len(forms) == 1 else "several forms" if forms else ""
