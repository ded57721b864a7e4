"""Upstreams that break the rules: what was not well-formed for us never is for the client."""

import pytest

from tests.wire.conftest import Wire
from tests.wire.ends import OK, End

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"


def asked(wire: Wire, request: bytes = GET) -> tuple[End, End]:
    client = wire.client(request)
    upstream = wire.monolith.accept()
    upstream.request()
    return client, upstream


GARBAGE = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.9\r\n",
    "a bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "a space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
    "obs-fold": b"HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok",
    "both framings": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "gzip, chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/2": b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
    "a status below 100": b"HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n",
    "a bad chunk with the head": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a control character": b"HTTP/1.1 200 OK\r\nX: \x01\r\nContent-Length: 2\r\n\r\nok",
    "an interim with a body": b"HTTP/1.1 199 X\r\nContent-Length: 5\r\n\r\nhello" + OK,
    "a head too large": b"HTTP/1.1 200 OK\r\nX: %b\r\nContent-Length: 2\r\n\r\nok"
    % (b"x" * 40_000),
    "a head without end": b"HTTP/1.1 200 OK\r\nX: %b" % (b"x" * 600_000),
    "a switch nobody asked for": (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    ),
}


@pytest.mark.parametrize("sent", GARBAGE.values(), ids=GARBAGE.keys())
def test_nonsense_becomes_a_bad_gateway_that_names_the_upstream(wire: Wire, sent: bytes) -> None:
    """RFC 9110 section 15.6.3; row by row of the grammar in `test_responses.py`."""
    client, upstream = asked(wire, POST)
    upstream.send_as_much_as_is_taken(sent)
    answer = client.response()

    assert (answer.status, answer["Content-Type"]) == (502, "application/problem+json")
    assert b'"upstream":"monolith","stage":"reading the response"' in answer.body
    assert upstream.is_closed()
    client.send(GET)  # the client's connection lives on
    assert wire.monolith.accept().request().target == "/"


def test_an_upstream_that_closes_without_a_word_is_a_bad_gateway(wire: Wire) -> None:
    """RFC 9110 section 15.6.3."""
    client, upstream = asked(wire, POST)
    upstream.close()
    answer = client.response()

    assert answer.status == 502
    assert b'"stage":"waiting for the response"' in answer.body


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n",
    ],
    ids=["length", "between chunks", "within a chunk"],
)
def test_a_truncated_response_is_broken_for_the_client_too(
    wire: Wire, head: bytes, reset: bool
) -> None:
    """RFC 9112 section 8."""
    client, upstream = asked(wire)
    upstream.send(head + (b"5\r\nhello\r\n" if head.endswith(b"chunked\r\n\r\n") else b"hello"))
    client.until(b"hello")
    upstream.reset() if reset else upstream.close()

    assert b"0\r\n" not in client.rest_until_broken()


def test_a_body_until_close_that_ends_in_a_reset_is_broken_for_the_client_too(wire: Wire) -> None:
    """RFC 9112 section 8."""
    client, upstream = asked(wire)
    upstream.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
    assert client.head()["Transfer-Encoding"] == "chunked"
    assert client.chunk() == b"hello"
    upstream.reset()

    assert client.rest_until_broken() == b""


def test_an_old_client_can_tell_a_truncated_response_by_the_reset(wire: Wire) -> None:
    """RFC 9112 section 8: it has no chunks to tell it by."""
    client, upstream = asked(wire, b"GET / HTTP/1.0\r\n\r\n")
    upstream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    client.until(b"hello")
    upstream.close()

    assert client.rest_until_broken() == b""


@pytest.mark.parametrize(
    ("request_head", "sent"),
    [
        (GET, OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
        (GET, OK + b"evil"),
        (GET, b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil"),
        (GET, b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n"),
        (
            b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        ),
        (
            b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
        ),
    ],
)
def test_octets_behind_a_response_reach_nobody(
    wire: Wire, request_head: bytes, sent: bytes
) -> None:
    """Precedent: response queue poisoning."""
    client, upstream = asked(wire, request_head)
    upstream.send(sent)
    client.response(request_head.split()[0].decode())
    assert upstream.is_closed()
    client.send(GET)
    fresh = wire.monolith.accept()
    fresh.request()
    fresh.send(OK)

    client.expect(b"HTTP/1.1 200 OK\r\n")
    client.until(b"\r\n\r\nok")


def test_octets_on_an_idle_connection_close_it(wire: Wire) -> None:
    """CVE-2026-6733 in undici."""
    client, upstream = asked(wire)
    upstream.send(OK)
    client.response()
    upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    assert upstream.is_closed()
    client.send(GET)
    fresh = wire.monolith.accept()
    fresh.request()
    fresh.send(OK)

    assert client.response().body == b"ok"
