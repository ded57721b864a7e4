"""One process goes and the next comes on the same port: no request that was sent is lost."""

import http.client
import os
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.certificates import Authority
from tests.end_to_end.site import Client, Site
from tests.end_to_end.upstreams import Handler, Upstream, dawdles
from tests.wire.ends import DEADLINE
from tests.wire.proxy import eventually
from tests.wire.test_farewell import Echo, echo

__all__ = ["echo"]  # a fixture

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  service: {{targets: [{service}]}}
  echo: {{targets: ["http://127.0.0.1:{echo}"]}}
monolith: monolith
domains:
  books:
    service: service
    phase: shadow
    shadow: {{sample: 100%}}
    routes: [{{path: /books}}]
  talk: {{service: echo, phase: extracted, routes: [{{path: /talk}}]}}
"""
CONNECTIONS_KEPT, CONNECTIONS_EACH_TIME = 6, 2
ANSWERS = 20  # that each client is to have of either process, so that it asks all the time


def takes_a_while(handler: Handler) -> None:
    """Answer late enough that some requests are under way at any moment."""
    handler.upstream.stopping.wait(0.02)
    handler.answer(b"same")


@dataclass
class Visitor:
    """A client that asks without end. What it cannot connect to it tries again.

    A request that has been sent is answered, or it is one of the `lost`.
    """

    open: Callable[[], Client]
    keeps: bool
    answered: int = 0
    refused: int = 0
    lost: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                client = self.open()
            except ConnectionRefusedError:
                self.refused += 1
                self.stopping.wait(0.01)
                continue
            with client:
                self._ask_on(client)

    def _ask_on(self, client: Client) -> None:
        while not self.stopping.is_set():
            try:
                answer = client.ask("/books")
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
                return
            if answer.status != 200:
                self.lost.append(f"{answer.status} {answer.body!r}")
            self.answered += 1
            if not self.keeps or answer.headers["Connection"] == "close":
                return


class SecureClient(Client):
    """One connection of one client that speaks TLS."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(port)
        plain = self._connection.sock
        plain.settimeout(DEADLINE)
        try:
            self._connection.sock = context.wrap_socket(plain, server_hostname="localhost")
        except OSError as error:
            raise ConnectionRefusedError("in the middle of the handshake") from error


@pytest.fixture
def site(site: Site, monolith: Upstream, service: Upstream, echo: Echo) -> Site:
    monolith.behaviour = takes_a_while
    service.behaviour = dawdles
    urls = {"monolith": monolith.url, "service": service.url, "echo": echo.port}
    site.write(ROUTES.format(**urls))
    return site


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def secure(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[list[str], Authority | None]:
    """The arguments for TLS, if any, and who is to be believed."""
    if not request.param:
        return [], None
    authority = Authority()
    cert, key = authority.issue("localhost").write(tmp_path)
    return ["--tls-cert", str(cert), "--tls-key", str(key)], authority


@pytest.fixture
def visitors() -> Iterator[list[Visitor]]:
    made: list[Visitor] = []
    yield made
    for visitor in made:
        visitor.stopping.set()


def all_have(visitors: list[Visitor], answers: int) -> bool:
    return all(visitor.answered >= answers for visitor in visitors)


def test_no_request_is_lost_when_one_process_follows_another(
    site: Site,
    visitors: list[Visitor],
    secure: tuple[list[str], Authority | None],
    service: Upstream,
) -> None:
    files, authority = secure
    context = None if authority is None else authority.client()
    workers = ("--workers", "2", *files)
    with ExitStack() as threads, site.replica(*workers) as first:
        port = first.program.port

        def opened() -> Client:
            return Client(port) if context is None else SecureClient(port, context)

        visitors += [Visitor(opened, keeps=True) for _ in range(CONNECTIONS_KEPT)]
        visitors += [Visitor(opened, keeps=False) for _ in range(CONNECTIONS_EACH_TIME)]
        for visitor in visitors:
            thread = threading.Thread(target=visitor.run)
            thread.start()
            threads.callback(thread.join, DEADLINE)
            threads.callback(visitor.stopping.set)
        address = f"{'ws' if context is None else 'wss'}://localhost:{port}/talk"
        sock = socket.create_connection(("127.0.0.1", port), DEADLINE)
        with connect(address, sock=sock, ssl=context, proxy=None) as talk:
            talk.send("hello")
            assert talk.recv(DEADLINE) == "hello"
            eventually(lambda: all_have(visitors, ANSWERS), "all have answers of the first")
            assert service.asked_for("/books", copies=True)  # some of which are under way

            os.kill(first.pid, signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as told:
                talk.recv(DEADLINE)
        assert told.value.rcvd is not None
        assert told.value.rcvd.code == 1001
        assert first.program.process is not None
        assert first.program.process.wait(DEADLINE) == 0
        before = max(visitor.answered for visitor in visitors)

        with site.replica(*workers, "--listen", f"127.0.0.1:{port}", routes=False):
            eventually(lambda: all_have(visitors, before + ANSWERS), "all have answers of the next")
            for visitor in visitors:
                visitor.stopping.set()
            threads.close()
    assert [visitor.lost for visitor in visitors] == [[]] * len(visitors)
    assert all(visitor.refused for visitor in visitors if not visitor.keeps)
