"""Decides how long a message body is, and refuses whatever two parsers could read differently.

RFC 9112 section 6.3, narrowed: where the RFC lets a recipient repair or guess, we refuse. A message
that passes here has exactly one reading, and leaves us in that reading.
"""

import re
from dataclasses import dataclass
from enum import Enum

from strangler.http.message import Headers

_LENGTH = re.compile(rb"[0-9]{1,18}")  # 18 digits: below 2**63 for every reader behind us


class BodyKind(Enum):
    """How the end of a body is told."""

    NONE = "none"
    LENGTH = "content-length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "until close"


@dataclass(frozen=True, slots=True)
class Framing:
    """The extent of one body; `length` counts its octets where they are known."""

    kind: BodyKind
    length: int = 0


NO_BODY = Framing(BodyKind.NONE)
CHUNKED = Framing(BodyKind.CHUNKED)
UNTIL_CLOSE = Framing(BodyKind.UNTIL_CLOSE)
_EMPTY = Framing(BodyKind.LENGTH, 0)


class FramingError(ValueError):
    """The message has no single reading."""


def request_framing(headers: Headers, version: str) -> Framing:
    """Decide a request's framing from its head. Raises `FramingError`."""
    return _declared(headers, version) or NO_BODY


def response_framing(method: str, status: int, headers: Headers, version: str) -> Framing:
    """Decide the framing of the response to `method`. Raises `FramingError`.

    A response to HEAD and one with 1xx, 204 or 304 has no body whatever its fields say
    (RFC 9112 section 6.3, rule 1), but contradictory fields are refused there too, and so is an
    interim response that announces a body: some parsers would take its octets for the final one's.
    """
    if version not in {"1.1", "1.0"}:
        raise FramingError(f"HTTP/{version}")
    declared = _declared(headers, version)
    if status < 200:
        if status < 100:
            raise FramingError(f"the status {status}")
        if declared not in {None, _EMPTY}:
            raise FramingError("an interim response with a body")
        return NO_BODY
    if method == "HEAD" or status in {204, 304}:
        return NO_BODY
    return declared or UNTIL_CLOSE


def _declared(headers: Headers, version: str) -> Framing | None:
    lengths = []
    codings = []
    for name, value in headers:
        # Both names are told by their size first: lower() on every field would double the cost.
        if len(name) == 14 and name.lower() == b"content-length":
            lengths.append(value)
        elif len(name) == 17 and name.lower() == b"transfer-encoding":
            codings.append(value)
    if codings:
        return _chunked(codings, lengths, version)
    if lengths:
        return _length(lengths)
    return None


def _chunked(codings: list[bytes], lengths: list[bytes], version: str) -> Framing:
    if lengths:
        raise FramingError("both Transfer-Encoding and Content-Length")
    if version != "1.1":
        raise FramingError("Transfer-Encoding in an HTTP/1.0 message")
    if len(codings) > 1 or codings[0].strip(b" \t").lower() != b"chunked":
        raise FramingError("a transfer coding other than a single chunked")
    return CHUNKED


def _length(lengths: list[bytes]) -> Framing:
    if len(lengths) > 1:
        raise FramingError("Content-Length more than once")
    if not _LENGTH.fullmatch(lengths[0]):
        raise FramingError("a Content-Length that is not a number")
    length = int(lengths[0])
    return Framing(BodyKind.LENGTH, length)
