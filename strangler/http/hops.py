"""Decides which requests end at this hop: those in circles and those sent to count."""

from strangler.http.forwarding import came_through
from strangler.http.head import METHODS, HeadError, ReadHead
from strangler.http.problem import problem_response
from strangler.http.roles import MAX_FORWARDS, VIA

HOP_COUNTING = frozenset({"OPTIONS", "TRACE"})
"""The methods whose Max-Forwards a proxy heeds; in others it passes (RFC 9110 section 7.6.2)."""

_MOST_DIGITS = 10
"""Digits of a Max-Forwards that is read: no way has more hops, and no number grows without end."""

_ALLOWED = b", ".join(sorted(method.encode() for method in METHODS - {"TRACE"}))


def end_here(read: ReadHead, name: str) -> HeadError | None:
    """Decide whether a request with Via or Max-Forwards goes no further; count down where it does.

    One that names us in Via has been here before: 508, before it takes all descriptors that we and
    the upstream have (RFC 9110 section 7.6.3). OPTIONS and TRACE with `Max-Forwards: 0` are for us;
    with more they leave with one less.
    """
    head, fields = read.head, read.fields
    if VIA in fields.noted and came_through(fields, name):
        return HeadError(508, "the request has come through here before: the routes make a circle")
    if MAX_FORWARDS in fields.noted and head.method in HOP_COUNTING:
        return _count_down(read)
    return None


def own_answer(answer: HeadError, method: str, date: bytes, *, close: bool) -> bytes:
    """Write the whole answer to a request that ends at this hop; `date` is the Date line."""
    if answer.status != 204:
        return problem_response(
            answer.status, answer.detail, date=date, close=close, body=method != "HEAD"
        )
    end = b"Connection: close\r\n" if close else b""
    return b"HTTP/1.1 204 No Content\r\nAllow: %b\r\n%b%b\r\n" % (_ALLOWED, date, end)


def _count_down(read: ReadHead) -> HeadError | None:
    crossing = read.fields.crossing
    for at, line in enumerate(crossing):
        name, _, said = line.partition(b":")
        value = said.strip()
        if name.lower() != b"max-forwards" or not _is_number(value):
            continue
        if not int(value):
            status = 204 if read.head.method == "OPTIONS" else 405
            return HeadError(status, "Max-Forwards is 0, and TRACE is not answered here")
        crossing[at] = b"%b: %d\r\n" % (name, int(value) - 1)
    return None


def _is_number(value: bytes) -> bool:
    return value.isdigit() and len(value) <= _MOST_DIGITS
