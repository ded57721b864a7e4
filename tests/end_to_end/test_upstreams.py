"""Upstreams that fail, fall ill, recover, and stand in for one another."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.site import Answer, Replica, Site
from tests.end_to_end.upstreams import (
    Behaviour,
    Handler,
    Upstream,
    answers_the_same,
    garbles,
    hangs,
    resets,
)
from tests.wire.ends import closed_port
from tests.wire.proxy import eventually

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}], timeouts: {{response: 300ms}}}}
  closed: {{targets: ["http://127.0.0.1:{closed}"]}}
  lost: {{targets: ["http://lost.invalid:8000"]}}
  checked:
    targets: [{service}]
    health: {{path: /healthz, interval: 100ms}}
  twins:
    targets: [{service}, {other}]
    timeouts: {{response: 300ms}}
monolith: monolith
domains:
  closed: {{service: closed, phase: extracted, routes: [{{path: /closed}}]}}
  lost: {{service: lost, phase: extracted, routes: [{{path: /lost}}]}}
  checked: {{service: checked, phase: extracted, routes: [{{path: /checked}}]}}
  twins: {{service: twins, phase: extracted, routes: [{{path: /twins}}]}}
"""


class Machines:
    """A replica before a monolith and two machines that run the services."""

    def __init__(
        self, replica: Replica, monolith: Upstream, service: Upstream, other: Upstream
    ) -> None:
        self.replica = replica
        self.monolith = monolith
        self.service = service
        self.other = other

    def __repr__(self) -> str:
        return f"<Machines {self.replica!r}>"

    def failure(self, upstream: str, stage: str) -> float:
        return self.replica.metric(
            "strangler_upstream_failures_total", upstream=upstream, stage=stage
        )


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    site = Site(tmp_path_factory.mktemp("machines"))
    with (
        Upstream("monolith") as monolith,
        Upstream("service") as service,
        Upstream("other") as other,
        closed_port() as closed,
    ):
        urls = {"monolith": monolith.url, "service": service.url, "other": other.url}
        site.write(ROUTES.format(closed=closed.getsockname()[1], **urls))
        with site.replica() as replica:
            yield Machines(replica, monolith, service, other)


def must_tell(answer: Answer, status: int, upstream: str, stage: str) -> None:
    """Hold a problem document to what a client may learn: whom and how far, never where."""
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.by is None
    problem = answer.json
    assert (problem["status"], problem["upstream"], problem["stage"]) == (status, upstream, stage)
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    shown = f"{answer.headers} {answer.body.decode()}"
    assert not any(place in shown for place in ("127.0.0.1", "localhost", "invalid:", "errno"))


@pytest.mark.parametrize(
    ("path", "behaviour", "status", "upstream", "stage"),
    [
        ("/closed", answers_the_same, 502, "closed", "connecting"),
        ("/lost", answers_the_same, 502, "lost", "connecting"),
        ("/any", resets, 502, "monolith", "waiting for the response"),
        ("/any", garbles, 502, "monolith", "reading the response"),
        ("/any", hangs, 504, "monolith", "waiting for the response"),
    ],
)
def test_an_error_names_the_upstream_and_the_stage_and_never_an_address(
    machines: Machines, path: str, behaviour: Behaviour, status: int, upstream: str, stage: str
) -> None:
    machines.monolith.behaviour = behaviour
    before = machines.failure(upstream, stage)
    with machines.replica.client() as client:
        must_tell(client.ask(path), status, upstream, stage)
        # An error of an upstream costs no client its connection.
        machines.monolith.behaviour = answers_the_same
        assert client.ask("/any").status == 200

    assert machines.failure(upstream, stage) > before


def test_a_service_that_falls_ill_is_left_in_peace_until_it_is_well(machines: Machines) -> None:
    healthy = {"upstream": "checked"}
    machines.replica.await_metric(1, "strangler_healthy_targets", **healthy)
    with machines.replica.client() as client:
        assert client.ask("/checked").by == "service"

        machines.service.behaviour = is_ill
        machines.replica.await_metric(0, "strangler_healthy_targets", **healthy)
        machines.service.asked.clear()
        answer = client.ask("/checked")
        must_tell(answer, 503, "checked", "choosing a target")
        assert answer.headers["Retry-After"]
        assert machines.service.asked_for("/checked") == []

        machines.service.behaviour = answers_the_same
        machines.replica.await_metric(1, "strangler_healthy_targets", **healthy)
        assert client.ask("/checked").by == "service"


def is_ill(handler: Handler) -> None:
    handler.answer(b"no database", status=500)


def test_a_machine_that_dies_fails_no_read_and_is_used_again_when_it_is_back(
    machines: Machines,
) -> None:
    seen = set()
    with machines.replica.client() as client:

        def both_answer() -> bool:
            seen.add(client.ask("/twins").by)
            return seen == {"service", "other"}

        eventually(both_answer, "both machines are used")
        machines.other.stop()
        assert {client.ask("/twins").by for _ in range(30)} == {"service"}
        machines.other.start()
        seen.clear()
        eventually(both_answer, "both machines are used again")


@pytest.mark.parametrize("behaviour", [resets, garbles])
def test_a_read_that_one_machine_fails_is_asked_of_the_other(
    machines: Machines, behaviour: Behaviour
) -> None:
    machines.other.behaviour = behaviour
    machines.other.asked.clear()
    try:
        with machines.replica.client() as client:

            def failed_there() -> bool:
                assert client.ask("/twins").by == "service"
                return bool(machines.other.asked_for("/twins"))

            eventually(failed_there, "the failing machine was asked")
    finally:
        machines.other.behaviour = answers_the_same
