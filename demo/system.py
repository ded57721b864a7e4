"""The system of the story: a monolith, a service, the proxy before them, traffic through it."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2

from demo.metrics import Metrics
from demo.programs import Running, answers, free_port, module

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".strangler" / "demo"

USERS = 12
"""Load-test users: enough for every kind of traffic, few enough for two cores."""


class System:
    """Everything that runs. `home` holds its files; an earlier run's are removed."""

    def __init__(self, home: Path = HOME) -> None:
        """Choose ports and lay out the files; nothing is started."""
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        self.home = home
        self.routes = home / "routes.yaml"
        self.store = f"sqlite:///{home / 'strangler.db'}"
        self._ports = {
            name: free_port(port)
            for name, port in (
                ("monolith", 9000),
                ("datasets", 9101),
                ("proxy", 8080),
                ("admin", 8081),
            )
        }
        self._running: dict[str, Running] = {}
        self._write_routes()

    def __repr__(self) -> str:
        """Show what runs."""
        return f"<System {list(self._running.values())}>"

    def url(self, name: str) -> str:
        """Give the address of `monolith`, `datasets`, `proxy` or `admin`."""
        return f"http://127.0.0.1:{self._ports[name]}"

    def _write_routes(self) -> None:
        """Copy the repository's routes.yaml, with this run's ports."""
        text = (ROOT / "routes.yaml").read_text(encoding="utf-8")
        for name, port in (("monolith", 9000), ("datasets", 9101)):
            text = text.replace(f"http://127.0.0.1:{port}", self.url(name))
        self.routes.write_text(text, encoding="utf-8")

    # Programs.

    def start_monolith(self) -> None:
        """Start the legacy monolith."""
        self._start(
            "monolith",
            module(
                "legacy_monolith",
                *("--port", str(self._ports["monolith"])),
                *("--db", str(self.home / "monolith.db")),
            ),
        )
        self._running["monolith"].wait_until(lambda: answers(f"{self.url('monolith')}/healthz"))

    def start_service(self, *, buggy: bool = False) -> None:
        """Start the extracted service and wait until it has filled itself from the monolith."""
        self._start(
            "datasets",
            module(
                "extracted.datasets",
                *("--port", str(self._ports["datasets"])),
                *("--db", str(self.home / "datasets.db")),
                *("--monolith", self.url("monolith")),
                *(["--regressions"] if buggy else []),
            ),
        )
        self._running["datasets"].wait_until(lambda: answers(f"{self.url('datasets')}/healthz"))

    def start_proxy(self) -> None:
        """Start strangler in front of both."""
        self._start(
            "proxy",
            [
                *(str(Path(sys.executable).parent / "strangler"), "serve", "--watch"),
                *("--routes", str(self.routes), "--store", self.store),
                *("--listen", f"127.0.0.1:{self._ports['proxy']}"),
                *("--admin", f"127.0.0.1:{self._ports['admin']}"),
            ],
        )
        self._running["proxy"].wait_until(lambda: answers(f"{self.url('admin')}/readyz"))

    def start_traffic(self) -> None:
        """Start clients of all kinds against the proxy."""
        self._start(
            "loadtests",
            module(
                "loadtests",
                *("--host", self.url("proxy"), "--users", str(USERS)),
                *("--report", str(self.home / "report.json")),
                *("--progress", str(self.home / "progress.json")),
            ),
        )
        self._running["loadtests"].wait_until(lambda: self.progress().get("requests", 0) > 0)

    def _start(self, name: str, command: list[str]) -> None:
        log = self.home / f"{name}.log"
        self._running[name] = Running(name, command, log, {"STRANGLER_ACTOR": "demo"})

    def kill_service(self) -> None:
        """End the service as a crash would."""
        self._running.pop("datasets").kill()

    def stop_service(self) -> None:
        """End the service as a deployment would."""
        self._running.pop("datasets").stop()

    def stop_traffic(self) -> dict[str, Any]:
        """End the clients; they look once more for all that they wrote. Gives their report."""
        self._running.pop("loadtests").stop(seconds=60.0)
        with suppress(OSError, ValueError):
            report: dict[str, Any] = json.loads((self.home / "report.json").read_bytes())
            return report
        return {}

    def stop(self) -> None:
        """End everything, clients first."""
        for name in ("loadtests", "proxy", "datasets", "monolith"):
            if name in self._running:
                self._running.pop(name).stop()

    # What it says of itself.

    def progress(self) -> dict[str, Any]:
        """Give the clients' live numbers, empty before the first."""
        with suppress(OSError, ValueError):
            found: dict[str, Any] = json.loads((self.home / "progress.json").read_bytes())
            return found
        return {}

    def traffic(self) -> str:
        """Say the clients' live numbers in one line."""
        now = self.progress()
        return f"{now.get('requests', 0)} requests, {now.get('failures', 0)} failures"

    def metrics(self) -> Metrics:
        """Scrape the proxy."""
        return Metrics(self.url("admin"))

    # What the operator types.

    def strangler(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a verb on this story's store."""
        command = [str(Path(sys.executable).parent / "strangler"), *arguments]
        environment = {
            **os.environ,
            "STRANGLER_STORE": self.store,
            "STRANGLER_ROUTES": str(self.routes),
            "STRANGLER_ACTOR": "demo",
        }
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60, env=environment
        )

    def read(self, *arguments: str) -> Any:
        """Run a reading verb with `--json`, and give what it says."""
        done = self.strangler(*arguments, "--json")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def live_revision(self) -> int:
        """Give the revision that every worker serves, 0 while they do not agree."""
        report = self.get_json(f"{self.url('admin')}/readyz")
        agreed = report.get("workers_ready") == report.get("workers")
        return int(report.get("revision", 0)) if agreed else 0

    def get_json(self, url: str) -> dict[str, Any]:
        """Give a JSON document, empty where there is none."""
        with suppress(httpx2.HTTPError, ValueError):
            found: dict[str, Any] = httpx2.get(url, timeout=5.0).json()
            return found
        return {}
