"""Decides whether two sides make their noise in the same manner.

A field that never rests cannot be compared by value. But a service whose clock is an hour late,
whose ids are always the same, or which writes times otherwise, differs from the monolith all the
same, and in every answer alike.
"""

from collections.abc import Sequence
from decimal import Decimal
from operator import attrgetter

from strangler.compare.numbers import scale, slowly
from strangler.compare.oddity import Oddity
from strangler.compare.shape import Shape, Sort, shape_of
from strangler.compare.verdict import JSON
from strangler.compare.within import Places, places_within
from strangler.compare.wording import lost, moving

SLACK = 10.0
"""Seconds that two clocks may be apart: those of machines that keep time are within one."""

BEYOND = 20
"""How many times further apart than either side's own moments two sides must be. Moments that are
picked at random lie so close together by accident once in ten thousand looks."""

PRECISE = 6
"""Digits of a number that is never met twice by accident, nor stays the same while it is measured:
a load or a count of few digits may well."""


def oddity(
    primary: Sequence[JSON],
    candidate: Sequence[JSON],
    *,
    now: float,
    span: float,
    path: str = "",
) -> Oddity | None:
    """Compare the manner of values met at one place in as many asks of either side, in turns.

    `now` is the Unix time, `span` how many seconds the asks took together; `path` names the place,
    where more looks will be taken at it. What is found in a few asks may be an accident; how
    surprising it is, the caller must weigh.
    """
    whole = _as_a_whole(primary, candidate, now, span, path)
    if whole is None and path:
        whole = slowly(primary, candidate, path)
    left, right = _texts(primary), _texts(candidate)
    if whole is not None or len(left) < 2 or len(left) != len(right):
        return whole
    if (places := places_within(left, right)) is not None:
        return _inside(places, now, span, path)
    if (gone := lost(left, right, now)) is not None:
        return gone
    within = (_as_a_whole(*sides, now, span, path) for sides in moving(left, right, now))
    return next((found for found in within if found is not None), None)


def _inside(places: Places, now: float, span: float, path: str) -> Oddity | None:
    """Compare what stands at each place of texts that hold JSON.

    What the primary always says there, the candidate has to say now and then; the rest in the same
    manner.
    """
    moving = [(ours, theirs) for ours, theirs in places if len(set(map(repr, ours + theirs))) > 1]
    for ours, theirs in moving:
        stays = len(set(map(repr, ours))) == 1
        if stays and repr(ours[0]) not in map(repr, theirs):
            return Oddity("text that always holds one value", "text with others", len(moving))
        odd = None if stays else _as_a_whole(ours, theirs, now, span, path)
        if odd is not None:
            return odd._replace(among=len(moving))
    return None


def _as_a_whole(
    primary: Sequence[JSON], candidate: Sequence[JSON], now: float, span: float, path: str
) -> Oddity | None:
    ours = [shape_of(value, now) for value in primary]
    theirs = [shape_of(value, now) for value in candidate]
    return (
        _form(ours, theirs)
        or _offset(ours, theirs, span)
        or _stuck(primary, candidate, ours, theirs)
        or scale(primary, candidate, path)
    )


def _texts(values: Sequence[JSON]) -> list[str]:
    """Give the values if all are texts."""
    texts = [value for value in values if isinstance(value, str)]
    return texts if len(texts) == len(values) else []


def apart(primary: JSON, candidate: JSON, *, now: float) -> float | None:
    """Give the seconds between two times and now, the most of the three; None unless both are."""
    ours, theirs = shape_of(primary, now).instant, shape_of(candidate, now).instant
    if ours is None or theirs is None:
        return None
    return max(abs(ours - theirs), abs(ours - now), abs(theirs - now))


def _form(ours: Sequence[Shape], theirs: Sequence[Shape]) -> Oddity | None:
    """Tell a form that the primary always has and the candidate never; then the same of families.

    The length of an identifier may vary on its own, and then its alphabet must not be lost on us.
    """
    for told in (attrgetter("form"), attrgetter("family")):
        always, never = set(map(told, ours)), set(map(told, theirs))
        if len(always) == 1 and always.isdisjoint(never):
            return Oddity(ours[0].form, theirs[0].form)
    return None


def _offset(ours: Sequence[Shape], theirs: Sequence[Shape], span: float) -> Oddity | None:
    """Tell times that are further apart than clocks and the asking explain."""
    left = [shape.instant for shape in ours if shape.instant is not None]
    right = [shape.instant for shape in theirs if shape.instant is not None]
    if len(left) < len(ours) or len(right) < len(theirs):
        return None
    reach = max(max(left) - min(left), max(right) - min(right))
    offsets = [b - a for a, b in zip(left, right, strict=True)]
    if min(map(abs, offsets)) <= SLACK + span + BEYOND * reach:
        return None
    if min(offsets) < 0 < max(offsets):
        return None
    return Oddity(ours[0].form, f"{theirs[0].form}, {_span(offsets[0])}")


def _stuck(
    primary: Sequence[JSON],
    candidate: Sequence[JSON],
    ours: Sequence[Shape],
    theirs: Sequence[Shape],
) -> Oddity | None:
    """Tell a candidate that repeats itself where the primary never does."""
    if len(primary) < 2 or len(set(map(repr, candidate))) > 1:
        return None
    if len(set(map(repr, primary))) < len(primary) or not all(map(_unrepeated, primary, ours)):
        return None
    return Oddity(f"{ours[0].form}, another each time", f"{theirs[0].form}, always the same")


def _unrepeated(value: JSON, shape: Shape) -> bool:
    if shape.sort is Sort.NUMBER and isinstance(value, int | float | Decimal):
        digits = "".join(map(str, Decimal(str(value)).as_tuple().digits))
        return len(digits.strip("0")) >= PRECISE
    return shape.sort in {Sort.TIME, Sort.IDENTIFIER}


def _span(seconds: float) -> str:
    """Write an offset to a tenth of its largest unit: coarse enough to say nothing of a value."""
    units = {"d": 86_400.0, "h": 3600.0, "min": 60.0, "s": 1.0}
    unit = next((name for name, size in units.items() if abs(seconds) >= 0.95 * size), "s")
    direction = "ahead" if seconds > 0 else "behind"
    return f"{abs(seconds) / units[unit]:.3g} {unit} {direction}"
