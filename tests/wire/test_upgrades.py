"""Who becomes a tunnel and who does not: RFC 9110 section 7.8, RFC 6455 section 4."""

import pytest

from tests.wire.cases import cases, get, post
from tests.wire.conftest import Wire
from tests.wire.ends import OK, End, Message
from tests.wire.proxy import eventually

UPGRADE = (b"Connection: Upgrade", b"Upgrade: websocket")
HANDSHAKE = (*UPGRADE, b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
AGREE = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
GET = get(b"Host: a", path=b"/next")


@cases(
    ("RFC 6455 section 4.1", "a POST", post(*HANDSHAKE)),
    ("RFC 9110 section 7.8", "HTTP/1.0", get(b"Host: a", *HANDSHAKE).replace(b"1.1", b"1.0", 1)),
    ("RFC 9110 section 7.8", "no Connection", get(b"Host: a", *HANDSHAKE[1:])),
    ("RFC 9110 section 7.8", "another option", get(b"Host: a", b"Connection: x", *HANDSHAKE[1:])),
    ("RFC 9110 section 7.8", "no Upgrade", get(b"Host: a", b"Connection: Upgrade")),
    ("RFC 9113 section 3.1", "h2c", get(b"Host: a", b"Connection: Upgrade", b"Upgrade: h2c")),
    ("RFC 2817 section 3", "TLS", get(b"Host: a", b"Connection: Upgrade", b"Upgrade: TLS/1.0")),
    (
        "RFC 9110 section 7.8",
        "a name that only begins alike",
        get(b"Host: a", b"Connection: Upgrade", b"Upgrade: websocket2"),
    ),
)
def test_what_is_no_handshake_crosses_as_a_plain_request(wire: Wire, sent: bytes) -> None:
    client = wire.client(sent)
    upstream = wire.monolith.accept()
    head = upstream.head()
    assert ("Upgrade" in head, "Connection" in head) == (False, False)
    upstream.send(OK)

    assert client.response().body == b"ok"


@cases(
    ("RFC 9113 section 3.1", "h2c", get(b"Host: a", b"Connection: Upgrade", b"Upgrade: h2c")),
    ("RFC 9110 section 7.8", "no Upgrade at all", GET),
    ("RFC 6455 section 4.1", "a POST", post(*HANDSHAKE)),
)
def test_an_upstream_that_switches_unasked_is_a_bad_gateway(wire: Wire, sent: bytes) -> None:
    client = wire.client(sent)
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(AGREE + b"\x81\x02hi")

    assert client.response().status == 502
    assert upstream.is_closed()
    assert wire.proxy.metric("strangler_tunnels") == 0


@cases(
    ("RFC 9110 section 7.8", "another protocol", AGREE.replace(b"websocket", b"h2c")),
    ("RFC 9110 section 7.8", "no protocol", AGREE.replace(b"Upgrade: websocket\r\n", b"")),
    ("RFC 9110 section 7.8", "no option", AGREE.replace(b"Connection: upgrade\r\n", b"")),
    ("RFC 9112 section 6.1", "a body", AGREE.replace(b"Sec-", b"Content-Length: 2\r\nSec-")),
)  # fmt: skip
def test_an_agreement_to_something_else_is_a_bad_gateway(wire: Wire, sent: bytes) -> None:
    client = wire.client(get(b"Host: a", *HANDSHAKE))
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(sent)

    assert client.response().status == 502
    assert upstream.is_closed()


def test_a_handshake_crosses_whole(wire: Wire) -> None:
    """RFC 6455 section 4: the fields of both sides, in any case and among others."""
    client = wire.client(
        get(
            b"Host: a", b"connection: keep-alive, UPGRADE", b"upgrade: WebSocket",
            b"Sec-WebSocket-Key: k", b"Sec-WebSocket-Protocol: chat, other",
            b"Sec-WebSocket-Extensions: permessage-deflate", b"Origin: http://a",
        )
    )  # fmt: skip
    upstream = wire.monolith.accept()
    head = upstream.head()
    assert (head["Connection"], head["Upgrade"]) == ("Upgrade", "websocket")
    assert head["Sec-WebSocket-Protocol"] == "chat, other"
    assert (head["Sec-WebSocket-Extensions"], head["Origin"]) == ("permessage-deflate", "http://a")
    upstream.send(AGREE.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Protocol: chat\r\n\r\n"))
    answer: Message = client.head()

    assert (answer.status, answer["Sec-WebSocket-Protocol"]) == (101, "chat")


def test_an_interim_response_before_the_switch_is_passed_on(wire: Wire) -> None:
    """RFC 9110 section 15.2.2: 101 is interim too, but the last."""
    client = wire.client(get(b"Host: a", *HANDSHAKE))
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + AGREE + b"hello")

    assert client.head().status == 103
    assert client.head().status == 101
    client.expect(b"hello")


def test_a_switch_in_pieces_is_one(wire: Wire) -> None:
    """RFC 6455 section 4.2.2: what follows the 101 in the same octets belongs to the tunnel."""
    client = wire.client(get(b"Host: a", *HANDSHAKE))
    upstream = wire.monolith.accept()
    upstream.head()
    for octet in AGREE + b"\x81\x02hi":
        upstream.send(bytes([octet]))
    assert client.head().status == 101

    client.expect(b"\x81\x02hi")


def test_a_handshake_behind_another_request_waits_for_its_turn(wire: Wire) -> None:
    """RFC 9112 section 9.3.2: what came behind it is no HTTP, however long the others take."""
    ask = get(b"Host: a", path=b"/first") + get(b"Host: a", path=b"/second")
    client = wire.client(ask + get(b"Host: a", *HANDSHAKE, path=b"/tunnel") + b"\x81\x02hi")
    upstream = wire.monolith.accept()
    for path in ("/first", "/second"):
        assert upstream.head().target == path
        upstream.send(OK)
        assert client.response().body == b"ok"
    assert upstream.head().target == "/tunnel"
    upstream.send(AGREE)
    assert client.head().status == 101

    upstream.expect(b"\x81\x02hi")


@pytest.mark.parametrize("ends_first", ["client", "upstream"])
def test_frames_of_any_size_pass_both_ways_and_the_tunnel_ends_with_both(
    wire: Wire, ends_first: str
) -> None:
    """RFC 6455 section 5: we read no frames, so none can be too large or wrong."""
    client, upstream = opened(wire)
    for size in (0, 1, 125, 65_536, 1_000_000):
        frame = b"\x82\x7f" + size.to_bytes(8, "big") + bytes(size)
        for sender, receiver in ((client, upstream), (upstream, client)):
            sender.send(frame)
            receiver.expect(frame)
    first, second = (client, upstream) if ends_first == "client" else (upstream, client)
    first.send(b"\x88\x02\x03\xe8")
    first.send_end()
    assert second.rest() == b"\x88\x02\x03\xe8"
    second.close()

    eventually(lambda: wire.proxy.metric("strangler_tunnels") == 0, "the tunnel is gone")


def opened(wire: Wire) -> tuple[End, End]:
    client = wire.client(get(b"Host: a", *HANDSHAKE))
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(AGREE)
    assert client.head().status == 101
    return client, upstream
