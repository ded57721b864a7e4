"""A proxy that runs, and what can be read of its processes."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile

import psutil

DEADLINE = 30.0  # seconds until a proxy must listen, on a machine with other work


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Running:
    """A proxy that answers on `port`.

    `meanwhile` is done once while it is measured; `note` says at the end what else there is to say.
    """

    name: str
    port: int
    tree: psutil.Process
    meanwhile: Callable[[], object] = _nothing
    note: Callable[[], str] = str

    def cpu_seconds(self) -> float:
        """Add up the time that its processes have spent on a core, in the kernel and out of it."""
        times = [one.cpu_times() for one in self._processes()]
        return sum(one.user + one.system for one in times)

    def rss(self) -> int:
        """Add up the octets that its processes hold in memory."""
        return sum(one.memory_info().rss for one in self._processes())

    def _processes(self) -> list[psutil.Process]:
        return [self.tree, *self.tree.children(recursive=True)]


@contextmanager
def started(name: str, command: list[str], port: int, **environment: str) -> Iterator[Running]:
    """Start a proxy that listens on `port`, and end it afterwards."""
    with (
        TemporaryFile() as said,
        subprocess.Popen(
            command, stdout=said, stderr=said, env={**os.environ, **environment}
        ) as process,
    ):
        try:
            if not _listens(port, process):
                said.seek(0)
                text = said.read().decode(errors="replace")
                raise RuntimeError(f"{name} does not listen on {port}:\n{text}")
            yield Running(name, port, psutil.Process(process.pid))
        finally:
            process.terminate()


def free_port() -> int:
    """Find a port that nothing listens on, for programs that cannot choose one themselves."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int, process: "subprocess.Popen[bytes]") -> bool:
    end = time.monotonic() + DEADLINE
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return True
    return False
