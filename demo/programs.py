"""Starts the project's own programs for the story, and never leaves one behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx2

START = 30.0
"""Seconds that a program has to become ready on a busy machine."""


class StoryError(Exception):
    """The story cannot go on; the message says why, in words for people."""


class Running:
    """One program of the story, with its output in a file."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]
    ) -> None:
        """Start it. Its process group is its own: Ctrl-C is for the story to handle."""
        self.name = name
        self._log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **environment},
                start_new_session=True,
            )

    def __repr__(self) -> str:
        """Show whether it runs."""
        return f"<Running {self.name} pid={self.process.pid} exit={self.process.poll()}>"

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait until it is ready. Raises `StoryError` with the end of its output where it fails."""
        deadline = time.monotonic() + START
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                tail = self._log.read_text(errors="replace").splitlines()[-12:]
                raise StoryError("\n".join([f"{self.name} did not start:", *tail]))
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 20.0) -> int:
        """Ask it to end, wait, and give its exit code; it is killed if it does not."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.returncode


def module(name: str, *arguments: str) -> list[str]:
    """Give the command line of one of the project's modules."""
    return [sys.executable, "-m", name, *arguments]


def answers(url: str) -> bool:
    """Tell whether `url` answers 200."""
    try:
        return httpx2.get(url, timeout=2.0).status_code == 200
    except httpx2.HTTPError:
        return False


def free_port(preferred: int) -> int:
    """Give `preferred` if nobody listens there, else any free port."""
    for port in (preferred, 0):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(sock.getsockname()[1])
    raise StoryError("this machine has no free port")
