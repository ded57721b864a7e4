"""Mistakes in chunks that well-known servers were published for, in both directions.

The octets arrive in three ways: in one piece with the head, after the head has crossed, and one by
one. In none may an upstream see a whole request, or a client a whole response.
"""

import pytest

from tests.wire.cases import cases, chunked
from tests.wire.conftest import Wire
from tests.wire.ends import End
from tests.wire.readings import requests_in, response_in

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
LAST_GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

BAD_CHUNKS = cases(
    # What int(size, 16) takes.
    ("GHSA-qppv-j76h-2rpx in Tornado", "a plus", b"+2\r\nhi\r\n0\r\n\r\n"),
    ("GHSA-qppv-j76h-2rpx in Tornado", "a minus", b"-2\r\nhi\r\n0\r\n\r\n"),
    ("GHSA-qppv-j76h-2rpx in Tornado", "minus nought", b"2\r\nhi\r\n-0\r\n\r\n"),
    ("GHSA-qppv-j76h-2rpx in Tornado", "an underscore", b"0_2\r\nhi\r\n0\r\n\r\n"),
    ("GHSA-qppv-j76h-2rpx in Tornado", "an underscore in the end", b"2\r\nhi\r\n0_0\r\n\r\n"),
    ("CVE-2022-24761 in Waitress", "a hexadecimal mark", b"0x2\r\nhi\r\n0\r\n\r\n"),
    ("CVE-2022-24801 in Twisted", "a mark in the end", b"2\r\nhi\r\n0x0\r\n\r\n"),
    ("RFC 9112 section 7.1", "a space before", b" 2\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1", "a tab before", b"\t2\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1", "a space behind", b"2 \r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1", "a vertical tab behind", b"2\x0b\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1", "a no-break space", b"\xa02\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1", "an Arabic two", b"\xd9\xa2\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1", "a full-width two", b"\xef\xbc\x92\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1", "no size", b"\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1", "no size but an extension", b";a\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1", "a letter beyond f", b"g\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1", "a fraction", b"2.0\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1", "two sizes", b"2 2\r\nhi\r\n0\r\n\r\n"),
    # Sizes that wrap around: 2 for whoever keeps 64 bits, or less than nothing.
    ("CVE-2021-32714 in hyper", "64 bits and 2", b"10000000000000002\r\nhi\r\n0\r\n\r\n"),
    ("CVE-2017-7657 in Jetty", "128 bits and 2", b"1" + b"0" * 31 + b"2\r\nhi\r\n0\r\n\r\n"),
    ("CVE-2013-2028 in nginx", "64 bits, negative", b"ffffffffffffffed\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1", "2 to the 63rd", b"8000000000000000\r\nhi\r\n0\r\n\r\n"),
    # Octets behind a chunk that nobody looks at.
    ("CVE-2025-43859 in h11", "two octets that are no CRLF", b"2\r\nhiXX0\r\n\r\n"),
    ("CVE-2025-43859 in h11", "two octets more than it says", b"2\r\nhi00\r\n0\r\n\r\n"),
    ("CVE-2025-43859 in h11", "LF CR", b"2\r\nhi\n\r0\r\n\r\n"),
    ("CVE-2025-43859 in h11", "CR alone", b"2\r\nhi\r0\r\n\r\n"),
    ("CVE-2025-43859 in h11", "LF alone", b"2\r\nhi\n0\r\n\r\n"),
    ("CVE-2025-43859 in h11", "nothing", b"2\r\nhi0\r\n\r\n"),
    # Ends of lines, and what hides in an extension.
    ("CVE-2025-22871 in Go", "an LF behind the size", b"2\nhi\r\n0\r\n\r\n"),
    ("CVE-2025-22871 in Go", "an LF behind the last size", b"2\r\nhi\r\n0\n\r\n"),
    ("CVE-2025-22871 in Go", "an LF at the very end", b"2\r\nhi\r\n0\r\n\n"),
    ("CVE-2015-3183 in Apache", "a CR behind the size", b"2\rhi\r\n0\r\n\r\n"),
    ("CVE-2025-55315 in Kestrel", "an LF in an extension", b"2;\nxx\r\nhi\r\n0\r\n\r\n"),
    ("CVE-2022-24801 in Twisted", "an LF in a value", b"2;a=b\nc\r\nhi\r\n0\r\n\r\n"),
    ("CVE-2025-55315 in Kestrel", "a CR in an extension", b"2;a\rb\r\nhi\r\n0\r\n\r\n"),
    ("CVE-2025-55315 in Kestrel", "a CR before CRLF", b"2;a\r\r\nhi\r\n0\r\n\r\n"),
    ("CVE-2025-58056 in Netty", "an LF for a CRLF", b"2;a\nhi\r\n0\r\n\r\n"),
    ("CVE-2026-33870 in Netty", "a quoted end of line", b'2;a="\r\nhi\r\n0\r\n\r\n'),
    ("RFC 9110 section 5.6.3", "a space before an extension", b"2 ;a\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9110 section 5.6.3", "a tab before an extension", b"2\t;a\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1.1", "a NUL in an extension", b"2;\0\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1.1", "an extension without a name", b"2;\r\nhi\r\n0\r\n\r\n"),
    ("RFC 9112 section 7.1.1", "an extension without its value", b"2;a=\r\nhi\r\n0\r\n\r\n"),
    # Trailers.
    ("CVE-2023-45648 in Tomcat", "a space before the colon", b"0\r\nX : 1\r\n\r\n"),
    ("CVE-2023-45648 in Tomcat", "no colon", b"0\r\nX\r\n\r\n"),
    ("CVE-2023-45648 in Tomcat", "no name", b"0\r\n: 1\r\n\r\n"),
    ("RFC 9112 section 5.2", "a folded trailer", b"0\r\nX: 1\r\n 2\r\n\r\n"),
    ("RFC 9112 section 2.2", "an LF behind a trailer", b"0\r\nX: 1\n\r\n"),
    ("RFC 9112 section 2.2", "a CR within a trailer", b"0\r\nX: 1\r2\r\n\r\n"),
    ("RFC 9110 section 5.5", "a NUL within a trailer", b"0\r\nX: \0\r\n\r\n"),
    ("CVE-2025-53643 in aiohttp", "a request in the place of trailers", b"0\r\n" + HIDDEN),
)

PACES = pytest.mark.parametrize("pace", ["at once", "after the head", "octet by octet"])


@PACES
@BAD_CHUNKS
def test_what_is_no_chunk_makes_no_request(wire: Wire, sent: bytes, pace: str) -> None:
    client = wire.client()
    begin(client, chunked(b""), sent + HIDDEN, pace)
    crossed = b""
    if pace != "at once":
        upstream = wire.monolith.accept()
        crossed = upstream.head().raw
        go_on(client, sent + HIDDEN, pace)
        crossed += upstream.rest_in_any_case()
    answer = client.response()

    assert (answer.status, answer["Connection"]) == (400, "close")
    assert client.is_closed()
    crossed += b"".join(end.rest_in_any_case() for end in wire.monolith.arrivals())
    assert requests_in(crossed).whole == []


@PACES
@BAD_CHUNKS
def test_what_is_no_chunk_makes_no_response(wire: Wire, sent: bytes, pace: str) -> None:
    client = wire.client(LAST_GET)
    upstream = wire.monolith.accept()
    upstream.request()
    begin(upstream, CHUNKED, sent, pace)
    received = b""
    if pace != "at once":
        received = client.head().raw
        go_on(upstream, sent, pace)
    received += client.rest_in_any_case()
    answer = response_in(received).final

    assert answer is None or answer.first == (b"502",) or not answer.whole


def begin(end: End, head: bytes, body: bytes, pace: str) -> None:
    end.send(head + body if pace == "at once" else head)


def go_on(end: End, body: bytes, pace: str) -> None:
    size = len(body) if pace == "after the head" else 1
    for start in range(0, len(body), size):
        end.send_as_much_as_is_taken(body[start : start + size])
