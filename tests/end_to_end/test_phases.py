"""Who answers each method in each phase and who gets a copy: the table in docs/phases.md."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.site import Client, Replica, Site
from tests.end_to_end.upstreams import Upstream

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  service: {{targets: [{service}]}}
monolith: monolith
domains:
  monolith: {{service: service, phase: monolith, routes: [{{path: /monolith}}]}}
  shadow: {{service: service, phase: shadow, routes: [{{path: /shadow}}]}}
  canary-none:
    service: service
    phase: canary
    canary: {{weight: 0%}}
    routes: [{{path: /canary-none}}]
  canary-all:
    service: service
    phase: canary
    canary: {{weight: 100%}}
    routes: [{{path: /canary-all}}]
  extracted: {{service: service, phase: extracted, routes: [{{path: /extracted}}]}}
  reversed:
    service: service
    phase: extracted
    shadow: {{reversed: true}}
    routes: [{{path: /reversed}}]
  retired: {{service: service, phase: retired, routes: [{{path: /retired}}]}}
  mixed:
    service: service
    phase: canary
    canary: {{weight: 100%}}
    routes:
      - path: /mixed/**
      - {{path: /mixed/lagging, phase: shadow}}
      - {{path: /mixed/search, methods: [POST], effect: read}}
      - {{path: /mixed/log-out, methods: [GET], effect: write}}
  ahead:
    service: service
    phase: shadow
    canary: {{weight: 100%}}
    routes:
      - {{path: /ahead, phase: canary}}
  rewritten:
    service: service
    phase: canary
    canary: {{weight: 100%, key: "header:x-user"}}
    routes:
      - {{path: /rewritten/**, rewrite: {{prefix: /v2}}}}
"""

READS = ("GET", "HEAD", "OPTIONS")
WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Systems:
    """One client before a replica, both systems behind it."""

    def __init__(
        self, replica: Replica, client: Client, monolith: Upstream, service: Upstream
    ) -> None:
        self.replica = replica
        self.client = client
        self.monolith = monolith
        self.service = service

    def __repr__(self) -> str:
        return f"<Systems {self.replica!r}>"

    def copies_of(self, path: str) -> list[tuple[str, str]]:
        """Wait for the copies; give for each whom it reached and its method."""
        self.replica.await_copies_done()
        return [
            (upstream.name, asked.method)
            for upstream in (self.monolith, self.service)
            for asked in upstream.asked_for(path, copies=True)
        ]


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systems]:
    site = Site(tmp_path_factory.mktemp("phases"))
    with Upstream("monolith") as monolith, Upstream("service") as service:
        site.write(ROUTES.format(monolith=monolith.url, service=service.url))
        with site.replica() as replica, replica.client() as client:
            yield Systems(replica, client, monolith, service)


@pytest.mark.parametrize(
    ("path", "reads", "writes", "copies"),
    [
        ("/unclaimed", "monolith", "monolith", None),
        ("/monolith", "monolith", "monolith", None),
        ("/shadow", "monolith", "monolith", "service"),
        ("/canary-none", "monolith", "monolith", "service"),
        ("/canary-all", "service", "monolith", "monolith"),
        ("/extracted", "service", "service", None),
        ("/reversed", "service", "service", "monolith"),
        ("/retired", "service", "service", None),
    ],
)
def test_each_phase_says_who_answers_and_who_gets_a_copy(
    systems: Systems, path: str, reads: str, writes: str, copies: str | None
) -> None:
    for method in READS:
        assert systems.client.ask(path, method).by == reads
    for method in WRITES:
        assert systems.client.ask(path, method, b"x=1").by == writes

    # Copies travel apart from each other: two may overtake.
    copied = {(copies, method) for method in READS} if copies else set()
    arrived = systems.copies_of(path)
    assert (set(arrived), len(arrived)) == (copied, len(copied))


@pytest.mark.parametrize(
    ("path", "method", "by", "copies"),
    [
        ("/mixed/lagging", "GET", "monolith", ["service"]),
        ("/mixed/lagging", "PUT", "monolith", []),
        ("/mixed/search", "POST", "service", ["monolith"]),
        ("/mixed/log-out", "GET", "monolith", []),
        ("/mixed/other", "GET", "service", ["monolith"]),
        ("/ahead", "GET", "service", ["monolith"]),
        ("/ahead", "DELETE", "monolith", []),
    ],
)
def test_a_route_may_stand_elsewhere_than_its_domain_and_read_or_write_whatever_its_method_says(
    systems: Systems, path: str, method: str, by: str, copies: list[str]
) -> None:
    before = len(systems.copies_of(path))
    assert systems.client.ask(path, method, b"x=1").by == by

    assert systems.copies_of(path)[before:] == [(name, method) for name in copies]


def test_the_service_alone_sees_the_rewritten_path(systems: Systems) -> None:
    asked = "/rewritten/a%20b/c?q=1&q=2"
    rewritten = "/v2/a%20b/c?q=1&q=2"
    assert systems.client.ask(asked, X_User="ada").by == "service"
    assert systems.client.ask(asked).by == "monolith"  # without a key
    systems.replica.await_copies_done()

    assert len(systems.service.asked_for(rewritten)) == 1
    assert len(systems.service.asked_for(rewritten, copies=True)) == 1
    assert len(systems.monolith.asked_for(asked)) == 1
    assert len(systems.monolith.asked_for(asked, copies=True)) == 1
    assert systems.service.asked_for(asked) == systems.monolith.asked_for(rewritten) == []


def test_a_copy_says_for_whom_it_was_made_and_the_client_never_does(systems: Systems) -> None:
    systems.client.ask("/shadow", X_Strangler_Shadow="primary")
    systems.replica.await_copies_done()

    assert {asked.role for asked in systems.service.asked_for("/shadow", copies=True)} == {
        "candidate"
    }
    assert systems.monolith.asked_for("/shadow", copies=True) == []
