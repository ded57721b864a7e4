"""Requests that two parsers could read differently: answered here, and nothing of them crosses.

Each row is one way that requests have been smuggled. Precedents: the desync research of PortSwigger
(CL.TE, TE.CL, TE.TE, chunk extensions, 0.CL), llhttp's and h11's own lists.
"""

import pytest

from tests.wire.cases import cases, chunked, get, post
from tests.wire.conftest import Wire
from tests.wire.ends import OK

SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: a\r\n\r\n"


def length(value: bytes, *lines: bytes) -> bytes:
    return post(b"Content-Length: " + value, *lines, body=b"0\r\n\r\n")


def coding(value: bytes, *lines: bytes) -> bytes:
    return post(b"Transfer-Encoding: " + value, *lines, body=b"0\r\n\r\n")


def field(line: bytes) -> bytes:
    return get(b"Host: a", line)


def line(text: bytes) -> bytes:
    return text + b"\r\nHost: a\r\n\r\n"


@cases(
    # Two lengths
    ("RFC 9112 section 6.3", "both", length(b"5", b"Transfer-Encoding: chunked")),
    ("RFC 9112 section 6.3", "both, reversed", coding(b"chunked", b"Content-Length: 5")),
    ("RFC 9112 section 6.3", "two lengths", length(b"5", b"Content-Length: 6")),
    ("RFC 9112 section 6.3", "one length twice", length(b"5", b"Content-Length: 5")),
    ("RFC 9112 section 6.3", "a list of lengths", length(b"5, 5")),
    ("RFC 9112 section 6.3", "a signed length", length(b"+5")),
    ("RFC 9112 section 6.3", "a negative length", length(b"-5")),
    ("RFC 9112 section 6.3", "a hexadecimal length", length(b"0x5")),
    ("RFC 9112 section 6.3", "an empty length", length(b"")),
    ("RFC 9112 section 6.3", "a length beyond 64 bits", length(b"18446744073709551617")),
    ("RFC 9112 section 6.3", "a length beyond 63 bits", length(b"9223372036854775808")),
    # Codings
    ("RFC 9112 section 6.1", "an empty coding first", coding(b",chunked")),
    ("RFC 9112 section 6.1", "gzip under chunked", coding(b"gzip, chunked")),
    ("RFC 9112 section 6.1", "identity", coding(b"identity")),
    ("RFC 9112 section 6.1", "identity and it", coding(b"identity\r\nTransfer-Encoding: chunked")),
    ("RFC 9112 section 6.1", "chunked twice", coding(b"chunked\r\nTransfer-Encoding: chunked")),
    ("RFC 9112 section 6.1", "chunked not last", coding(b"chunked, gzip")),
    ("RFC 9112 section 6.1", "a misspelt coding", coding(b"xchunked")),
    ("RFC 9112 section 6.1", "a quoted coding", coding(b'"chunked"')),
    ("RFC 9112 section 6.1", "a vertical tab before chunked", coding(b"\x0bchunked")),
    ("RFC 9112 section 6.1", "chunked in HTTP/1.0", coding(b"chunked").replace(b"1.1", b"1.0", 1)),
    # Fields
    ("RFC 9112 section 5", "obs-fold", get(b"Host: a", b"X: 1", b" folded")),
    ("RFC 9112 section 5", "obs-fold of a coding", coding(b"\r\n chunked")),
    ("RFC 9112 section 5", "a space before the colon", field(b"X : y")),
    ("RFC 9112 section 5", "a space before the first field", get(b" Host: a")),
    ("RFC 9112 section 5", "a bare LF in a field", field(b"X: 1\nY: 2")),
    ("RFC 9112 section 5", "bare LFs throughout", b"GET /bad HTTP/1.1\nHost: a\n\n"),
    ("RFC 9112 section 5", "a bare CR in a field", field(b"X: 1\rY: 2")),
    ("RFC 9112 section 5", "a NUL in a field", field(b"X: 1\x002")),
    ("RFC 9112 section 5", "a control character in a field", field(b"X: 1\x012")),
    ("RFC 9112 section 5", "a NUL in a name", field(b"X\x00: 1")),
    ("RFC 9112 section 5", "no colon", field(b"X")),
    ("RFC 9112 section 5", "no name", field(b": x")),
    ("RFC 9112 section 5", "a name with a separator", field(b"X(Y): x")),
    # The request line
    ("RFC 9112 section 3", "a space in the target", line(b"GET /bad x HTTP/1.1")),
    ("RFC 9112 section 3", "a lower-case version", line(b"GET /bad http/1.1")),
    ("RFC 9112 section 3", "a version of three numbers", line(b"GET /bad HTTP/1.1.1")),
    ("RFC 9112 section 3", "an octet beyond ASCII", line(b"GET /b\xe4d HTTP/1.1")),
    ("RFC 9112 section 3", "a fragment", line(b"GET /bad#x HTTP/1.1")),
    ("RFC 9112 section 3", "a backslash", line(b"GET /bad\\..\\x HTTP/1.1")),
    ("RFC 9112 section 3", "an encoded NUL", line(b"GET /bad%00 HTTP/1.1")),
    ("RFC 9112 section 3", "a broken escape", line(b"GET /bad%zz HTTP/1.1")),
    ("RFC 9112 section 3", "a target that is no path", line(b"GET bad HTTP/1.1")),
    ("RFC 9112 section 3", "an asterisk for GET", line(b"GET * HTTP/1.1")),
    # Exactly one Host
    ("RFC 9112 section 3.2", "no Host", get(b"X: 1")),
    ("RFC 9112 section 3.2", "two Hosts", field(b"Host: b")),
    ("RFC 9112 section 3.2", "the same Host twice", field(b"Host: a")),
    ("RFC 9112 section 3.2", "a Host with a path", get(b"Host: a/b")),
    ("RFC 9112 section 3.2", "a Host with a user", get(b"Host: x@a")),
    ("RFC 9112 section 3.2", "a list of Hosts", get(b"Host: a, b")),
    ("RFC 9112 section 3.2", "a target and a Host that differ", line(b"GET http://b/bad HTTP/1.1")),
)  # fmt: skip
def test_a_request_with_two_readings_is_refused_and_nothing_of_it_crosses(
    wire: Wire, sent: bytes
) -> None:
    client = wire.client(sent + SENTINEL)
    answer = client.response()

    assert answer.status == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Connection"] == "close"
    assert client.is_closed()  # and so nothing behind it was served
    assert nothing_crossed(wire)


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (501, b"CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n"),
        (501, line(b"FROBNICATE /bad HTTP/1.1")),
        (501, b"get /bad HTTP/1.1\r\nHost: a\r\n\r\n"),
        (505, line(b"GET /bad HTTP/2.0")),
        (400, line(b"GET /bad")),
        (505, line(b"GET /bad HTTP/0.9")),
        (414, b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % (b"x" * 8192)),
        (414, b"GET /%b" % (b"x" * 100_000)),
        (431, get(b"Host: a", b"X: " + b"x" * 33_000)),
        (431, get(b"Host: a", *(b"X: " + b"x" * 1000 for _ in range(34)))),
        (431, get(b"Host: a", *(b"X: x" for _ in range(100)))),
        (431, b"GET /bad HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 300_000),
        (431, b"GET /bad HTTP/1.1\r\nHost: a\r\n" + b"X" * 300_000),
        (431, get(b"Host: a", b"X" * 33_000 + b": x")),
        (431, get(b"Host: a", b"Connection: " + b"x," * 20_000)),
        (501, b"X" * 1000 + b" /bad HTTP/1.1\r\nHost: a\r\n\r\n"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_served_is_refused_by_its_own_status(
    wire: Wire, status: int, sent: bytes
) -> None:
    """RFC 9110 sections 15.5.15, 15.6.2 and 15.6.6; RFC 6585 section 5 for the 431."""
    client = wire.client(sent)

    assert client.response().status == status
    assert client.is_closed()
    assert nothing_crossed(wire)


def test_the_prior_knowledge_of_http2_is_refused(wire: Wire) -> None:
    """RFC 9113 section 3.4: the preface is made to break an HTTP/1.1 server."""
    client = wire.client(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

    assert client.response().status in {400, 501, 505}
    assert client.is_closed()


def test_a_tls_greeting_is_refused(wire: Wire) -> None:
    """RFC 9112 section 2.2."""
    client = wire.client(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")

    assert client.response().status in {400, 501}


def test_a_refusal_of_head_has_no_body(wire: Wire) -> None:
    """RFC 9110 section 9.3.2."""
    client = wire.client(b"HEAD /bad HTTP/1.1\r\n\r\n")
    answer = client.response("HEAD")

    assert answer.status == 400
    assert client.is_closed()


def test_what_stood_before_an_error_is_served_and_nothing_behind_it(wire: Wire) -> None:
    """CVE-2024-49768 in Waitress."""
    client = wire.client(
        b"GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /bad HTTP/1.1\r\nHost : a\r\n\r\n" + SENTINEL
    )
    upstream = wire.monolith.accept()
    assert upstream.request().target == "/first"
    upstream.send(OK)

    assert client.response().status == 200
    assert client.response().status == 400
    assert client.is_closed()
    assert nothing_crossed(wire, upstream=True)


def test_a_body_that_breaks_on_its_way_never_becomes_a_whole_request(wire: Wire) -> None:
    """RFC 9112 section 8."""
    client = wire.client(chunked(b"3\r\nabc\r\n"))
    upstream = wire.monolith.accept()
    upstream.head()
    assert upstream.chunk() == b"abc"
    client.send(b"zz\r\n")

    assert client.response().status == 400
    assert b"0\r\n" not in upstream.rest_in_any_case()
    assert client.is_closed()


@pytest.mark.parametrize(
    ("beginning", "status"),
    [
        (b"0\r\nX: ", 431),
        (b"3;", 400),  # precedent: CVE-2023-39326, endless chunk extensions
        (b"000000000000", 400),
    ],
    ids=["a trailer", "a chunk extension", "a chunk size"],
)
def test_a_line_without_end_is_refused(wire: Wire, beginning: bytes, status: int) -> None:
    client = wire.client(chunked(b"3\r\nabc\r\n"))
    upstream = wire.monolith.accept()
    upstream.until(b"abc\r\n")
    client.send(beginning)
    client.send(b"0" * 70_000)

    assert client.response().status == status
    assert b"0\r\n\r\n" not in upstream.rest_in_any_case()


def test_refusals_are_counted_by_status(wire: Wire) -> None:
    before = wire.proxy.metric("strangler_refusals_total", status="400")
    client = wire.client(get(b"X: 1"))
    client.response()

    assert wire.proxy.metric("strangler_refusals_total", status="400") == before + 1


def test_other_upgrades_than_websockets_are_ignored(wire: Wire) -> None:
    """RFC 9110 section 7.8; precedent: h2c smuggling."""
    client = wire.client(
        b"GET /one HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n"
    )
    upstream = wire.monolith.accept()
    head = upstream.head()
    assert ("Upgrade" in head, "Connection" in head, "HTTP2-Settings" in head) == (False,) * 3
    upstream.send(OK)
    assert client.response().status == 200
    assert upstream.head().target == "/two"
    upstream.send(OK)
    assert client.response().status == 200


def nothing_crossed(wire: Wire, *, upstream: bool = False) -> bool:
    """Tell that the next request an upstream sees is the one that is sent now."""
    client = wire.client(line(b"GET /next HTTP/1.1"))
    end = wire.monolith.newest if upstream else wire.monolith.accept()
    seen = end.request().target
    end.send(OK)
    client.response()
    return seen == "/next"
