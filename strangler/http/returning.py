"""Writes the head of a response as it leaves for the client: RFC 9110 section 7.6, RFC 9112."""

from email.utils import formatdate
from functools import lru_cache

from strangler.http.fields import Fields, end_to_end
from strangler.http.message import Headers
from strangler.http.roles import DATE, REQUEST_ID


def forward_response(
    status: int,
    reason: bytes,
    fields: Fields,
    *,
    ours: bytes,
    date: bytes,
    request_id: bytes,
    connection: bytes,
) -> list[bytes]:
    """Write the whole head of a response for the client, in pieces to be joined.

    `ours` are our own lines (Via, and Transfer-Encoding where the body is framed anew); `date` is
    the Date line for a response without one (RFC 9110 section 6.6.1); `connection` is our own
    Connection value, empty for none.
    """
    crossing, noted = fields.crossing, fields.noted
    head = [_status_line(status, reason), *crossing, ours]
    if DATE not in noted:
        head.append(date)
    if REQUEST_ID not in noted:
        head += (b"X-Request-Id: ", request_id, b"\r\n")
    if connection:
        head += (b"Connection: ", connection, b"\r\n")
    head.append(b"\r\n")
    return head


def interim_response(status: int, reason: bytes, headers: Headers) -> bytes:
    """Write a 1xx response: its own fields and nothing of ours, least of all a body's length."""
    fields = b"".join(
        [
            b"%b: %b\r\n" % (name, value)
            for name, value in end_to_end(headers)
            if name.lower() != b"content-length"
        ]
    )
    return _status_line(status, reason) + fields + b"\r\n"


def date_line(timestamp: float) -> bytes:
    """Write the Date line for seconds since the epoch (RFC 9110 section 5.6.7)."""
    return f"Date: {formatdate(timestamp, usegmt=True)}\r\n".encode("ascii")


@lru_cache(256)
def _status_line(status: int, reason: bytes) -> bytes:
    return b"HTTP/1.1 %d %b\r\n" % (status, reason)
