"""A canary's readers: each stays on its side, and none notices that the service fails."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.site import Replica, Site
from tests.end_to_end.upstreams import (
    Behaviour,
    Upstream,
    answers_the_same,
    dies_in_the_middle,
    garbles,
    hangs,
    resets,
)
from tests.wire.proxy import eventually

STICKY = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  service: {{targets: [{service}]}}
monolith: monolith
domains:
  users:
    service: service
    phase: canary
    canary: {{weight: 25%, key: "cookie:session"}}
    shadow: {{sample: 0%}}
    routes: [{{path: /users/**}}]
  orders:
    service: service
    phase: canary
    canary: {{weight: 25%, key: "cookie:session"}}
    shadow: {{sample: 0%}}
    routes: [{{path: /orders/**}}]
"""

SESSIONS = [f"s-{number}" for number in range(120)]


def inside(replica: Replica, path: str) -> set[str]:
    """Give the sessions that the service answers, each asked on a connection of its own."""
    return {
        session
        for session in SESSIONS
        if replica.ask(path, Cookie=f"theme=dark; session={session}").by == "service"
    }


def test_a_key_stays_on_its_side_over_connections_workers_restarts_and_a_higher_weight(
    site: Site, monolith: Upstream, service: Upstream
) -> None:
    site.write(STICKY.format(monolith=monolith.url, service=service.url))
    with site.replica("--workers", "2") as replica:
        users, orders = inside(replica, "/users/x"), inside(replica, "/orders/x")
        # A quarter, give or take four standard deviations.
        assert 11 < len(users) < 49
        assert 11 < len(orders) < 49
        assert inside(replica, "/users/y") == users
        assert users != orders, "two domains must not pick the same victims"

    with site.replica(routes=False) as replica:
        assert inside(replica, "/users/x") == users

        assert (
            site.run("promote", "users", "--weight", "60%", "-m", "all is well", "--force").code
            == 0
        )
        replica.await_revision(2)
        more = inside(replica, "/users/x")
        assert users < more
        assert 50 < len(more) < 94
        assert inside(replica, "/orders/x") == orders


FAILING = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  service: {{targets: [{service}], timeouts: {{response: 300ms, idle: 300ms}}}}
monolith: monolith
domains:
  safe:
    service: service
    phase: canary
    canary: {{weight: 100%}}
    shadow: {{sample: 0%}}
    routes:
      - path: /safe
      - {{path: /safe/search, methods: [POST], effect: read}}
  bare:
    service: service
    phase: canary
    canary: {{weight: 100%}}
    fallback: false
    shadow: {{sample: 0%}}
    routes: [{{path: /bare}}]
  extracted:
    service: service
    phase: extracted
    routes: [{{path: /extracted}}, {{path: /net, fallback: true}}]
  retired:
    service: service
    phase: retired
    routes: [{{path: /retired}}]
"""


class Failing:
    """A replica before a service that misbehaves."""

    def __init__(self, replica: Replica, monolith: Upstream, service: Upstream) -> None:
        self.replica = replica
        self.monolith = monolith
        self.service = service

    def __repr__(self) -> str:
        return f"<Failing {self.replica!r}>"

    def misbehave(self, behaviour: Behaviour) -> None:
        self.monolith.asked.clear()
        self.service.asked.clear()
        self.service.behaviour = behaviour


@pytest.fixture(scope="module")
def before_a_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Failing]:
    site = Site(tmp_path_factory.mktemp("failing"))
    with Upstream("monolith") as monolith, Upstream("service") as service:
        site.write(FAILING.format(monolith=monolith.url, service=service.url))
        with site.replica() as replica:
            yield Failing(replica, monolith, service)


@pytest.fixture(params=[resets, hangs, dies_in_the_middle, garbles])
def failing(request: pytest.FixtureRequest, before_a_service: Failing) -> Failing:
    before_a_service.misbehave(request.param)
    return before_a_service


def test_the_monolith_answers_reads_that_the_service_fails(failing: Failing) -> None:
    for path, method, body in (
        ("/safe", "GET", None),
        ("/safe/search?q=1", "POST", b"what?"),
        ("/net", "GET", None),
    ):
        with failing.replica.client() as client:
            answer = client.ask(path, method, body)

        assert (answer.status, answer.by, answer.body) == (200, "monolith", b"same")
        assert [asked.body for asked in failing.monolith.asked_for(path)] == [body or b""]


def test_without_a_fallback_a_read_that_the_service_fails_is_an_error(failing: Failing) -> None:
    for path in ("/bare", "/extracted", "/retired"):
        with failing.replica.client() as client:
            if failing.service.behaviour is dies_in_the_middle:
                # What has begun for the client is broken off and never repaired.
                with pytest.raises(ConnectionResetError):
                    client.ask(path)
            else:
                answer = client.ask(path)
                assert answer.status == (504 if failing.service.behaviour is hangs else 502)
                assert answer.json["upstream"] == "service"
    assert failing.monolith.asked == []


def test_a_write_is_sent_once_whatever_becomes_of_it(failing: Failing) -> None:
    """Also where the monolith would answer a read: what may have happened must not happen twice."""
    for path in ("/extracted", "/net", "/retired"):
        with failing.replica.client() as client:
            if failing.service.behaviour is dies_in_the_middle:
                with pytest.raises(ConnectionResetError):
                    client.ask(path, "POST", b"order")
            else:
                assert client.ask(path, "POST", b"order").status in {502, 504}
        assert len(failing.service.asked_for(path)) == 1
    assert failing.monolith.asked == []


def test_the_writes_of_a_canary_go_on_while_its_service_is_gone(failing: Failing) -> None:
    with failing.replica.client() as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert client.ask("/safe", method, b"order").by == "monolith"
    assert failing.service.asked == []


def test_readers_notice_neither_the_death_of_a_service_nor_its_return(
    before_a_service: Failing,
) -> None:
    before_a_service.misbehave(answers_the_same)
    with before_a_service.replica.client() as client:
        assert client.ask("/safe").by == "service"
        before_a_service.service.stop()
        for _ in range(20):
            assert client.ask("/safe").by == "monolith"
        before_a_service.service.start()
        # After a refused connection a target is passed over for a second.
        answers = []

        def returned() -> bool:
            answers.append(client.ask("/safe"))
            return answers[-1].by == "service"

        eventually(returned, "the service is asked again")
        assert {answer.status for answer in answers} == {200}
