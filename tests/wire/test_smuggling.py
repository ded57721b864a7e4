"""Request smuggling as it is done: a second request hidden where two readers would part ways.

The names are those of the field (PortSwigger's "HTTP Desync Attacks" and its successors): which
length the front reads, then which one the back reads. Whatever the shape, the hidden request must
reach nobody and nothing may be answered behind the refusal.
"""

import pytest

from tests.wire.cases import cases, chunked, get, post
from tests.wire.conftest import Wire
from tests.wire.ends import OK, End

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
VICTIM = b"GET /victim HTTP/1.1\r\nHost: a\r\n\r\n"


def length_of(body: bytes) -> bytes:
    return b"Content-Length: %d" % len(body)


def ended_early(body: bytes) -> bytes:
    return b"0\r\n\r\n" + body


@cases(
    (
        "CVE-2005-2088 in Apache",
        "CL.TE: the length covers the hidden request, the chunks end before it",
        post(
            length_of(ended_early(HIDDEN)), b"Transfer-Encoding: chunked", body=ended_early(HIDDEN)
        ),
    ),
    (
        "CVE-2020-10109 in Twisted",
        "TE.CL: the chunk covers the hidden request, the length ends before it",
        post(
            b"Transfer-Encoding: chunked",
            b"Content-Length: 4",
            body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN),
        ),
    ),
    (
        "CVE-2024-47220 in WEBrick",
        "both in one message though they agree",
        post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + HIDDEN),
    ),
    (
        "CVE-2019-16792 in Waitress",
        "CL.CL: the same length twice becomes a list, and then none",
        post(length_of(HIDDEN), length_of(HIDDEN), body=HIDDEN),
    ),
    (
        "CVE-2020-10108 in Twisted",
        "CL.CL: none, and then one that covers the hidden request",
        post(b"Content-Length: 0", length_of(HIDDEN), body=HIDDEN),
    ),
    (
        "CVE-2020-10108 in Twisted",
        "CL.CL: the other way round",
        post(length_of(HIDDEN), b"Content-Length: 0", body=HIDDEN),
    ),
    (
        "CVE-2023-40225 in HAProxy",
        "an empty length before a good one",
        post(b"Content-Length:", length_of(HIDDEN), body=HIDDEN),
    ),
    (
        "RFC 9112 section 6.3",
        "a length for a GET beside a coding that nobody knows",
        get(b"Host: a", length_of(HIDDEN), b"Transfer-Encoding: cow") + HIDDEN,
    ),
    (
        "CVE-2024-6827 in gunicorn",
        "TE.CL: an unknown coding after chunked has a reader fall back to the length",
        post(length_of(HIDDEN), b"Transfer-Encoding: chunked,gzip", body=HIDDEN),
    ),
    (
        "CVE-2024-1135 in gunicorn",
        "two codings that contradict each other",
        post(
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: identity",
            body=ended_early(HIDDEN),
        ),
    ),
    (
        "GHSA-753j-mpmx-qq6g in Tornado",
        "chunked in two fields, of which a reader takes neither",
        post(
            b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=ended_early(HIDDEN)
        ),
    ),
    (
        "CVE-2026-2835 in Pingora",
        "a coding in HTTP/1.0, where a length counts",
        b"POST /a HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n%b\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n%b"
        % (length_of(ended_early(HIDDEN)), ended_early(HIDDEN)),
    ),
    (
        "CVE-2021-33037 in Tomcat",
        "identity as a coding, dropped by some",
        post(length_of(HIDDEN), b"Transfer-Encoding: identity", body=HIDDEN),
    ),
)
def test_a_hidden_request_reaches_nobody(wire: Wire, sent: bytes) -> None:
    refused(wire.client(sent + VICTIM))
    reaches_only(wire, b"/next")


@pytest.mark.parametrize(
    "coding",
    [
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding\t: chunked",
        b"Transfer-Encoding: \x0bchunked",
        b"Transfer-Encoding: \x0cchunked",
        b"Transfer-Encoding: chunked\x00",
        b"Transfer-Encoding: \x00chunked",
        b"Transfer-Encoding: chun\rked",
        b"Transfer-Encoding: chunk\xc3\xa9d",
        b"Transfer-Encoding: chun\xe2\x84\xaaed",  # the Kelvin sign: its lower case is k
        b"Transfer-Encoding:\r\n chunked",
        b"Transfer-Encoding:\n chunked",
        b"Transfer-Encoding: chunked\r\n ,identity",
        b" Transfer-Encoding: chunked",
        b"\tTransfer-Encoding: chunked",
        b"X: y\rTransfer-Encoding: chunked",
        b"X: y\nTransfer-Encoding: chunked",
        b"X: \rTransfer-Encoding: chunked",
        b"Transfer-Encoding: 'chunked'",
        b'Transfer-Encoding: "chunked"',
        b"Transfer-Encoding: chunked;",
        b"Transfer-Encoding: chunked;q=1",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: chunked, cow",
        b"Transfer-Encoding: cow, chunked",
        b"Transfer-Encoding: , chunked",
        b"Transfer-Encoding: chunked,",
        b"Transfer-Encoding: chunked identity",
        b"Transfer-Encoding: identity, chunked",
        b"Transfer-Encoding:",
        b"Transfer-Encoding: ,",
        b"Transfer-Encoding: {}chunked",
        b"Transfer-Encoding: \\chunked",
        b"Transfer-Encoding\x00: chunked",
        b"Transfer-Encod\xefng: chunked",
        b"Transfer-Encoding",
        b": Transfer-Encoding: chunked",
        b"Transfer Encoding: chunked",
    ],
    ids=repr,
)
def test_a_coding_in_disguise_beside_a_length_is_refused(wire: Wire, coding: bytes) -> None:
    """TE.TE, RFC 9112 section 6.1: one side is to see chunked, the other not.

    Among them CVE-2019-16276 in Go (a space before the colon), CVE-2019-18277 in HAProxy (a
    vertical tab), CVE-2022-32215 in llhttp (a value on the next line), CVE-2023-30589 in llhttp (a
    CR alone), CVE-2022-35256 in llhttp (an LF alone), CVE-2020-25613 in WEBrick (chunked anywhere
    in the value), CVE-2023-25725 in HAProxy (an empty name).
    """
    refused(wire.client(post(length_of(HIDDEN), coding, body=HIDDEN) + VICTIM))
    reaches_only(wire, b"/next")


@pytest.mark.parametrize("name", [b"Transfer_Encoding", b"transfer_encoding", b"TRANSFER_ENCODING"])
def test_a_coding_with_an_underscore_frames_nothing_and_crosses_to_nobody(
    wire: Wire, name: bytes
) -> None:
    """CVE-2024-45614 in Puma, and CGI everywhere: it would be read as Transfer-Encoding there."""
    client = wire.client(post(b"%b: chunked" % name, length_of(HIDDEN), body=HIDDEN))
    upstream = wire.monolith.accept()
    request = upstream.request()
    upstream.send(OK)

    assert request.body == HIDDEN
    assert name.decode() not in request
    assert client.response().status == 200


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"DELETE", b"POST"])
def test_a_body_of_any_method_stays_a_body(wire: Wire, method: bytes) -> None:
    """CL.0, RFC 9110 section 9.3: a reader that expects no body would read a request in it."""
    sent = post(length_of(HIDDEN), body=HIDDEN).replace(b"POST", method, 1)
    client = wire.client(sent)
    upstream = wire.monolith.newest_or_accept()
    assert upstream.request().body == HIDDEN
    upstream.send(OK if method != b"HEAD" else OK.removesuffix(b"ok"))

    assert client.response(method.decode()).status == 200
    reaches_only(wire, b"/next")


def test_what_follows_a_request_without_a_length_is_the_next_request(wire: Wire) -> None:
    """0.CL, RFC 9112 section 6.3 rule 7: neither length nor coding means that there is no body."""
    client = wire.client(post() + VICTIM)
    upstream = wire.monolith.accept()
    assert upstream.request().target == "/a"
    upstream.send(OK)
    assert upstream.request().target == "/victim"
    upstream.send(OK)

    assert [client.response().status, client.response().status] == [200, 200]


def test_a_body_that_looks_like_chunks_is_data_where_a_length_says_so(wire: Wire) -> None:
    """RFC 9112 section 6.2."""
    body = b"0\r\n\r\n" + HIDDEN
    client = wire.client(post(length_of(body), body=body))
    upstream = wire.monolith.accept()
    assert upstream.request().body == body
    upstream.send(OK)

    assert client.response().status == 200


def test_a_chunk_that_holds_a_request_is_data(wire: Wire) -> None:
    """RFC 9112 section 7.1."""
    client = wire.client(chunked(b"%X\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)))
    upstream = wire.monolith.accept()
    assert upstream.request().body == HIDDEN
    upstream.send(OK)

    assert client.response().status == 200


def refused(client: End) -> None:
    answer = client.response()
    assert 400 <= answer.status < 600
    assert answer["Connection"] == "close"
    assert client.is_closed()


def reaches_only(wire: Wire, path: bytes) -> None:
    """Show that the next request an upstream sees is the one that is sent now."""
    client = wire.client(get(b"Host: a", path=path))
    upstream = wire.monolith.newest_or_accept()
    assert upstream.request().target == path.decode()
    upstream.send(OK)
    assert client.response().status == 200
