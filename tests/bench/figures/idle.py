"""What ten thousand clients cost that have asked once and now say nothing."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

from tests.bench.asking import GET, connect
from tests.bench.bounds import Bound, Outcome
from tests.bench.figures.stage import Stage, open_as_many_files_as_allowed
from tests.bench.peers.everyone import STRANGLER
from tests.processes import Program
from tests.wire.ends import End

CLIENTS = 10_000
SPARE_FILES = 500  # what a proxy and we ourselves hold open besides
EACH = Bound("RSS per idle client connection, each has asked once", 16, unit="KiB")
ALL = Bound("RSS of 10,000 idle clients", 160, unit="MiB")
ANSWER = Bound("a new request beside 10,000 idle clients", 0.1, unit="s")


def measure(stage: Stage) -> Iterator[Outcome]:
    """Connect them, let each ask once, and ask anew."""
    clients = min(CLIENTS, open_as_many_files_as_allowed() - SPARE_FILES)
    note = "" if clients == CLIENTS else f"only {clients} clients: see ulimit -n"
    grown, took = {}, {}
    with Program("tests.bench.origin") as origin:
        for name in (STRANGLER, *stage.anchors("nginx", "envoy")):
            grown[name], took[name] = _one(stage, name, origin.port, clients)
    each = {name: octets / clients / 1024 for name, octets in grown.items()}
    yield Outcome.of(EACH, each, note)
    yield Outcome.of(ALL, {name: kib * CLIENTS / 1024 for name, kib in each.items()})
    yield Outcome.of(ANSWER, took)


def _one(stage: Stage, name: str, origin: int, clients: int) -> tuple[int, float]:
    with stage.proxy(name, origin) as proxy, ExitStack() as stack:
        _ask(stack.enter_context(connect(proxy.port)))  # so that no first time is counted
        before = proxy.rss()
        for _ in range(clients):
            _ask(stack.enter_context(connect(proxy.port)))
        grown = proxy.rss() - before
        begun = time.perf_counter()
        _ask(stack.enter_context(connect(proxy.port)))
        return grown, time.perf_counter() - begun


def _ask(client: End) -> None:
    client.send(GET)
    assert client.response().status == 200
