"""Start one of the project's programs as a real process, wait until it is ready, stop it.

    with Program("legacy_monolith", "--port", "0", "--db", str(path)) as monolith:
        httpx2.get(f"{monolith.url}/healthz")

What the program prints (stdout and stderr together) is read all the time, so that it never blocks
on a full pipe, and is kept for the message of a failure.
"""

import os
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parent.parent
READY = r"listening on (?P<url>http://[^\s/]+:(?P<port>\d+))"
"""The ready line of the reference systems: `NAME listening on http://HOST:PORT`."""
KEPT_LINES = 400  # enough for a few tracebacks


class ProgramError(AssertionError):
    """The program ended too early, or was not ready (or not gone) in time; says what it printed."""


class Program:
    """One run of `python -m MODULE ARGS…`; after it has ended, `start` runs it once more.

    `ready` is a regex looked for in each line that is printed; its groups `port` and `url`, where
    it has them, become attributes. `environment` is added to ours. `deadline` (seconds) is for
    becoming ready.
    """

    def __init__(
        self,
        module: str,
        *args: str,
        ready: str = READY,
        environment: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        deadline: float = 60.0,
    ) -> None:
        self.command = [sys.executable, "-m", module, *args]
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self.port = 0
        self._ready = re.compile(ready)
        self._environment = dict(environment or {})
        self._cwd = cwd
        self._deadline = deadline
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._news = threading.Condition()
        self._match: re.Match[str] | None = None
        self._ended = False
        self._reader: threading.Thread | None = None

    def __repr__(self) -> str:
        pid = self.process.pid if self.process else None
        state = "running" if self.running else "not running"
        return f"<Program {' '.join(self.command[2:])}: {state}, pid {pid}, {self.url or 'no url'}>"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether there is a process and it has not ended."""
        return self.process is not None and self.process.poll() is None

    @property
    def output(self) -> str:
        """What the program has printed so far (its last lines, over all starts)."""
        with self._news:
            return "\n".join(self._lines)

    def start(self) -> None:
        """Start the process and return once it is ready; `ProgramError` if it is not in time."""
        assert not self.running, f"{self!r} is running already"
        self._match, self._ended = None, False
        self.process = subprocess.Popen(
            self.command,
            cwd=self._cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self._environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()
        try:
            self._await_ready()
        except BaseException:
            self.kill()
            raise

    def stop(self, patience: float = 15.0) -> int | None:
        """Ask the process to end (SIGTERM), wait, and give its exit code; None if none was started.

        One that does not end within `patience` seconds is killed, and that is a `ProgramError`.
        """
        if self.process is None:
            return None
        self.process.terminate()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            raise self._failure(f"did not end within {patience:g} s of SIGTERM") from None
        return self._reap()

    def kill(self) -> int | None:
        """End the process at once (SIGKILL) and give its exit code; None if none was started."""
        if self.process is None:
            return None
        self.process.kill()
        return self._reap()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                with self._news:
                    self._lines.append(line.rstrip("\n"))
                    self._match = self._match or self._ready.search(line)
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _await_ready(self) -> None:
        with self._news:
            self._news.wait_for(lambda: self._match or self._ended, self._deadline)
            match, ended = self._match, self._ended
        if match is None:
            raise self._failure(
                "ended before it was ready" if ended else f"not ready in {self._deadline:g} s"
            )
        found = match.groupdict()
        self.url = found.get("url") or self.url
        self.port = int(found.get("port") or self.port)

    def _reap(self) -> int:
        assert self.process is not None
        code = self.process.wait()
        if self._reader is not None:
            # A grandchild may hold the pipe open after its parent has gone: do not wait for ever.
            self._reader.join(5.0)
        return code

    def _failure(self, what: str) -> ProgramError:
        code = self.process.poll() if self.process else None
        return ProgramError(f"{self!r} {what} (exit code {code}). It printed:\n{self.output}")
