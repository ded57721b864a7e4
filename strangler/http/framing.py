"""Decides how long a message body is, and refuses whatever two parsers could read differently.

RFC 9112 section 6.3, narrowed: where the RFC lets a recipient repair or guess, we refuse. A message
that passes here has exactly one reading, and leaves us in that reading.
"""

import re
from enum import Enum
from typing import Final

from strangler.http.fields import Fields
from strangler.http.roles import CODING, LENGTH

# At most 18 digits: below 2**63 for every reader behind us. No leading zero: some read octal.
_LENGTH: Final = re.compile(rb"0|[1-9][0-9]{0,17}")


class BodyKind(Enum):
    """How the end of a body is told."""

    NONE = "none"
    LENGTH = "content-length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "until close"


class Framing:
    """The extent of one body; `length` counts its octets where they are known."""

    __slots__ = ("kind", "length")

    def __init__(self, kind: BodyKind, length: int = 0) -> None:
        """Hold what was decided."""
        self.kind = kind
        self.length = length

    def __repr__(self) -> str:
        """Show kind and length."""
        return f"<Framing {self.kind.value} {self.length}>"

    def __eq__(self, other: object) -> bool:
        """Compare as values."""
        if not isinstance(other, Framing):
            return NotImplemented
        return self.kind is other.kind and self.length == other.length

    def __hash__(self) -> int:
        """Agree with `==`."""
        return hash((self.kind, self.length))


NO_BODY: Final = Framing(BodyKind.NONE)
CHUNKED: Final = Framing(BodyKind.CHUNKED)
UNTIL_CLOSE: Final = Framing(BodyKind.UNTIL_CLOSE)


class FramingError(ValueError):
    """The message has no single reading."""


def request_framing(fields: Fields, version: str) -> Framing:
    """Decide a request's framing from its head. Raises `FramingError`."""
    return _declared(fields, version) or NO_BODY


def response_framing(method: str, status: int, fields: Fields, version: str) -> Framing:
    """Decide the framing of the response to `method`. Raises `FramingError`.

    A response to HEAD and one with 1xx, 204 or 304 has no body whatever its fields say
    (RFC 9112 section 6.3, rule 1), but contradictory fields are refused there too, and so is an
    interim response that announces a body: some parsers would take its octets for the final one's.
    """
    if version not in {"1.1", "1.0"}:
        raise FramingError(f"HTTP/{version}")
    declared = _declared(fields, version)
    if status < 200:
        if status < 100:
            raise FramingError(f"the status {status}")
        if declared is not None and (declared.kind is not BodyKind.LENGTH or declared.length):
            raise FramingError("an interim response with a body")
        return NO_BODY
    if method == "HEAD" or status in {204, 304}:
        return NO_BODY
    return declared or UNTIL_CLOSE


def _declared(fields: Fields, version: str) -> Framing | None:
    noted = fields.noted
    lengths = noted.get(LENGTH)
    if CODING in noted:
        return _chunked(noted[CODING], lengths, version)
    return None if lengths is None else _length(lengths)


def _chunked(codings: list[bytes], lengths: list[bytes] | None, version: str) -> Framing:
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
    return Framing(BodyKind.LENGTH, int(lengths[0]))
