"""Decides whether instants and spans in two heads mean the same, each seen from its own `Date`.

Two answers are made at two moments, and clocks of machines differ; what a client goes by is how
long something lasts from when it gets it.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from strangler.compare.response import Response

SLACK = 5.0
"""Seconds by which spans of one meaning may differ: a `Date` is cut to seconds, and answering takes
some."""

_SHARE = 0.01
"""Of long spans: what is good for a day until midnight, or a month of 30 days, is not exact."""

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
"""What lies before this never was counted from now: it says "expired"."""


def instant(text: str) -> float | None:
    """Read a date as HTTP writes it (RFC 9110 section 5.6.7), as seconds; None where it is none."""
    try:
        moment = parsedate_to_datetime(text.strip())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def answered(response: Response, other: Response) -> float | None:
    """Give the moment of an answer, by its own `Date`, else by the other's."""
    own = instant(response.field(b"date").decode("latin-1"))
    return instant(other.field(b"date").decode("latin-1")) if own is None else own


def lasting(until: float | None, since: float | None) -> float | None:
    """Give for how many seconds something lasts; 0 where it is over, None where nobody can tell.

    `until` is None for what is no date, such as `Expires: -1`: over (RFC 9111 section 5.3).
    """
    if until is None or until < _LONG_AGO:
        return 0.0
    return None if since is None else max(0.0, until - since)


def same_span(ours: float | None, theirs: float | None) -> bool:
    """Decide whether two spans mean the same; what cannot be known is given the benefit."""
    if ours is None or theirs is None:
        return 0.0 not in {ours, theirs}
    if 0.0 in {ours, theirs}:
        return ours == theirs
    return abs(ours - theirs) <= max(SLACK, _SHARE * max(ours, theirs))
