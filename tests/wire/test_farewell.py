"""WebSockets when the proxy goes down: both sides are told, by a Close of RFC 6455."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import Server, ServerConnection, serve

from tests.wire.ends import DEADLINE, Listener
from tests.wire.proxy import Proxy
from tests.wire.test_tunnels import AGREE, ASK

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: ["http://127.0.0.1:{port}"]}}
monolith: monolith
"""


class Echo:
    """A WebSocket server that gives back what it gets and notes how each connection ended."""

    def __init__(self) -> None:
        self.codes: list[int | None] = []
        self.ended = threading.Event()
        self.server: Server = serve(self._talk, "127.0.0.1", 0)
        self.port: int = self.server.socket.getsockname()[1]

    def __repr__(self) -> str:
        return f"<Echo {self.port} codes={self.codes}>"

    def _talk(self, connection: ServerConnection) -> None:
        for message in connection:
            connection.send(message)
        self.codes.append(connection.close_code)
        self.ended.set()


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join(DEADLINE)


def test_both_sides_are_told_that_we_go_away(tmp_path: Path, echo: Echo) -> None:
    """RFC 6455 section 7.4.1."""
    with Proxy(tmp_path, ROUTES.format(port=echo.port)) as proxy:
        assert proxy.program.process is not None
        with connect(f"ws://127.0.0.1:{proxy.address[1]}/", proxy=None) as client:
            for message in ("a", "b" * 200, "c" * 100_000):
                client.send(message)
                assert client.recv(DEADLINE) == message
            proxy.program.process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed):
                client.recv(DEADLINE)
            assert client.close_code == 1001
        assert echo.ended.wait(DEADLINE)
        assert echo.codes == [1001]
        assert proxy.program.process.wait(DEADLINE) == 0


def test_a_frame_is_never_cut_by_a_close_of_ours(tmp_path: Path) -> None:
    """RFC 6455 section 5.2: the rest of a frame that has begun still comes, and then the Close."""
    upstream_side = Listener()
    with Proxy(tmp_path, ROUTES.format(port=upstream_side.port)) as proxy, proxy.client() as client:
        assert proxy.program.process is not None
        client.send(b"GET / HTTP/1.1\r\n" + ASK)
        upstream = upstream_side.accept()
        upstream.head()
        upstream.send(AGREE)
        client.head()
        upstream.send(b"\x81\x04ab")
        client.expect(b"\x81\x04ab")
        proxy.program.process.send_signal(signal.SIGTERM)
        assert upstream.take(2) == b"\x88\x82"  # nothing had begun in this direction
        upstream.send(b"cd")
        client.expect(b"cd\x88\x02\x03\xe9")
        client.send(b"\x88\x80\x00\x00\x00\x00")
        upstream.send(b"\x88\x00")
        assert client.is_closed()
        assert proxy.program.process.wait(DEADLINE) == 0
    upstream_side.close()
