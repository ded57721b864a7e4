"""WebSockets (RFC 6455): after a 101 we pass octets, whatever they are."""

from tests.wire.conftest import Wire
from tests.wire.ends import OK, End
from tests.wire.proxy import eventually

ASK = (
    b"Host: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
AGREE = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


def opened(wire: Wire, path: bytes = b"/ws") -> tuple[End, End]:
    client = wire.client(b"GET %b HTTP/1.1\r\n%b" % (path, ASK))
    upstream = (wire.service if path.startswith(b"/impatient") else wire.monolith).accept()
    upstream.head()
    upstream.send(AGREE)
    client.head()
    return client, upstream


def test_the_handshake_crosses_and_then_every_octet(wire: Wire) -> None:
    """RFC 6455 section 4."""
    client = wire.client(b"GET /ws HTTP/1.1\r\n" + ASK)
    upstream = wire.monolith.accept()
    head = upstream.head()
    assert (head["Connection"], head["Upgrade"]) == ("Upgrade", "websocket")
    assert head["Sec-WebSocket-Key"] == "dGhlIHNhbXBsZSBub25jZQ=="
    upstream.send(AGREE)
    answer = client.head()
    assert answer.status == 101
    assert (answer["Connection"], answer["Upgrade"]) == ("Upgrade", "websocket")
    assert answer["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    for number in range(3):
        client.send(b"\x81\x05\x00\r\n%d" % number)
        upstream.expect(b"\x81\x05\x00\r\n%d" % number)
        upstream.send(b"GET / HTTP/1.1\r\n\r\n\xff%d" % number)
        client.expect(b"GET / HTTP/1.1\r\n\r\n\xff%d" % number)


def test_what_is_sent_early_waits_for_the_agreement(wire: Wire) -> None:
    """CVE-2026-2833 in Pingora."""
    client = wire.client(b"GET /ws HTTP/1.1\r\n" + ASK + b"early")
    upstream = wire.monolith.accept()
    upstream.head()
    client.send(b" bird")
    upstream.send(AGREE + b"first word")
    client.head()
    client.expect(b"first word")

    upstream.expect(b"early bird")


def test_a_refused_handshake_leaves_an_ordinary_connection(wire: Wire) -> None:
    """RFC 9110 section 7.8."""
    client = wire.client(b"GET /ws HTTP/1.1\r\n" + ASK + b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
    assert client.response().body == b"no"
    assert upstream.head().target == "/next"
    upstream.send(OK)

    assert client.response().body == b"ok"


def test_half_of_a_tunnel_may_close_before_the_other(wire: Wire) -> None:
    """RFC 6455 section 7.1.1."""
    client, upstream = opened(wire)
    client.send(b"last words")
    client.send_end()
    assert upstream.rest() == b"last words"
    upstream.send(b"answered all the same")
    upstream.send_end()

    assert client.rest() == b"answered all the same"


def test_the_upstream_may_close_its_half_first(wire: Wire) -> None:
    """RFC 6455 section 7.1.1."""
    client, upstream = opened(wire)
    upstream.send_end()
    assert client.rest() == b""
    client.send(b"thanks")
    client.send_end()

    assert upstream.rest() == b"thanks"


def test_a_peer_that_dies_takes_the_other_end_along(wire: Wire) -> None:
    client, upstream = opened(wire)
    client.reset()
    assert upstream.is_closed()

    client, upstream = opened(wire)
    upstream.reset()
    assert client.is_closed()


def test_a_tunnel_without_a_word_is_closed_after_the_idle_time(wire: Wire) -> None:
    client, upstream = opened(wire, b"/impatient/ws")

    assert client.is_closed()
    assert upstream.is_closed()


def test_a_switch_in_http_1_0_is_ignored(wire: Wire) -> None:
    """RFC 9110 section 7.8."""
    client = wire.client(b"GET /ws HTTP/1.0\r\n" + ASK)
    upstream = wire.monolith.accept()
    assert "Upgrade" not in upstream.head()
    upstream.send(OK)

    assert client.response().body == b"ok"


def test_a_switch_to_another_protocol_is_a_bad_gateway(wire: Wire) -> None:
    """RFC 9110 section 7.8."""
    client = wire.client(b"GET /ws HTTP/1.1\r\n" + ASK)
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(AGREE.replace(b"websocket", b"h2c"))

    assert client.response().status == 502
    assert upstream.is_closed()


def test_a_switch_without_an_upgrade_is_a_bad_gateway(wire: Wire) -> None:
    """RFC 9110 section 7.8."""
    client = wire.client(b"GET /ws HTTP/1.1\r\n" + ASK)
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(b"HTTP/1.1 101 Switching Protocols\r\n\r\nxyz")

    assert client.response().status == 502


def test_tunnels_are_counted_while_they_are_open(wire: Wire) -> None:
    client, _ = opened(wire)
    assert wire.proxy.metric("strangler_tunnels") == 1
    client.reset()

    eventually(lambda: wire.proxy.metric("strangler_tunnels") == 0, "the tunnel is gone")
