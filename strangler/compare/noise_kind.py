"""Says of what kind the noise at one place is, for people who decide whether to trust it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from strangler.compare.looks import PRESENCE, Likeness
from strangler.compare.numbers import LASTING, counts
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


_DERIVED = re.compile(
    r"(etag|digest|checksum|hash|signature|hmac|md5|sha\d*|crc\d*)$", re.IGNORECASE
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
    if sorts == {Sort.TIME} or (sorts == {Sort.NUMBER} and LASTING.search(path)):
        return NoiseKind.TIME
    if sorts == {Sort.IDENTIFIER}:
        return NoiseKind.IDENTIFIER
    return NoiseKind.COUNTER if counts(primary) else NoiseKind.RANDOM


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
