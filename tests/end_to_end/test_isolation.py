"""Whatever a candidate or the comparison does, the client's answer is what it was and when it was.

Times are held against those of a route without a shadow, asked in turn with the other, so that a
busy machine is as busy for both.
"""

import os
import re
import signal
import statistics
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.end_to_end.site import Client, Replica, Site, children, is_running
from tests.end_to_end.upstreams import (
    Behaviour,
    Handler,
    Upstream,
    answers_the_same,
    bombs,
    dawdles,
    dies_in_the_middle,
    drips,
    floods,
    garbles,
    hangs,
    promises_a_gigabyte,
    resets,
)
from tests.wire.ends import DEADLINE
from tests.wire.proxy import eventually

DOMAINS = 24

UPSTREAMS = """\
version: 1
monolith: monolith
upstreams:
  monolith: {{targets: [{monolith}]}}
"""
UPSTREAM = "  d{n}: {{targets: [{service}], timeouts: {{response: 2s}}}}\n"
DOMAIN = "  d{n}: {{service: d{n}, phase: shadow, routes: [{{path: /d{n}}}]}}\n"

ROUNDS = 60

MOST_MEMORY = 192 * 2**20
"""Octets: what copies may hold (64 MiB), twice, and the process that compares what is large."""

SECRET = b"tok-5e1f"
LARGE = b'{"token": "%b", "items": [' % SECRET + b", ".join([b'{"id": 1}'] * 20_000) + b"]}"
"""Too much to be compared in the loop."""


class Shadowed:
    """A domain of its own for each test (its own breaker, its own counts) and a plain path."""

    def __init__(self, replica: Replica, monolith: Upstream, service: Upstream, path: str) -> None:
        self.replica = replica
        self.monolith = monolith
        self.service = service
        self.path = path

    def __repr__(self) -> str:
        return f"<Shadowed {self.path} {self.replica!r}>"

    def copies(self, outcome: str) -> float:
        """Count the copies whose outcome begins so."""
        return sum(
            sample.value
            for family in self.replica.metrics().families
            for sample in family.samples
            if sample.name == "strangler_shadow_copies_total"
            and sample.labels["route"] == self.path
            and sample.labels["outcome"].startswith(outcome)
        )

    def verdicts(self, verdict: str) -> float:
        return self.replica.metric(
            "strangler_shadow_verdicts_total", route=self.path, verdict=verdict
        )


@pytest.fixture(scope="module")
def _domains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[Shadowed]]:
    site = Site(tmp_path_factory.mktemp("isolation"))
    with Upstream("monolith") as monolith, Upstream("service") as service:
        site.write(
            UPSTREAMS.format(monolith=monolith.url)
            + "".join(UPSTREAM.format(n=n, service=service.url) for n in range(DOMAINS))
            + "domains:\n"
            + "".join(DOMAIN.format(n=n) for n in range(DOMAINS))
        )
        with site.replica() as replica:
            yield (Shadowed(replica, monolith, service, f"/d{n}") for n in count())


@pytest.fixture
def shadowed(_domains: Iterator[Shadowed]) -> Iterator[Shadowed]:
    domain = next(_domains)
    domain.monolith.behaviour = domain.service.behaviour = answers_the_same
    yield domain
    domain.replica.await_copies_done()


def seconds_for(client: Client, path: str) -> float:
    begun = time.perf_counter()
    answer = client.ask(path)
    seconds = time.perf_counter() - begun
    assert (answer.status, answer.by, answer.body) == (200, "monolith", b"same")
    return seconds


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (hangs, "failed: it took too long"),
        (dawdles, "answered"),
        (drips, "failed: it took too long"),
        (floods, "dropped: too large"),
        (promises_a_gigabyte, "dropped: too large"),
        (bombs, "answered"),
        (garbles, "failed: the response is not valid HTTP"),
        (dies_in_the_middle, "failed: the connection was closed"),
        (resets, "failed: the connection was closed"),
    ],
)
def test_a_candidate_neither_delays_nor_alters_an_answer(
    shadowed: Shadowed, behaviour: Behaviour, outcome: str
) -> None:
    shadowed.service.behaviour = behaviour
    plain, with_copy = [], []
    with shadowed.replica.client() as client:
        for _ in range(ROUNDS):
            plain.append(seconds_for(client, "/plain"))
            with_copy.append(seconds_for(client, shadowed.path))

    # Whoever waited for a slow candidate would wait a hundred times as long.
    assert statistics.median(with_copy) < 5 * statistics.median(plain)
    eventually(lambda: shadowed.copies("") == ROUNDS, "each copy is accounted for")
    assert shadowed.copies(outcome) > 0
    assert shadowed.verdicts("mismatch") == 0


def test_clients_are_answered_while_the_candidate_has_answered_nobody(shadowed: Shadowed) -> None:
    answered, may_answer = count(), threading.Event()

    def holds(handler: Handler) -> None:
        may_answer.wait(DEADLINE)
        next(answered)
        answers_the_same(handler)

    shadowed.service.behaviour = holds
    with shadowed.replica.client() as client:
        for _ in range(2 * ROUNDS):  # more than there may be copies under way
            seconds_for(client, shadowed.path)
        waiting = shadowed.service.asked_for(shadowed.path, copies=True)
        assert waiting
        assert next(answered) == 0
    may_answer.set()
    eventually(lambda: shadowed.copies("") == 2 * ROUNDS, "each copy is accounted for")
    assert shadowed.copies("dropped") > 0


def test_a_candidate_that_dies_again_and_again_costs_clients_nothing(shadowed: Shadowed) -> None:
    with shadowed.replica.client() as client:
        for _ in range(ROUNDS // 10):
            shadowed.service.stop()
            for _ in range(5):
                seconds_for(client, shadowed.path)
            shadowed.service.start()
            for _ in range(5):
                seconds_for(client, shadowed.path)
    eventually(lambda: shadowed.copies("") == ROUNDS, "each copy is accounted for")
    assert shadowed.copies("failed") + shadowed.copies("dropped") > 0
    assert shadowed.verdicts("mismatch") == 0


@pytest.mark.parametrize("behaviour", [hangs, drips, floods, promises_a_gigabyte, bombs])
def test_memory_stays_bounded_whatever_a_candidate_sends(
    shadowed: Shadowed, behaviour: Behaviour
) -> None:
    shadowed.service.behaviour = behaviour
    with shadowed.replica.client() as client:
        seconds_for(client, shadowed.path)
        before = memory_of(shadowed.replica)
        for _ in range(ROUNDS):
            seconds_for(client, shadowed.path)
        shadowed.service.behaviour = answers_the_same
        eventually(lambda: shadowed.copies("") == ROUNDS + 1, "each copy is accounted for")
    # Sixty answers of a candidate without measure are gigabytes.
    assert memory_of(shadowed.replica) - before < MOST_MEMORY


def memory_of(replica: Replica) -> int:
    """Give the octets that the workers and the processes that compare for them hold (RSS)."""
    pids = {pid for worker in replica.workers for pid in (worker, *children(worker))}
    found = (re.search(r"VmRSS:\s+(\d+) kB", _status(pid)) for pid in pids)
    return sum(int(each[1]) * 1024 for each in found if each is not None)


def _status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def answers_large(handler: Handler) -> None:
    handler.answer(LARGE, "application/json")


def test_a_comparing_process_that_dies_costs_one_comparison_and_nothing_else(
    shadowed: Shadowed,
) -> None:
    faults = "strangler_comparator_faults_total"
    shadowed.monolith.behaviour = answers_large
    shadowed.service.behaviour = answers_reformatted
    (worker,) = shadowed.replica.workers
    with shadowed.replica.client() as client:
        client.ask(shadowed.path)
        eventually(lambda: shadowed.verdicts("match") == 1, "the first pair is compared")

        (comparing,) = comparing_processes(worker)
        os.kill(comparing, signal.SIGKILL)
        eventually(lambda: not is_running(comparing), "it is gone")
        client.ask(shadowed.path)
        shadowed.replica.await_metric(1, faults)
        client.ask(shadowed.path)
        eventually(lambda: shadowed.verdicts("match") == 2, "the next pair is compared")

    assert shadowed.replica.metric(faults) == 1
    assert shadowed.verdicts("mismatch") == shadowed.verdicts("inconclusive") == 0
    assert shadowed.replica.workers == [worker]
    log = shadowed.replica.program.output
    assert "comparator_fault" in log
    assert SECRET.decode() not in log


def answers_reformatted(handler: Handler) -> None:
    handler.answer(LARGE.replace(b", ", b","), "application/json")


def comparing_processes(worker: int) -> list[int]:
    """Give the children of a worker that compare; `multiprocessing` keeps a tracker beside them."""
    return [
        pid
        for pid in children(worker)
        if b"spawn_main" in _command(pid) and b"resource_tracker" not in _command(pid)
    ]


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
