"""A real `strangler serve` with its own routes.yaml and store, and what can be asked of it."""

import re
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

from tests.processes import Program
from tests.store.made import make_store
from tests.wire.ends import DEADLINE, End

READY = r"\bserving\b.*admin=(?P<admin>\S+) .*listen=\S+:(?P<port>\d+)"


class Proxy:
    """One run of the proxy in `directory`."""

    def __init__(self, directory: Path, routes: str, *args: str) -> None:
        self.routes = directory / "routes.yaml"
        self.routes.write_text(routes)
        self.store = directory / "store" / "strangler.db"
        make_store(self.store)
        self.program = Program(
            "strangler",
            "serve",
            "--routes",
            "routes.yaml",
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--store",
            f"sqlite:///{self.store}",
            *args,
            ready=READY,
            cwd=directory,
        )

    def __repr__(self) -> str:
        return f"<Proxy {self.program!r}>"

    def __enter__(self) -> Self:
        self.program.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.program.stop()
        if kind is None:  # whatever peers did: a traceback is a fault of ours
            assert "Traceback" not in self.program.output, self.program.output

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.program.port

    @property
    def admin(self) -> str:
        found = re.search(READY, self.program.output)
        assert found is not None
        return f"http://{found['admin']}"

    def client(self) -> End:
        """Open a client connection."""
        return End(socket.create_connection(self.address, DEADLINE))

    def get(self, path: str) -> bytes:
        """Ask the admin port."""
        with urllib.request.urlopen(self.admin + path, timeout=DEADLINE) as answer:
            body: bytes = answer.read()
            return body

    def metric(self, name: str, **labels: str) -> float:
        """Add up the samples of a metric that have these labels."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.get("/metrics").decode())
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    @property
    def workers(self) -> list[int]:
        """The worker processes: the supervisor's children."""
        assert self.program.process is not None
        pid = self.program.process.pid
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]

    def descriptors(self) -> int:
        """Count the files and sockets that the workers hold open."""
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self.workers)

    def memory(self) -> int:
        """Octets that the workers hold in memory (RSS)."""
        total = 0
        for pid in self.workers:
            status = Path(f"/proc/{pid}/status").read_text()
            found = re.search(r"VmRSS:\s+(\d+) kB", status)
            assert found is not None
            total += int(found[1]) * 1024
        return total


PATIENCE = 3 * DEADLINE
"""Seconds until a condition must hold: some hold only when a process has started."""


def eventually(condition: Callable[[], object], what: str, deadline: float = PATIENCE) -> None:
    """Wait until a condition holds that nothing but asking can tell."""
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, f"not within {deadline:g} s: {what}"
        time.sleep(0.02)
