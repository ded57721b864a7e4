"""Memory does not grow with what passes: whoever is slow makes the other side wait."""

import socket

import pytest

from tests.wire.conftest import Wire
from tests.wire.ends import DEADLINE, OK, End
from tests.wire.proxy import eventually

MEGABYTE = 1024 * 1024
SENT = 64 * MEGABYTE
GROWTH = 8 * MEGABYTE
"""What the worker may grow by while 64 MiB want to pass: buffers, and what Python keeps."""


def pour(end: End, size: int) -> int:
    """Send until the peer takes no more (or all is sent); give how much was taken."""
    return flood(end, b"x" * MEGABYTE, size)


def flood(end: End, piece: bytes, size: int) -> int:
    end.sock.settimeout(0.5)
    taken = 0
    try:
        while taken < size:
            taken += end.sock.send(piece[taken % len(piece) :][: size - taken])
    except (TimeoutError, ConnectionError):
        pass
    finally:
        end.sock.settimeout(30)
    return taken


def drain(end: End, size: int) -> None:
    """Receive `size` octets of x."""
    while size:
        piece = end.sock.recv(min(size, MEGABYTE))
        assert piece.strip(b"x") == b""
        assert piece
        size -= len(piece)


def small_buffers(end: End) -> End:
    end.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    return end


def test_a_client_that_does_not_read_stops_its_upstream(wire: Wire) -> None:
    small_buffers(wire.client(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
    upstream = wire.monolith.accept()
    upstream.request()
    before = wire.proxy.memory()
    upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SENT)
    taken = pour(upstream, SENT)

    assert taken < SENT
    assert wire.proxy.memory() - before < GROWTH


@pytest.mark.parametrize("asked", [1, 100])
def test_a_client_that_is_reset_in_a_download_that_it_does_not_read_frees_its_upstream(
    wire: Wire, asked: int
) -> None:
    """With many requests waiting nobody reads from it, and a reset shows all the same."""
    client = small_buffers(wire.client(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * asked))
    upstream = wire.monolith.accept()
    upstream.request()
    upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SENT)
    assert pour(upstream, SENT) < SENT
    client.reset()

    upstream.sock.settimeout(DEADLINE)  # half of what any timeout of the proxy is here
    assert upstream.is_closed()


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upstream_that_does_not_read_stops_its_client(wire: Wire, chunked: bool) -> None:
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % SENT
    client = wire.client(b"POST / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % framing)
    upstream = small_buffers(wire.monolith.accept())
    upstream.head()
    before = wire.proxy.memory()
    if chunked:
        client.send(b"%x\r\n" % SENT)
    taken = pour(client, SENT)

    assert taken < SENT
    assert wire.proxy.memory() - before < GROWTH


def test_pipelined_bodies_wait_outside(wire: Wire) -> None:
    client = wire.client(
        b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n"
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % SENT
    )
    upstream = wire.monolith.accept()
    upstream.request()
    before = wire.proxy.memory()

    assert pour(client, SENT) < SENT
    assert wire.proxy.memory() - before < GROWTH


def test_pipelined_requests_wait_outside(wire: Wire) -> None:
    client = wire.client(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
    wire.monolith.accept().request()
    before = wire.proxy.memory()
    many = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 10_000

    assert flood(client, many, SENT) < SENT
    assert wire.proxy.memory() - before < 2 * GROWTH


def test_a_client_that_asks_on_without_reading_waits(wire: Wire) -> None:
    """The answers to pipelined requests are ours: none is made before the last is read."""
    client = small_buffers(wire.client())
    before = wire.proxy.memory()
    many = b"GET /refused/x HTTP/1.1\r\nHost: a\r\n\r\n" * 10_000

    assert flood(client, many, SENT) < SENT
    assert wire.proxy.memory() - before < 2 * GROWTH


def test_the_next_answer_waits_while_the_last_is_not_read(wire: Wire) -> None:
    get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    small_buffers(wire.client(get * 3))
    upstream = wire.monolith.accept()
    before = wire.proxy.memory()
    answered = 0
    for _ in range(3):
        upstream.request()
        upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SENT)
        if (taken := pour(upstream, SENT)) < SENT:
            break
        answered += 1

    assert (answered, taken < SENT) == (0, True)
    assert wire.proxy.memory() - before < GROWTH


def test_what_comes_early_for_a_tunnel_waits_outside(wire: Wire) -> None:
    client = wire.client(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    upstream = wire.monolith.accept()
    upstream.head()
    before = wire.proxy.memory()
    taken = pour(client, SENT)
    assert taken < SENT
    assert wire.proxy.memory() - before < GROWTH

    upstream.send(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    drain(upstream, taken)  # and passes once both have agreed


@pytest.mark.parametrize("from_client", [True, False])
def test_a_tunnel_whose_one_end_does_not_read_stops_the_other(
    wire: Wire, from_client: bool
) -> None:
    client = wire.client(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    client.head()
    before = wire.proxy.memory()
    sender, receiver = (client, upstream) if from_client else (upstream, client)
    taken = pour(sender, SENT)
    assert taken < SENT
    assert wire.proxy.memory() - before < GROWTH

    drain(receiver, taken)
    sender.send(b"on")
    receiver.expect(b"on")


def test_a_tunnel_whose_end_never_reads_is_cut_in_the_end(wire: Wire) -> None:
    before = wire.proxy.descriptors()
    client = wire.client(
        b"GET /impatient/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    upstream = wire.service.accept()
    upstream.head()
    upstream.send(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    client.head()
    pour(upstream, SENT)

    assert upstream.is_closed()
    eventually(lambda: wire.proxy.descriptors() <= before, "nothing is left of the tunnel")


def test_a_slow_reader_gets_a_large_body_whole(wire: Wire) -> None:
    client = small_buffers(wire.client(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
    upstream = wire.monolith.accept()
    upstream.request()
    size = 20 * MEGABYTE
    upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
    left = size
    client.head()
    while left:
        taken = pour(upstream, left)
        left -= taken
        drain(client, taken)
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    upstream.request()
    upstream.send(OK)

    assert client.response().body == b"ok"
