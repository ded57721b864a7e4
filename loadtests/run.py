"""One run as a library: users work until told to stop, then everything is looked for again."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from locust import User
from locust.env import Environment

from loadtests import report
from loadtests.final_look import losses_at
from loadtests.witness import witness_of

STOP_WITHIN = 15.0  # seconds that users get to finish what they are at: longer than any look
PROGRESS_EVERY = 1.0  # seconds


class Run:
    """Traffic of some users against one host; no web interface, nothing sent elsewhere."""

    def __init__(
        self,
        host: str,
        classes: Sequence[type[User]],
        users: int,
        patience: float,
        progress: Path | None = None,
    ) -> None:
        self._host = host.rstrip("/")
        self._environment = Environment(
            host=self._host, user_classes=[*classes], stop_timeout=STOP_WITHIN
        )
        self._runner = self._environment.create_local_runner()
        self._witness = witness_of(self._environment)
        self._witness.patience = patience
        self._users = users
        self._progress = progress
        self._done = Event()
        self._began = time.monotonic()
        self._state = "starting"

    def __repr__(self) -> str:
        return f"<Run of {self._users} users at {self._host}: {self._state}>"

    def until(self, stop: Event, seconds: float | None) -> dict[str, Any]:
        """Run until `stop` is set, or for some seconds; give the report."""
        teller = gevent.spawn(self._tell)
        self._runner.start(self._users, spawn_rate=self._users)
        self._state = "running"
        stop.wait(seconds)
        self._state = "stopping"
        self._runner.quit()
        self._state = "looking"
        elapsed = time.monotonic() - self._began
        losses = losses_at(self._host, self._witness)
        self._state = "done"
        self._done.set()
        teller.join()
        return report.final(self._runner, self._witness, losses, elapsed)

    def _tell(self) -> None:
        """Keep the file with the live numbers fresh until the run is done."""
        while self._progress is not None:
            elapsed = time.monotonic() - self._began
            live = report.progress(self._runner, self._witness, self._state, elapsed)
            report.write_json(self._progress, live)
            if self._state == "done":
                return
            self._done.wait(PROGRESS_EVERY)
