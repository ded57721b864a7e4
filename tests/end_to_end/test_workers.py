"""Workers: they share a port, die and are replaced, and what they count adds up."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.end_to_end.site import Client, Metrics, Replica, Site, is_running
from tests.end_to_end.upstreams import Upstream, resets
from tests.wire.proxy import eventually

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  service: {{targets: [{service}]}}
  broken: {{targets: [{broken}]}}
monolith: monolith
domains:
  books: {{service: service, phase: shadow, routes: [{{path: /books}}]}}
  films:
    service: broken
    phase: canary
    canary: {{weight: 100%}}
    shadow: {{sample: 0%}}
    routes: [{{path: /films}}]
"""
EXCHANGES = "strangler_exchanges_total"


@pytest.fixture
def replica(site: Site, monolith: Upstream, service: Upstream) -> Iterator[Replica]:
    with Upstream("broken", resets) as broken:
        urls = {"monolith": monolith.url, "service": service.url, "broken": broken.url}
        site.write(ROUTES.format(**urls))
        with site.replica("--workers", "2") as replica:
            yield replica


def go_on(clients: list[Client]) -> list[Client]:
    """Ask once on each connection; give those on which there was an answer."""
    answered = []
    for client in clients:
        try:
            assert client.ask("/books").by == "monolith"
        except ConnectionError:
            continue
        answered.append(client)
    return answered


def test_a_worker_that_dies_takes_its_own_connections_along_and_is_replaced(
    replica: Replica,
) -> None:
    first, second = replica.workers
    with ExitStack() as stack:
        # The kernel tosses a coin for each: that all twenty fall on one side happens to nobody.
        clients = [stack.enter_context(replica.client()) for _ in range(20)]
        assert go_on(clients) == clients
        assert replica.metric(EXCHANGES) == 20  # what is not asked for dies with the worker

        os.kill(first, signal.SIGKILL)
        eventually(lambda: not is_running(first), "it is dead")
        survivors = go_on(clients)
        assert 0 < len(survivors) < 20
        replica.await_metric(2, "strangler_workers_ready")
        assert go_on(survivors) == survivors
        assert all(replica.ask("/books").by == "monolith" for _ in range(10))

    assert second in replica.workers
    assert first not in replica.workers
    metrics = replica.metrics()
    assert metrics.sum("strangler_worker_restarts_total") == 1
    assert metrics.sum(EXCHANGES) == 20 + 2 * len(survivors) + 10
    assert metrics.sum("strangler_client_connections_total") >= 20


def test_every_metric_is_typed_and_explained_and_stands_there_once(replica: Replica) -> None:
    families = replica.metrics().families

    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert family.type in {"counter", "gauge", "histogram"}, family.name
        assert family.documentation, family.name
        assert family.name.startswith("strangler_")


def test_what_the_workers_count_is_what_clients_and_upstreams_have_seen(
    replica: Replica, monolith: Upstream, service: Upstream
) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(replica.client()) for _ in range(10)]
        for client in clients:
            client.ask("/books")
            client.ask("/books", "POST", b"x=1")
            client.ask("/films")
            client.ask("/elsewhere")
        replica.await_copies_done()
        metrics = replica.metrics()

        assert metrics.sum("strangler_open_connections") == 10
    assert metrics.sum("strangler_client_connections_total") == 10
    assert by_route(metrics) == {"/books": 20, "/films": 10, "(unclaimed)": 10}
    assert len([asked for asked in monolith.asked if asked.role is None]) == 40
    assert metrics.sum(EXCHANGES, system="monolith", status="200") == 40
    assert metrics.sum("strangler_recoveries_total", recovery="fallback") == 10
    assert metrics.sum("strangler_upstream_failures_total", upstream="broken") == 10
    assert metrics.sum("strangler_shadow_copies_total", outcome="answered") == 10
    assert metrics.sum("strangler_shadow_verdicts_total", verdict="match") == 10
    assert len(service.asked) == 10


def by_route(metrics: Metrics) -> dict[str, float]:
    """Count the exchanges of each route, and see that the histogram tells the same."""
    (latency,) = [one for one in metrics.families if one.name == "strangler_exchange_seconds"]
    counts: dict[str, float] = {}
    for sample in latency.samples:
        if sample.labels.get("le") == "+Inf":
            route = sample.labels["route"]
            counts[route] = sample.value
            assert metrics.sum(EXCHANGES, route=route) == sample.value
            assert metrics.sum("strangler_exchange_seconds_count", route=route) == sample.value
    return counts
