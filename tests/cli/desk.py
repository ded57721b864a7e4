"""A directory of an operator's own, in which the console script runs as a real process."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from strangler.compare.rules import complaint
from strangler.migration.fence import Scope, moved_writers
from strangler.migration.transition import transitions_between
from strangler.routing.compile import load
from strangler.store.observed import Observation
from strangler.store.records import Fence, FenceState, Revision, Transition
from strangler.store.store import Store
from tests.store.made import make_store
from tests.store.sample import NOON, batch

T = TypeVar("T")

SCRIPT = Path(sys.executable).with_name("strangler")

FAR = 1000
"""A revision that no test comes to."""

ROUTES = """\
# What moves, and how far it has come.
version: 1

upstreams:
  monolith: {targets: [http://127.0.0.1:9000]}
  datasets: {targets: [http://127.0.0.1:9101]}
  users: {targets: [http://127.0.0.1:9102]}

monolith: monolith

domains:
  datasets:
    service: datasets
    phase: shadow   # since spring

    canary: {weight: 10%, key: "header:x-user-id"}
    shadow: {sample: 25%}
    routes:
      - path: /api/v1/datasets
      - path: /api/v1/datasets/{id:int}
      - path: /api/v1/datasets/{name}   # old links
      - path: /api/v1/datasets/{id}/files/**
        methods: [GET]
        phase: monolith
  users:
    service: users
    routes:
      - path: /users/**
"""


@dataclass(frozen=True)
class Ended:
    """How a run of the script ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def fence_for(scope: Scope, follows: int) -> Fence:
    """Draft the fence for a move; the store has no replicas to wait for."""
    return Fence(
        number=0,
        left=30.0,
        actor="ada",
        reason="to move",
        follows=follows,
        domains=scope.domains,
        everything=scope.everything,
        requests=10,
        state=FenceState.RAISED,
    )


class Desk:
    """Where an operator works: a `routes.yaml`, a store, a shell."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.routes = directory / "routes.yaml"
        self.url = f"sqlite:///{directory}/store/strangler.db"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("STRANGLER_")
            and name not in {"FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "COLUMNS"}
        } | {"STRANGLER_STORE": self.url}

    def __repr__(self) -> str:
        return f"<Desk {self.directory}>"

    def make_store(self) -> None:
        """Have a store that is a file; one on a server is made by whoever opens it."""
        if self.url.startswith("sqlite:"):
            make_store(Path(self.url.removeprefix("sqlite:///")))

    def use(self, url: str) -> None:
        """Work with another store."""
        self.url = url
        self.environment["STRANGLER_STORE"] = url

    def command(self, *args: str) -> dict[str, Any]:
        return {
            "args": [str(SCRIPT), *args],
            "cwd": self.directory,
            "stdin": subprocess.DEVNULL,
        }

    def run(self, *args: str, **environment: str) -> Ended:
        """Run the script; whatever it does, it never shows a traceback."""
        done = subprocess.run(
            **self.command(*args),
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)

    def write(self, text: str = ROUTES) -> None:
        self.routes.write_bytes(text.encode("utf-8"))

    def edit(self, old: str, new: str) -> None:
        text = self.routes.read_text(encoding="utf-8")
        assert text.count(old) == 1
        self.write(text.replace(old, new))

    def ask(self, question: Callable[[Store], Awaitable[T]]) -> T:
        """Do something with the store, which is made where there is none."""

        self.make_store()

        async def answer() -> T:
            store = await Store.open(self.url, migrate=True)
            try:
                return await question(store)
            finally:
                await store.close()

        return asyncio.run(answer())

    def go_live(self, text: str | None = None, reason: str = "begin", **changes: Any) -> Revision:
        """Make a text (else the file's) the newest revision, as `serve` does."""
        text = self.routes.read_bytes().decode() if text is None else text

        async def add(store: Store) -> Revision:
            newest = await store.newest()
            old = None if newest is None else load(newest.text)
            table = load(text, complaint=complaint)
            number = newest.number if newest else 0
            scope = moved_writers(old, table)
            fence = (await store.raise_fence(fence_for(scope, number))).number if scope else None
            return await store.add_revision(
                **{"text": text, "digest": table.digest, "actor": "ada", "at": NOON, **changes},
                reason=reason,
                transitions=[
                    Transition(c.domain, c.route, c.before.value, c.after.value, c.detail)
                    for c in transitions_between(old, table)
                ],
                previous=number or None,
                fence=fence,
            )

        return self.ask(add)

    def observe(self, *observations: Observation) -> None:
        self.ask(lambda store: store.record(batch(*observations)))

    def prove(self, *routes: tuple[str, str]) -> None:
        """Have evidence that opens every gate, under a revision that is still far away."""
        routes = routes or (("datasets", "/api/v1/datasets"), ("users", "/users/**"))
        for domain, route in routes:
            seen = Observation(NOON, domain, route, FAR, "match", method="GET", status="2xx")
            self.observe(*[seen] * 600)
            self.answer(domain, route, service=5000, monolith=5000)

    def answer(self, domain: str, route: str, revision: int = FAR, **systems: int) -> None:
        """Have this many answers of each system counted."""
        counts = {
            (domain, route, revision, system, "GET", "2xx", 40): count
            for system, count in systems.items()
        }
        self.ask(lambda store: store.add_answers(counts, NOON))

    def newest(self) -> Revision:
        revision = self.ask(lambda store: store.newest())
        assert revision is not None
        return revision

    def left_over(self) -> list[str]:
        """Name the files beside `routes.yaml` that nobody put there."""
        known = {"routes.yaml", "store"}
        return [path.name for path in self.directory.iterdir() if path.name not in known]
