"""Who answers in each phase, as clients and both systems see it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from strangler.routing.decision import bucket_of
from tests.wire.ends import End
from tests.wire.named import Named
from tests.wire.proxy import Proxy, eventually

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  service: {{targets: [{service}]}}
monolith: monolith
domains:
  monolith: {{service: service, phase: monolith, routes: [{{path: /monolith}}]}}
  shadow:
    service: service
    phase: shadow
    shadow: {{confirm: false}}
    routes: [{{path: /shadow}}]
  canary:
    service: service
    phase: canary
    canary: {{weight: 100%, key: "header:x-user"}}
    shadow: {{confirm: false}}
    routes: [{{path: /canary}}]
  weighed:
    service: service
    phase: canary
    canary: {{weight: 30%, key: "header:x-user"}}
    shadow: {{sample: 0%}}
    routes: [{{path: /weighed/**}}, {{path: /also/weighed}}]
  extracted: {{service: service, phase: extracted, routes: [{{path: /extracted}}]}}
  reversed:
    service: service
    phase: extracted
    shadow: {{reversed: true, confirm: false}}
    routes: [{{path: /reversed}}]
  retired: {{service: service, phase: retired, routes: [{{path: /retired}}]}}
  asking:
    service: service
    phase: shadow
    shadow: {{confirm: false}}
    routes: [{{path: /ask, methods: [POST], effect: read}}]
"""


class Systems:
    """The proxy between the two systems, asked by one client."""

    def __init__(self, proxy: Proxy, monolith: Named, service: Named, client: End) -> None:
        self.proxy = proxy
        self.monolith = monolith
        self.service = service
        self._client = client

    def __repr__(self) -> str:
        return f"<Systems {self.proxy!r}>"

    def ask(self, method: str, path: str, user: str = "ada", body: bytes = b"") -> str:
        """Give the name of who answered."""
        self._client.send(
            b"%b %b HTTP/1.1\r\nHost: a\r\nX-User: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (method.encode(), path.encode(), user.encode(), len(body), body)
        )
        return self._client.response(method).body.decode()

    def copies_of(self, path: str) -> list[tuple[str, str]]:
        """Wait until no copy is under way; give whom those for `path` reached, and how."""
        in_flight = "strangler_shadow_copies_in_flight"
        eventually(lambda: self.proxy.metric(in_flight) == 0, "all copies are done")
        return [
            (named.name, asked.method)
            for named in (self.monolith, self.service)
            for asked in named.copies()
            if asked.path == path
        ]


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systems]:
    with Named("monolith") as monolith, Named("service") as service:
        routes = ROUTES.format(monolith=monolith.url, service=service.url)
        directory: Path = tmp_path_factory.mktemp("phases")
        with Proxy(directory, routes) as proxy, proxy.client() as client:
            yield Systems(proxy, monolith, service, client)


@pytest.mark.parametrize(
    ("phase", "reads", "writes", "copies"),
    [
        ("unclaimed", "monolith", "monolith", []),
        ("monolith", "monolith", "monolith", []),
        ("shadow", "monolith", "monolith", ["service"]),
        ("canary", "service", "monolith", ["monolith"]),
        ("extracted", "service", "service", []),
        ("reversed", "service", "service", ["monolith"]),
        ("retired", "service", "service", []),
    ],
)
def test_each_phase_says_who_answers_and_who_gets_a_copy(
    systems: Systems, phase: str, reads: str, writes: str, copies: list[str]
) -> None:
    path = f"/{phase}"

    assert systems.ask("GET", path) == reads
    assert systems.ask("POST", path) == writes
    assert systems.copies_of(path) == [(name, "GET") for name in copies]


def test_a_post_that_only_asks_is_copied_with_its_body(systems: Systems) -> None:
    assert systems.ask("POST", "/ask", body=b"what is there?") == "monolith"
    assert systems.copies_of("/ask") == [("service", "POST")]
    copy = next(asked for asked in systems.service.copies() if asked.path == "/ask")

    assert (copy.body, copy.role) == (b"what is there?", "candidate")


def test_a_canary_keeps_every_key_on_the_side_of_its_bucket(systems: Systems) -> None:
    users = [f"user-{number}" for number in range(300)]
    first = {user: systems.ask("GET", "/weighed/x", user) for user in users}
    again = {user: systems.ask("GET", "/also/weighed", user) for user in users}
    expected = {
        user: "service" if bucket_of(b"weighed", user.encode()) < 3000 else "monolith"
        for user in users
    }

    assert first == again == expected
    assert 60 < sum(who == "service" for who in first.values()) < 120


def test_a_request_without_a_key_stays_with_the_monolith(systems: Systems) -> None:
    with systems.proxy.client() as client:
        client.send(b"GET /canary HTTP/1.1\r\nHost: a\r\n\r\n")

        assert client.response().body == b"monolith"


def test_who_answered_is_counted_by_route_system_and_status(systems: Systems) -> None:
    def count(system: str) -> float:
        return systems.proxy.metric(
            "strangler_exchanges_total", route="/retired", system=system, status="200"
        )

    before = count("service")
    systems.ask("GET", "/retired")

    assert (count("service"), count("monolith")) == (before + 1, 0)
