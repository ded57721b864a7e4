"""How much a proxy takes from a sender while the reader has stopped, and what that costs it."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

from tests.bench.asking import connect
from tests.bench.bounds import Bound, Outcome
from tests.bench.figures.stage import Stage
from tests.bench.peers.everyone import STRANGLER
from tests.bench.works import HOST
from tests.wire.ends import End, Listener

BODY = 64 << 20
STREAMS = 20
PIECE = bytes(1 << 16)
STILL = 1.0  # seconds without an octet taken: the sender stalls
UP, DOWN = "upload, upstream does not read", "download, client does not read"
MIB = 1 << 20


class Stalled(NamedTuple):
    """MiB that were taken of one body alone, of each of many, and that each of these holds."""

    taken: float
    taken_by_many: list[float]
    held: float


def measure(stage: Stage) -> Iterator[Outcome]:
    """Send a body of 64 MiB to a reader that has stopped, both ways; then twenty at once."""
    stalled: dict[tuple[str, str], Stalled] = {}
    # nginx is left out: by default it writes whole uploads to disk before it sends them.
    names = (STRANGLER, *stage.anchors("haproxy", "envoy"))
    for name in names:
        for way in (UP, DOWN):
            stalled[way, name] = _one(stage, name, way)
    for way in (UP, DOWN):
        many = stalled[way, STRANGLER].taken_by_many
        note = f"{STREAMS} at once: {min(many):.1f} to {max(many):.1f} MiB"
        took = {name: stalled[way, name].taken for name in names}
        yield Outcome.of(Bound(f"sender stalls: {way}", 10, unit="MiB"), took, note)
    for way in (UP, DOWN):
        held = {name: stalled[way, name].held for name in names}
        yield Outcome.of(Bound(f"RSS per stalled stream: {way}", 1, unit="MiB"), held)


def _one(stage: Stage, name: str, way: str) -> Stalled:
    upstream = Listener()
    begin = _uploading if way == UP else _serving
    with ExitStack() as stack:
        stack.callback(upstream.close)
        proxy = stack.enter_context(stage.proxy(name, upstream.port))

        def sender() -> socket.socket:
            return begin(stack.enter_context(connect(proxy.port)), upstream)

        alone = push([sender()])
        before = proxy.rss()
        many = push([sender() for _ in range(STREAMS)])
        return Stalled(alone[0], many, (proxy.rss() - before) / STREAMS / MIB)


def _uploading(client: End, upstream: Listener) -> socket.socket:
    """Begin an upload; its upstream reads the head and no more."""
    head = f"POST /api/v1/datasets HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {BODY}\r\n\r\n"
    client.send(head.encode() + b"x")  # some proxies connect only when a body has begun
    upstream.accept().head()
    return client.sock


def _serving(client: End, upstream: Listener) -> socket.socket:
    """Begin a download; its client reads nothing."""
    client.send(f"GET /api/v1/datasets/1/files/a HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    server = upstream.accept()
    server.head()
    server.send(f"HTTP/1.1 200 OK\r\nContent-Length: {BODY}\r\n\r\n".encode())
    return server.sock


def push(senders: list[socket.socket]) -> list[float]:
    """Send on all until none takes anything for a while; give the MiB that each took."""
    taken = dict.fromkeys(senders, 1)
    for sock in senders:
        sock.setblocking(False)
    begun = time.monotonic()
    while time.monotonic() - begun < STILL:
        unfinished = [sock for sock in senders if taken[sock] < BODY]
        for sock in select.select([], unfinished, [], STILL)[1]:
            sent = _send(sock, BODY - taken[sock])
            taken[sock] += sent
            begun = time.monotonic() if sent else begun
    return [octets / MIB for octets in taken.values()]


def _send(sock: socket.socket, most: int) -> int:
    try:
        return sock.send(PIECE[:most])
    except BlockingIOError:
        return 0
