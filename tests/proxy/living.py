"""Live ends for tests in this process: an upstream that does as it is told, and a data plane."""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import yaml

from strangler.proxy.client import ClientConnection
from strangler.proxy.listener_context import Identity, ListenerContext
from strangler.proxy.plane import DataPlane
from strangler.proxy.resolver import Resolve, system_resolve
from strangler.proxy.settings import Settings
from strangler.proxy.unreported import Unreported
from strangler.routing.compile import load
from strangler.routing.table import RouteTable, Target
from strangler.store.observed import Observation

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def json_answer(body: bytes) -> bytes:
    """A whole JSON response."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


class Upstream:
    """A server that answers each request with what `answer` gives for its head; bodies are read.

    `answer` may be a coroutine, so that a test decides when; None closes the connection instead.
    """

    def __init__(self) -> None:
        self.answer: Callable[[bytes], bytes | Awaitable[bytes | None] | None] = lambda _: OK
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.reads_bodies = True
        self.connections = 0
        self.closed = asyncio.Condition()
        self.open = 0
        self.port = 0

    def __repr__(self) -> str:
        return f"<Upstream {self.port} heads={len(self.heads)}>"

    @property
    def target(self) -> Target:
        return Target("127.0.0.1", self.port)

    async def wait_until_open(self, count: int) -> None:
        """Wait until this many connections are open."""
        async with self.closed:
            await asyncio.wait_for(self.closed.wait_for(lambda: self.open == count), 10)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"\r\nContent-Length: (\d+)", head)
                size = int(length[1]) if length and self.reads_bodies else 0
                self.bodies.append(await reader.readexactly(size))
                self.heads.append(head)
                answer = self.answer(head)
                octets = await answer if isinstance(answer, Awaitable) else answer
                if octets is None:
                    return
                writer.write(octets)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            async with self.closed:
                self.open -= 1
                self.closed.notify_all()


def bound_socket(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """Reserve an address; connects to it are refused until an upstream runs on it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    return sock


@asynccontextmanager
async def upstream(
    bound: socket.socket | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Upstream]:
    """Run one upstream, on a socket of its own where none is given."""
    made = Upstream()
    server = await asyncio.start_server(made.serve, sock=bound or bound_socket(), ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


def table_for(
    monolith: Upstream, service: Upstream, domain: dict[str, Any] | None = None, **timeouts: str
) -> RouteTable:
    """Compile a table with one domain on `/d/**`."""
    return load(
        yaml.safe_dump(
            {
                "version": 1,
                "upstreams": {
                    "old": {"targets": [str(monolith.target)], "timeouts": timeouts},
                    "new": {"targets": [str(service.target)], "timeouts": timeouts},
                },
                "monolith": "old",
                "domains": {
                    "d": {"service": "new", "routes": [{"path": "/d/**"}], **(domain or {})}
                },
            }
        )
    )


class Proxy:
    """A data plane with a listening socket, and what its copies have shown."""

    def __init__(
        self, table: RouteTable, settings: Settings, resolve: Resolve = system_resolve
    ) -> None:
        self._unreported = Unreported(1000)
        self._observations: list[Observation] = []
        self.plane = DataPlane(table, 1, settings, self._unreported, resolve)
        self.port = 0
        self.tls: ListenerContext

    def __repr__(self) -> str:
        return f"<Proxy {self.port} {self.plane!r}>"

    @property
    def observations(self) -> list[Observation]:
        """What would have been reported so far."""
        self._observations += self._unreported.take(datetime.now(UTC))
        return self._observations

    async def get(self, path: str, *fields: str) -> tuple[int, bytes]:
        """Ask once on a connection of its own; give the status and everything behind the head."""
        return await self.ask("GET", path, b"", *fields)

    async def ask(self, method: str, path: str, body: bytes, *fields: str) -> tuple[int, bytes]:
        """Do the same with any method; an empty body is none."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        length = [f"Content-Length: {len(body)}"] if body else []
        lines = [f"{method} {path} HTTP/1.1", "Host: a", "Connection: close", *length, *fields]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        octets = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()
        head, _, body = octets.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), body

    async def wait_until(self, holds: Callable[[], bool]) -> None:
        """Let the loop run until something holds."""
        async with asyncio.timeout(20):
            while not holds():  # noqa: ASYNC110 - counters are plain integers, nobody notifies
                await asyncio.sleep(0.005)


@asynccontextmanager
async def proxy(
    table: RouteTable,
    listener: socket.socket | None = None,
    resolve: Resolve = system_resolve,
    identity: Identity | None = None,
    **settings: Any,
) -> AsyncIterator[Proxy]:
    """Run a proxy in this process, on a listening socket of its own where none is given.

    With an `identity` clients speak TLS.
    """
    values = {"redaction_key": b"key", "confirm_after": 0.0, **settings}
    made = Proxy(table, Settings(**values), resolve)
    loop = asyncio.get_running_loop()
    listener = listener or socket.create_server(("127.0.0.1", 0))
    secure = {}
    if identity is not None:
        made.tls = ListenerContext(identity, made.plane.counters.handshakes)
        secure = made.tls.arguments(made.plane.settings.head)
    server = await loop.create_server(lambda: ClientConnection(made.plane), sock=listener, **secure)
    made.port = listener.getsockname()[1]
    sweeping = asyncio.create_task(made.plane.sweep())
    try:
        yield made
    finally:
        server.close()
        sweeping.cancel()
        for client in list(made.plane.clients):
            client.transport.abort()
        await made.plane.close()
        await asyncio.gather(sweeping, return_exceptions=True)
