"""A real `strangler serve` that speaks TLS, with a scripted monolith behind it."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.certificates import Authority, Pair
from tests.wire.ends import DEADLINE, OK, End, Listener
from tests.wire.proxy import Proxy

ROUTES = """\
version: 1
upstreams:
  monolith:
    targets: [{monolith}]
    timeouts: {{response: 20s, idle: 20s, keepalive: 20s}}
monolith: monolith
"""
GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"


class Secure:
    """The proxy, the files of its certificate, and the monolith.

    A client's end raises where a connection is cut without a closure alert (RFC 8446 section 6.1),
    so whatever ends there in good order has been told to.
    """

    def __init__(self, proxy: Proxy, monolith: Listener, authority: Authority) -> None:
        self.proxy = proxy
        self.monolith = monolith
        self.authority = authority
        self.cert = proxy.routes.parent / "server.pem"
        self.key = proxy.routes.parent / "server.key"

    def __repr__(self) -> str:
        return f"<Secure {self.proxy!r}>"

    def client(self, pair: Pair | None = None) -> End:
        """Open a client connection and shake hands."""
        sock = socket.create_connection(self.proxy.address, DEADLINE)
        context = self.authority.client(pair)
        return End(
            context.wrap_socket(sock, server_hostname="localhost", suppress_ragged_eofs=False)
        )

    def exchange(self, client: End) -> None:
        """Ask something that the monolith answers."""
        client.send(GET % b"/")
        upstream = self.monolith.newest_or_accept()
        upstream.head()
        upstream.send(OK)
        assert client.response().body == b"ok"

    def serial(self) -> str:
        """Give the number of the certificate that a new client is shown."""
        with self.client() as client:
            return serial_of(client)

    def says(self, event: str) -> bool:
        return event in self.proxy.program.output


@contextmanager
def secure_proxy(directory: Path, authority: Authority, *args: str) -> Iterator[Secure]:
    """Run one, which is certified for localhost."""
    cert, key = authority.issue("localhost").write(directory)
    monolith = Listener()
    files = ("--tls-cert", str(cert), "--tls-key", str(key))
    proxy = Proxy(directory, ROUTES.format(monolith=monolith.url), *files, *args)
    try:
        with proxy:
            yield Secure(proxy, monolith, authority)
    finally:
        monolith.close()


def serial_of(client: End) -> str:
    """Give the number of the certificate that a client was shown."""
    assert isinstance(client.sock, ssl.SSLSocket)
    shown = client.sock.getpeercert()
    assert shown is not None
    return str(shown["serialNumber"])
