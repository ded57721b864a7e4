"""The reference service keeps its promise: dry runs of real writes, through the proxy, do nothing.

The monolith and the service are the programs themselves. What was written is counted in both, by a
name that each write has of its own: a dry run that did something would be there a second time.
"""

import itertools
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.end_to_end.site import Replica, Site
from tests.extracted.datasets.sides import DATASETS, Side, sides
from tests.wire.proxy import eventually

ROUTES = """\
version: 1
redaction: secrets
upstreams:
  monolith: {{targets: [{monolith}]}}
  datasets: {{targets: [{service}], timeouts: {{connect: 1s, response: 1s}}}}
monolith: monolith
domains:
  datasets:
    service: datasets
    phase: shadow
    dry_run: {{promise: /dry-runs, every: 500ms}}
    shadow: {{writes: dry-run, ignore: ["header:x-runtime-info"], unordered: ["$..tags"]}}
    routes:
      - path: /api/v1/datasets
      - path: "/api/v1/datasets/{{id:int}}"
      - path: "/api/v1/datasets/{{id:int}}/versions"
"""

PAUSE = 0.02
"""Seconds between two writes of a client: this is no race."""

BETWEEN = 12
"""Writes that are acknowledged between two of them."""


@dataclass
class Systems:
    """Both programs, and the clients' way to them."""

    monolith: Side
    service: Side
    replica: Replica
    site: Site

    def all_names(self, side: Side) -> Counter[str]:
        """Count the names of all datasets, and the notes of the versions that were added to one."""
        pages = map(self.datasets_of(side), itertools.count(1))
        items = itertools.chain.from_iterable(itertools.takewhile(bool, pages))
        notes = side.get(f"{DATASETS}/1/versions")["versions"]
        names = itertools.chain(
            (item["name"] for item in items), (version["note"] for version in notes)
        )
        return Counter(name for name in names if name.startswith("key-"))

    @staticmethod
    def datasets_of(side: Side) -> Any:
        return lambda page: side.get(f"{DATASETS}?per_page=100&page={page}")["items"]

    def dry_runs(self, *, answered: bool) -> float:
        """Count those that were answered, or all others: nothing else is copied here."""
        name, metrics = "strangler_shadow_copies_total", self.replica.metrics()
        good = metrics.sum(name, outcome="answered")
        return good if answered else metrics.sum(name) - good

    def verdicts(self, verdict: str) -> float:
        """Count those on creations: a version's number tells of what has arrived meanwhile."""
        name = "strangler_shadow_verdicts_total"
        return self.replica.metric(name, route=DATASETS, verdict=verdict)

    def await_dry_runs(self) -> None:
        """Wait until some more were answered."""
        before = self.dry_runs(answered=True)
        eventually(lambda: self.dry_runs(answered=True) > before + 5, "dry runs go on")


@pytest.fixture
def systems(site: Site, tmp_path: Path) -> Iterator[Systems]:
    with socket.socket() as reserved:  # so that a service that is started anew has its port
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        port = str(reserved.getsockname()[1])
        with sides(tmp_path, "--port", port) as (monolith, service):
            urls = {"monolith": monolith.program.url, "service": service.program.url}
            site.write(ROUTES.format(**urls))
            with site.replica("--workers", "2") as replica:
                yield Systems(monolith, service, replica, site)


@dataclass
class Writers:
    """Clients that write without end, each thing once, and what they were told is done."""

    systems: Systems
    acknowledged: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    serials: Iterator[int] = field(default_factory=itertools.count)

    def write(self) -> None:
        token = f"Bearer {self.systems.monolith.token}"
        with self.systems.replica.client() as client:
            while not self.over.wait(PAUSE):
                key = f"key-{next(self.serials)}"
                at, body = self.choose(key)
                answer = client.ask(at, "POST", orjson.dumps(body), Authorization=token)
                assert answer.status == 201, answer.body
                self.acknowledged.append(key)

    @staticmethod
    def choose(key: str) -> tuple[str, dict[str, str]]:
        if key.endswith(("0", "5")):
            return f"{DATASETS}/1/versions", {"note": key}
        return DATASETS, {"name": key, "kind": "table"}

    def go_on(self) -> None:
        """Wait until some more writes are acknowledged."""
        target = len(self.acknowledged) + BETWEEN
        eventually(lambda: len(self.acknowledged) >= target, f"{target} writes")


@contextmanager
def writing(systems: Systems) -> Iterator[Writers]:
    writers = Writers(systems)
    threads = [threading.Thread(target=writers.write) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        writers.over.set()
        for thread in threads:
            thread.join()


def kill(systems: Systems, _: Writers) -> None:
    """End the service in the middle of whatever it does, and start it anew."""
    systems.service.program.kill()
    systems.service.program.start()


def stop_for_a_while(systems: Systems, writers: Writers) -> None:
    """Have the service answer nothing for longer than anybody waits for it."""
    process = systems.service.program.process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    try:
        failed = systems.dry_runs(answered=False)
        eventually(lambda: systems.dry_runs(answered=False) > failed + 5, "they take too long")
        writers.go_on()
    finally:
        process.send_signal(signal.SIGCONT)


@pytest.mark.timeout(180)
def test_each_write_is_done_once_and_no_dry_run_does_anything(systems: Systems) -> None:
    with writing(systems) as writers:
        for happening in (kill, stop_for_a_while, kill):
            systems.await_dry_runs()
            happening(systems, writers)
            writers.go_on()
        systems.await_dry_runs()
    systems.replica.await_copies_done()

    eventually(lambda: systems.service.get("/lag") == 0, "the service has followed")
    once = Counter(writers.acknowledged)
    assert systems.all_names(systems.monolith) == once
    assert systems.all_names(systems.service) == once
    assert systems.service.get("/dry-runs")["effects"] == 0
    assert systems.verdicts("ignored") > 0
    assert systems.verdicts("mismatch") == 0, "and what they were answered is right"
