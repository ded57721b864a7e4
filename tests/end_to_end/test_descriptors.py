"""A worker that may open no further file: clients wait, nothing burns, all is well afterwards."""

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.site import Client, Replica, Site
from tests.end_to_end.test_start_and_end import Gate
from tests.end_to_end.upstreams import Handler, Upstream, answers_the_same
from tests.wire.proxy import eventually

LIMIT = 96  # descriptors of a worker, of which some twenty are its own
CLIENTS = 200
WATCHED = 1.0  # seconds
BUSY = 0.25
"""The share of a core: a loop that spins takes all that it gets, at least half of one here."""

ROUTES = """\
version: 1
upstreams:
  monolith:
    targets: [{monolith}]
    health: {{path: /healthz, interval: 50ms, unhealthy_after: 1}}
monolith: monolith
"""


@contextmanager
def limited(site: Site, monolith: Upstream, *args: str) -> Iterator[Replica]:
    """Serve with few descriptors, soft and hard."""
    site.write(ROUTES.format(monolith=monolith.url))
    replica = site.replica(*args)
    replica.program.command[:0] = ["sh", "-c", f'ulimit -n {LIMIT} && exec "$@"', "sh"]
    with replica:
        yield replica


def crowd(stack: ExitStack, replica: Replica, count: int) -> list[Client]:
    return [stack.enter_context(replica.client()) for _ in range(count)]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pauses(replica: Replica) -> float:
    return replica.metric("strangler_accepting_pauses_total")


def nothing_is_held_against(replica: Replica, upstream: str) -> None:
    metrics = replica.metrics()
    assert metrics.sum("strangler_targets", upstream=upstream, standing="available") == 1
    assert metrics.sum("strangler_ejections_total") == 0
    failures = metrics.sum("strangler_upstream_failures_total", upstream=upstream)
    ours = "there is no room here for another connection"
    assert metrics.sum("strangler_upstream_failures_total", cause=ours) == failures


def test_clients_beyond_the_descriptors_wait_and_are_served_in_the_end(
    site: Site, monolith: Upstream
) -> None:
    with limited(site, monolith) as replica:
        workers = replica.workers
        with ExitStack() as stack:
            clients = crowd(stack, replica, CLIENTS)
            for client in clients:
                client.send("/x")
            eventually(lambda: pauses(replica) > 0, "accepting pauses")
            begun, before = time.monotonic(), cpu_seconds(workers[0])
            time.sleep(WATCHED)
            burnt = cpu_seconds(workers[0]) - before
            assert burnt / (time.monotonic() - begun) < BUSY

            # Those inside are asked to leave when they have their answer: the others' turn comes.
            answers = Counter(client.receive().status for client in clients)
            assert answers.keys() <= {200, 503}
            assert answers[200] > 0
        eventually(lambda: replica.ask("/x").status == 200, "the crowd has gone")
        assert all(replica.ask("/x").status == 200 for _ in range(40))
        assert replica.workers == workers
        nothing_is_held_against(replica, "monolith")


def test_an_upstream_that_we_have_no_descriptor_for_is_not_to_blame(
    site: Site, monolith: Upstream
) -> None:
    gate = Gate()

    def holds_back(handler: Handler) -> None:
        (answers_the_same if handler.path == "/healthz" else gate)(handler)

    monolith.behaviour = holds_back
    with limited(site, monolith) as replica:
        with ExitStack() as stack:
            clients = crowd(stack, replica, (LIMIT - 32) * 3 // 4)
            replica.await_metric(len(clients), "strangler_open_connections")
            for client in clients:
                client.send("/x")
            why = "there is no room here for another connection"
            failures = "strangler_upstream_failures_total"
            eventually(lambda: replica.metric(failures, cause=why) > 0, "descriptors have run out")
            gate.open()
            answers = [client.receive() for client in clients]
        statuses = Counter(answer.status for answer in answers)
        assert statuses.keys() == {200, 503}
        refused = next(answer for answer in answers if answer.status == 503)
        assert refused.headers["Retry-After"] == "1"
        assert refused.json["detail"] == f"monolith: {why} while connecting"
        assert replica.ask("/x").status == 200
        nothing_is_held_against(replica, "monolith")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), r"\bdescriptors .*limit=96 max_connections=48\b"),
        (("--max-connections", "20"), r"\bdescriptors .*limit=96 max_connections=20\b"),
        (
            ("--max-connections", "5000"),
            r"\bmax_connections_lowered .*asked=5000 descriptors=96 to=64\b",
        ),
    ],
)
def test_how_many_clients_fit_is_said_when_a_worker_starts(
    site: Site, monolith: Upstream, args: tuple[str, ...], said: str
) -> None:
    with limited(site, monolith, *args) as replica:
        assert re.search(said, replica.program.output), replica.program.output
