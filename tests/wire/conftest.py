"""One proxy for all tests that need nothing special of it, with scripted upstreams behind."""

from collections.abc import Iterator

import pytest

from tests.wire.ends import End, Listener, closed_port
from tests.wire.proxy import Proxy, eventually

ROUTES = """\
version: 1
upstreams:
  monolith:
    targets: [{monolith}]
    timeouts: {{response: 20s, idle: 20s, keepalive: 20s}}
  service:
    targets: [{service}]
    timeouts: {{response: 20s, idle: 20s, keepalive: 20s}}
  impatient:
    targets: [{service}]
    timeouts: {{response: 300ms, idle: 300ms}}
  refusing:
    targets: [http://127.0.0.1:{closed}]
  sick:
    targets: [http://127.0.0.1:{closed}]
    health: {{path: /healthz, interval: 100ms}}
  half:
    targets: [http://127.0.0.1:{closed}, {service}]
  narrow:
    targets: [{service}]
    timeouts: {{response: 20s, idle: 20s, keepalive: 20s}}
    limits: {{in_flight: 1, pending: 1, wait: 20s}}
monolith: monolith
domains:
  served:
    service: service
    phase: extracted
    routes: [{{path: /served/**}}, {{path: /rewritten/**, rewrite: {{prefix: /}}}}]
  impatient:
    service: impatient
    phase: extracted
    routes: [{{path: /impatient/**}}]
  refusing:
    service: refusing
    phase: extracted
    routes: [{{path: /refused/**}}]
  sick:
    service: sick
    phase: extracted
    routes: [{{path: /sick/**}}]
  half:
    service: half
    phase: extracted
    routes: [{{path: /half/**}}]
  narrow:
    service: narrow
    phase: extracted
    routes: [{{path: /narrow/**}}]
  spilling:
    service: narrow
    phase: canary
    canary: {{weight: 100%}}
    shadow: {{sample: 0%}}
    routes: [{{path: /spilling/**}}]
  safe:
    service: service
    phase: canary
    canary: {{weight: 100%}}
    shadow: {{sample: 0%}}
    routes: [{{path: /safe/**}}]
  lost:
    service: refusing
    phase: canary
    canary: {{weight: 100%}}
    shadow: {{sample: 0%}}
    routes: [{{path: /lost/**}}]
"""


class Wire:
    """What a test plays with: clients on one side, the monolith and a service on the other."""

    def __init__(self, proxy: Proxy, monolith: Listener, service: Listener) -> None:
        self.proxy = proxy
        self.monolith = monolith
        self.service = service
        self._clients: list[End] = []

    def __repr__(self) -> str:
        return f"<Wire {self.proxy!r}>"

    def client(self, data: bytes = b"") -> End:
        """Open a client connection and send these octets."""
        client = self.proxy.client()
        self._clients.append(client)
        client.send(data)
        return client

    def settle(self) -> None:
        """Leave no connection and no exchange to the next test."""
        for client in self._clients:
            client.reset()
        self._clients.clear()
        eventually(self._all_have_gone, "all clients are gone")
        self._release_upstreams()

    def _all_have_gone(self) -> bool:
        # A client whose reading is paused is not missed before its upstream gives up.
        self._release_upstreams()
        return self.proxy.metric("strangler_open_connections") == 0

    def _release_upstreams(self) -> None:
        self.monolith.settle()
        self.service.settle()


@pytest.fixture(scope="session")
def _session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    monolith, service, closed = Listener(), Listener(), closed_port()
    routes = ROUTES.format(
        monolith=monolith.url, service=service.url, closed=closed.getsockname()[1]
    )
    with Proxy(tmp_path_factory.mktemp("wire"), routes, "--via", "strangler") as proxy:
        yield Wire(proxy, monolith, service)
        for gauge in ("exchanges_in_flight", "tunnels", "open_connections"):
            assert proxy.metric(f"strangler_{gauge}") == 0, f"{gauge} leaked"
    monolith.close()
    service.close()
    closed.close()


@pytest.fixture
def wire(_session: Wire) -> Iterator[Wire]:
    yield _session
    _session.settle()
