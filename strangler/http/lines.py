"""Reads start lines and field lines from bytes, exactly as RFC 9112 writes them.

Whatever a lenient parser repairs (a bare LF, a folded line, a space before a colon) is what two
parsers read differently, so it is an error here.
"""

import re
from functools import lru_cache
from typing import Final, TypeAlias

from strangler.http.message import Field

TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110 section 5.6.2

_TOKEN: Final = re.compile(TOKEN)
_REQUEST_LINE: Final = re.compile(rb"(%b) ([!-~]+) HTTP/([0-9]\.[0-9])" % TOKEN)
_STATUS_LINE: Final = re.compile(rb"HTTP/([0-9]\.[0-9]) ([1-9][0-9]{2})(?: ([\t -~\x80-\xff]*))?")
# What may stand in a line: visible octets, space, tab and obs-text (RFC 9110 section 5.5).
_VALUE: Final = re.compile(rb"[\t -~\x80-\xff]*")
_IN_LINES: Final = bytes([9, *range(32, 127), *range(128, 256)])
_NO_LINE: Final = "a control character, or a line end other than CRLF"


class MalformedError(ValueError):
    """The bytes are not HTTP/1.1; the message says what is wrong with them."""


class TooLongError(MalformedError):
    """There is no end to it within its bound."""


RequestLine: TypeAlias = tuple[str, bytes, str]
"""Method, target, and version without `HTTP/`."""

StatusLine: TypeAlias = tuple[str, int, bytes]
"""Version without `HTTP/`, status, reason."""


def request_line(line: bytes) -> RequestLine:
    """Read a request line, given without its CRLF (RFC 9112 section 3). Raises `MalformedError`."""
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        raise MalformedError("a request line other than METHOD TARGET HTTP-VERSION")
    method, target, version = found.groups()
    return method.decode("ascii"), target, version.decode("ascii")


@lru_cache(64)
def status_line(line: bytes) -> StatusLine:
    """Read a status line, given without its CRLF (RFC 9112 section 4). Raises `MalformedError`."""
    found = _STATUS_LINE.fullmatch(line)
    if found is None:
        raise MalformedError("a status line other than HTTP-VERSION STATUS REASON")
    return found[1].decode("ascii"), int(found[2]), found[3] or b""


def field_line(line: bytes) -> Field:
    """Read a field line, given without its CRLF (RFC 9112 section 5). Raises `MalformedError`."""
    name, colon, value = line.partition(b":")
    if not colon or _TOKEN.fullmatch(name) is None:
        raise MalformedError("a field line other than NAME: VALUE")
    if _VALUE.fullmatch(value) is None:
        raise MalformedError(_NO_LINE)
    return name, value.strip(b" \t")


def refuse_beginning(begun: bytes) -> None:
    """Refuse the beginning of a head or line that cannot become a good one any more.

    Who sends such waits for an answer, and should not wait until the head's time is up.
    """
    whole = begun[:-1] if begun.endswith(b"\r") else begun
    _refuse_other_line_ends(whole, whole.count(b"\r\n"))


def _refuse_other_line_ends(octets: bytes, lines: int) -> None:
    # What is left without the octets of lines are line ends and nothing else: as many as there are
    # CRLFs, so that none stands alone.
    if octets.translate(None, _IN_LINES) != b"\r\n" * lines:
        raise MalformedError(_NO_LINE)
