"""What a gigabyte that passes through leaves in a proxy's memory."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tests.bench.asking import connect
from tests.bench.bounds import Bound, Outcome
from tests.bench.figures.stage import Stage
from tests.bench.peers.everyone import STRANGLER
from tests.bench.peers.running import Running
from tests.bench.works import HOST
from tests.wire.ends import Listener

BODY = 1 << 30
WARM_UP = 16 << 20
PIECE = bytes(1 << 20)
LOOK = 0.02  # seconds between two looks at the memory
UP = Bound("1 GiB uploaded moves RSS", 16, unit="MiB")
DOWN = Bound("1 GiB downloaded moves RSS", 16, unit="MiB")


def measure(stage: Stage) -> Iterator[Outcome]:
    """Send a gigabyte through each way, and look at the memory all the while."""
    moved: dict[str, list[float]] = {}
    for name in (STRANGLER, *stage.anchors("haproxy", "envoy")):
        upstream = Listener()
        with ExitStack() as stack:
            stack.callback(upstream.close)
            proxy = stack.enter_context(stage.proxy(name, upstream.port))
            moved[name] = [_moved(proxy, upstream, way) for way in (_upload, _download)]
    yield Outcome.of(UP, {name: both[0] for name, both in moved.items()})
    yield Outcome.of(DOWN, {name: both[1] for name, both in moved.items()})


Way = Callable[[socket.socket, Listener, int], None]


def _moved(proxy: Running, upstream: Listener, way: Way) -> float:
    with connect(proxy.port) as client:
        way(client.sock, upstream, WARM_UP)
    before, most = proxy.rss(), 0
    with connect(proxy.port) as client, ThreadPoolExecutor(1) as beside:
        passing = beside.submit(way, client.sock, upstream, BODY)
        while not passing.done():
            most = max(most, abs(proxy.rss() - before))
            time.sleep(LOOK)
        passing.result()
    return most / (1 << 20)


def _upload(client: socket.socket, upstream: Listener, octets: int) -> None:
    head = f"POST /api/v1/datasets HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {octets}\r\n\r\n"
    client.sendall(head.encode() + b"x")  # some proxies connect only when a body has begun
    with upstream.accept() as server:
        _pass(client, octets - 1, server.sock, octets)
        server.send(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        _head(client)


def _download(client: socket.socket, upstream: Listener, octets: int) -> None:
    client.sendall(f"GET /api/v1/datasets/1/files/a HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    with upstream.accept() as server:
        server.head()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {octets}\r\nConnection: close\r\n\r\n"
        server.send(head.encode())
        _pass(server.sock, octets, client, octets)


def _pass(sender: socket.socket, sent: int, reader: socket.socket, read: int) -> None:
    """Send so much at one end, and read a head and a body of so much at the other."""
    with ThreadPoolExecutor(1) as beside:
        sending = beside.submit(_send, sender, sent)
        missing, buffer = read - _head(reader), bytearray(len(PIECE))
        while missing > 0:
            got = reader.recv_into(buffer)
            if got == 0:
                raise ConnectionError(f"{missing} of {read} octets are missing")
            missing -= got
        sending.result()


def _send(sender: socket.socket, octets: int) -> None:
    whole, rest = divmod(octets, len(PIECE))
    for _ in range(whole):
        sender.sendall(PIECE)
    sender.sendall(PIECE[:rest])


def _head(reader: socket.socket) -> int:
    """Read a head, and give the number of octets of the body that came with it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = reader.recv(65536)
        if not piece:
            raise ConnectionError(f"no whole head: {data!r}")
        data += piece
    return len(data.partition(b"\r\n\r\n")[2])
