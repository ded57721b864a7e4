"""Upstreams that remember what they were asked and behave as they are told, well or badly.

Each behaviour is a function that gets the handler of one request; it can be exchanged while the
upstream runs. What is said on the wire octet by octet is the business of `tests/wire`.
"""

import contextlib
import socket
import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, TypeAlias


@dataclass(frozen=True)
class Asked:
    """One request as an upstream saw it; `role` is what a shadow copy says of itself."""

    method: str
    path: str
    body: bytes
    role: str | None


class Handler(BaseHTTPRequestHandler):
    """One connection to an upstream; `body` is of the request that is being answered."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"
    body: bytes

    def _asked(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream = self.server.upstream
        role = self.headers.get("X-Strangler-Shadow")
        upstream.asked.append(Asked(self.command, self.path, self.body, role))
        upstream.behaviour(self)

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = _asked  # noqa: N815 - http.server's names

    @property
    def upstream(self) -> "Upstream":
        return self.server.upstream

    def version_string(self) -> str:
        """Give what `Server` says: who answered, in a field that is never compared."""
        return self.upstream.name

    def answer(
        self, body: bytes, content_type: str = "text/plain", status: int = 200, **fields: str
    ) -> None:
        """Give a whole answer; underscores in the names of fields stand for hyphens."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def begin(self, length: int) -> None:
        """Send the head of an answer and leave the rest to the caller."""
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def reset(self) -> None:
        """End the connection as a crashed process does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def log_message(self, *_: Any) -> None:
        pass


Behaviour: TypeAlias = Callable[[Handler], None]


def answers_the_same(handler: Handler) -> None:
    """As both systems do where they agree."""
    handler.answer(b"same")


def hangs(handler: Handler) -> None:
    """Say nothing until the upstream stops."""
    handler.upstream.stopping.wait()
    handler.close_connection = True


def resets(handler: Handler) -> None:
    handler.reset()


def dies_in_the_middle(handler: Handler) -> None:
    handler.begin(1000)
    handler.wfile.write(b"half of")
    handler.wfile.flush()
    handler.reset()


def garbles(handler: Handler) -> None:
    handler.wfile.write(b"220 smtp.example.org ESMTP\r\n")
    handler.close_connection = True


def floods(handler: Handler) -> None:
    """Send without end."""
    handler.begin(10**12)
    _send_for_ever(handler, b"x" * 65536)


def _send_for_ever(handler: Handler, piece: bytes) -> None:
    handler.close_connection = True
    with contextlib.suppress(ConnectionError):
        while not handler.upstream.stopping.is_set():
            handler.wfile.write(piece)


def promises_a_gigabyte(handler: Handler) -> None:
    """Say that a gigabyte comes, and send far more than that."""
    handler.begin(2**30)
    _send_for_ever(handler, b"x" * 65536)


def drips(handler: Handler) -> None:
    """Send an octet now and then, each time before anybody's patience is at its end."""
    handler.begin(10_000)
    handler.close_connection = True
    with contextlib.suppress(ConnectionError):
        while not handler.upstream.stopping.wait(0.1):
            handler.wfile.write(b".")


def bombs(handler: Handler) -> None:
    """Answer with a hundred kilobytes that are a hundred megabytes of zeros once unpacked."""
    handler.answer(_bomb(), "application/json", Content_Encoding="gzip")


@cache
def _bomb() -> bytes:
    megabyte = b"0" * 1_000_000
    packing = zlib.compressobj(1, wbits=-15)
    # After a full flush nothing refers to what came before: the block may come again.
    block = packing.compress(megabyte) + packing.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(100):
        checksum = zlib.crc32(megabyte, checksum)
    head, end = b"\x1f\x8b\x08" + bytes(6) + b"\xff", b"\x03\0"
    return head + 100 * block + end + struct.pack("<II", checksum, 100 * len(megabyte))


def dawdles(handler: Handler) -> None:
    """Answer well, and much later than anybody else does."""
    handler.upstream.stopping.wait(0.5)
    answers_the_same(handler)


class _Server(ThreadingHTTPServer):
    """Joins the threads of its connections when it is closed, so that nothing outlives a test."""

    daemon_threads = False
    request_queue_size = 256
    upstream: "Upstream"

    def process_request(self, request: Any, address: Any) -> None:
        self.upstream.connections.add(request)
        super().process_request(request, address)

    def shutdown_request(self, request: Any) -> None:
        self.upstream.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, address: Any) -> None:
        """Say nothing of a proxy that went away in the middle: it may."""


class Upstream:
    """An upstream called `name` on a port that stays its own while it is stopped."""

    def __init__(self, name: str, behaviour: Behaviour = answers_the_same) -> None:
        self.name = name
        self.behaviour = behaviour
        self.asked: list[Asked] = []
        self.connections: set[socket.socket] = set()
        self.stopping = threading.Event()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        # Bound and not listening: connections are refused, and nobody else gets the port.
        self._reservation = socket.socket()
        self._reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reservation.bind(("127.0.0.1", 0))

    def __repr__(self) -> str:
        state = "stopped" if self._server is None else "running"
        return f"<Upstream {self.name} {state} asked={len(self.asked)}>"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._reservation.close()

    @property
    def port(self) -> int:
        return int(self._reservation.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.stopping.clear()
        self._server = _Server(("127.0.0.1", self.port), Handler)
        self._server.upstream = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        """End every connection and refuse new ones, as a killed process does."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._server = self._thread = None
        self.stopping.set()
        server.shutdown()
        thread.join()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):  # it may end by itself just now
                connection.shutdown(socket.SHUT_RDWR)
        server.server_close()

    def asked_for(self, path: str, *, copies: bool = False) -> list[Asked]:
        """Give the requests for a path: those of clients, or the shadow copies."""
        return [
            asked
            for asked in list(self.asked)
            if asked.path == path and (asked.role is not None) is copies
        ]
