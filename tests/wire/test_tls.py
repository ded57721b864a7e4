"""TLS on the listener of a real `strangler serve`: HTTP is as it is without."""

import os
import ssl
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.certificates import Authority
from tests.wire.ends import OK, End
from tests.wire.proxy import eventually
from tests.wire.secure import GET, Secure, secure_proxy

MIB = 1024 * 1024
LARGE = 64 * MIB
GROWTH = 8 * MIB
"""What the workers may grow by while 64 MiB want to pass."""


@pytest.fixture(scope="module")
def _session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with secure_proxy(tmp_path_factory.mktemp("tls"), Authority()) as secure:
        yield secure


@pytest.fixture
def secure(_session: Secure) -> Iterator[Secure]:
    yield _session
    _session.monolith.settle()
    eventually(
        lambda: _session.proxy.metric("strangler_open_connections") == 0, "all clients are gone"
    )


# HTTP, as without TLS.


def test_a_request_and_its_answer_cross_and_the_upstream_learns_the_scheme(secure: Secure) -> None:
    with secure.client() as client:
        client.send(GET % b"/a?b=c")
        upstream = secure.monolith.accept()
        head = upstream.head()
        assert (head.target, head["X-Forwarded-Proto"]) == ("/a?b=c", "https")
        upstream.send(OK)
        assert client.response().body == b"ok"


def test_one_handshake_serves_many_requests_pipelined_ones_too(secure: Secure) -> None:
    with secure.client() as client:
        client.send(GET % b"/1" + GET % b"/2" + GET % b"/3")
        upstream = secure.monolith.accept()
        for number in range(1, 6):
            if number > 3:
                client.send(GET % b"/%d" % number)
            assert upstream.head().target == f"/{number}"
            upstream.send(OK)
            assert client.response().body == b"ok"


@pytest.mark.parametrize("size", [0, 1, 16 * 1024, 16 * 1024 + 1, 3 * MIB])
def test_bodies_of_all_sizes_cross_unchanged(secure: Secure, size: int) -> None:
    """A TLS record holds 16 KiB (RFC 8446 section 5.1)."""
    body = os.urandom(size)
    with secure.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (size, body))
        upstream = secure.monolith.accept()
        assert upstream.request().body == body
        upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size, body))
        assert client.response().body == body


def test_one_record_for_each_octet_is_the_same_request(secure: Secure) -> None:
    with secure.client() as client:
        for octet in GET % b"/slowly":
            client.send(bytes([octet]))
        upstream = secure.monolith.accept()
        assert upstream.head().target == "/slowly"
        upstream.send(OK)
        assert client.response().body == b"ok"


def poured(end: End, size: int) -> int:
    """Send until the peer takes no more; give how much it took."""
    end.sock.settimeout(1)
    taken = 0
    with suppress(TimeoutError):
        while taken < size:
            taken += end.sock.send(bytes(min(MIB, size - taken)))
    return taken


def test_a_client_that_does_not_read_stops_its_upstream(secure: Secure) -> None:
    client = secure.client()
    client.send(GET % b"/large")
    upstream = secure.monolith.accept()
    upstream.head()
    before = secure.proxy.memory()
    upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
    taken = poured(upstream, LARGE)

    assert taken < LARGE
    assert secure.proxy.memory() - before < GROWTH
    client.until(b"\r\n\r\n")
    assert client.take(taken) == bytes(taken)
    client.reset()


def test_an_upstream_that_does_not_read_stops_its_client(secure: Secure) -> None:
    client = secure.client()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % LARGE)
    upstream = secure.monolith.accept()
    upstream.head()
    before = secure.proxy.memory()
    taken = poured(client, LARGE)

    assert taken < LARGE
    assert secure.proxy.memory() - before < GROWTH
    assert upstream.take(taken) == bytes(taken)
    client.reset()


def test_the_end_of_an_answer_that_ends_with_its_connection_is_told(secure: Secure) -> None:
    """RFC 9112 section 9.8: without a closure alert the client could not tell it from a cut."""
    with secure.client() as client:
        client.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        upstream = secure.monolith.accept()
        upstream.head()
        upstream.send(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        upstream.close()
        assert client.response().body == b"all of it"


def test_an_answer_that_breaks_off_breaks_off_for_the_client(secure: Secure) -> None:
    with secure.client() as client:
        client.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        upstream = secure.monolith.accept()
        upstream.head()
        upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        client.until(b"half")
        upstream.close()
        with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):
            client.rest()


def test_a_refusal_is_read_though_more_was_sent_than_is_read(secure: Secure) -> None:
    """RFC 9112 section 9.6: closing with octets unread must not lose the answer."""
    with secure.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        client.send_as_much_as_is_taken(bytes(MIB))
        answer = client.response()
        assert (answer.status, answer["Connection"]) == (400, "close")
        assert client.rest() == b""


def test_a_client_that_goes_is_told_to_the_upstream(secure: Secure) -> None:
    client = secure.client()
    client.send(GET % b"/never")
    upstream = secure.monolith.accept()
    upstream.head()
    assert isinstance(client.sock, ssl.SSLSocket)
    client.sock.unwrap().close()
    assert upstream.is_closed()


def test_a_client_that_vanishes_is_told_to_the_upstream(secure: Secure) -> None:
    client = secure.client()
    client.send(GET % b"/never")
    upstream = secure.monolith.accept()
    upstream.head()
    client.reset()
    assert upstream.is_closed()


# WebSockets.

ASK = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
AGREE = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"


def tunnel(secure: Secure) -> tuple[End, End]:
    client = secure.client()
    client.send(ASK + b"early")
    upstream = secure.monolith.accept()
    upstream.head()
    upstream.send(AGREE + b"first")
    assert client.head().status == 101
    client.expect(b"first")
    upstream.expect(b"early")
    return client, upstream


def test_a_websocket_passes_octets_both_ways(secure: Secure) -> None:
    client, upstream = tunnel(secure)
    large = os.urandom(3 * MIB)
    for data in (b"\x81\x02hi", large):
        client.send(data)
        assert upstream.take(len(data)) == data
        upstream.send(data)
        assert client.take(len(data)) == data
    client.close()
    assert upstream.is_closed()


def test_a_websocket_that_the_upstream_ends_ends_in_good_order(secure: Secure) -> None:
    client, upstream = tunnel(secure)
    upstream.send(b"\x88\x00")
    upstream.send_end()
    client.expect(b"\x88\x00")
    assert client.rest() == b""
    client.close()


def test_a_websocket_that_the_client_ends_ends_at_the_upstream(secure: Secure) -> None:
    client, upstream = tunnel(secure)
    client.send(b"\x88\x00")
    assert isinstance(client.sock, ssl.SSLSocket)
    client.sock.unwrap().close()
    upstream.expect(b"\x88\x00")
    assert upstream.rest() == b""


# What is no TLS.


def test_plain_http_is_closed_and_harms_nobody(secure: Secure) -> None:
    before = secure.proxy.metric("strangler_tls_handshakes_total", outcome="http_request")
    with secure.proxy.client() as plain:
        plain.send(GET % b"/")
        assert plain.is_closed()
    with secure.client() as client:
        secure.exchange(client)
    after = secure.proxy.metric("strangler_tls_handshakes_total", outcome="http_request")
    assert after == before + 1
    assert "error" not in secure.proxy.program.output
