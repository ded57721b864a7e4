"""Every write takes effect once, in one system, whatever else is asked of the other.

Real processes, a monolith and a service that note what they have done for which key, and a service
that is killed, hangs, breaks off, and is replaced by an older version that knows of no dry runs;
workers are killed, tables change and the writer moves, while clients write.

`STRANGLER_TEST_EFFECTS=1,2,3` names the seeds.
"""

import contextlib
import http.client
import itertools
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson
import pytest

from tests.end_to_end.site import Replica, Site
from tests.end_to_end.upstreams import (
    Behaviour,
    Handler,
    Upstream,
    dies_in_the_middle,
    garbles,
    hangs,
    resets,
)
from tests.wire.proxy import eventually

SEEDS = [int(seed) for seed in os.environ.get("STRANGLER_TEST_EFFECTS", "1,2").split(",")]

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  service: {{targets: [{service}], timeouts: {{response: 1s}}}}
monolith: monolith
domains:
  books:
    service: service
    phase: {phase}
    canary: {{weight: 50%, key: "header:idempotency-key"}}
    lag: {{path: /lag}}
    dry_run: {{promise: /dry-runs, every: 500ms}}
    shadow: {{writes: {writes}, read_back_within: 2s}}
    routes:
      - path: /books
      - path: "/books/{{key}}"
"""

PROMISE = {"dry_run": True, "header": "X-Strangler-Dry-Run", "effects": 0}
STEPS = 12
"""Things that go wrong before the clients are told to end."""

BETWEEN = 10
"""Writes that are acknowledged between two of them."""


@dataclass
class World:
    """What was done, by which system and for which key, and how often it was asked for dry runs."""

    effects: Counter[tuple[str, str]] = field(default_factory=Counter)
    dry_runs: int = 0
    read_back: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, handler: Handler, *, knows_dry_runs: bool) -> None:
        """Do what is asked."""
        dry = handler.headers["X-Strangler-Dry-Run"] is not None
        with self.lock:
            if handler.command == "GET":
                self.read_back += handler.headers["X-Strangler-Shadow"] == "candidate"
            elif dry and knows_dry_runs:
                self.dry_runs += 1
            else:
                self.effects[handler.upstream.name, handler.headers["Idempotency-Key"]] += 1

    def done_for(self, key: str) -> dict[str, int]:
        """Say how often the write of a key took effect, by system."""
        return {system: count for (system, of), count in self.effects.items() if of == key}


def answers(handler: Handler) -> None:
    key = handler.headers["Idempotency-Key"] or ""
    body = orjson.dumps({"key": key})
    created = {"Location": f"/books/{key}"} if handler.command == "POST" else {}
    handler.answer(body, "application/json", 201 if created else 200, **created)


MONOLITH: tuple[Behaviour, ...] = (answers, answers, answers, resets, dies_in_the_middle, garbles)
SERVICE: tuple[Behaviour, ...] = (answers, answers, hangs, resets, dies_in_the_middle, garbles)


def system(
    world: World,
    behaviours: tuple[Behaviour, ...],
    choose: random.Random,
    *,
    knows_dry_runs: bool,
) -> Behaviour:
    """Make a system that does what it is asked, and then may fail to say so."""

    def behave(handler: Handler) -> None:
        if handler.path == "/lag":
            handler.answer(b"0")
        elif handler.path == "/dry-runs":
            handler.answer(orjson.dumps(PROMISE), status=200 if knows_dry_runs else 404)
        else:
            world.note(handler, knows_dry_runs=knows_dry_runs)
            # Methods that a proxy may repeat by itself are answered: once is not promised for them.
            may_fail = handler.command in {"GET", "POST", "PATCH"}
            then = choose.choice(behaviours) if may_fail else answers
            then(handler)

    return behave


class Writer(threading.Thread):
    """A client that writes, every time something else, and notes what it was told is done."""

    serials = itertools.count(1)

    def __init__(self, replica: Replica, over: threading.Event, choose: random.Random) -> None:
        super().__init__()
        self.replica = replica
        self.over = over
        self.choose = choose
        self.acknowledged: list[str] = []
        self.unsure: list[str] = []

    def run(self) -> None:
        while not self.over.is_set():
            with (
                contextlib.suppress(OSError, http.client.HTTPException),
                self.replica.client() as client,
            ):
                for _ in range(10):
                    key = f"key-{next(self.serials)}"
                    self.unsure.append(key)
                    method = self.choose.choice(("POST", "PATCH", "PUT", "DELETE"))
                    path = "/books" if method == "POST" else f"/books/{key}"
                    answer = client.ask(path, method, b"x" * 100, idempotency_key=key)
                    if answer.by is not None and answer.status < 300:
                        self.acknowledged.append(self.unsure.pop())


@dataclass
class Chaos:
    """What goes wrong, one thing after the other, as a seed has it."""

    site: Site
    replica: Replica
    monolith: Upstream
    service: Upstream
    world: World
    choose: random.Random

    def step(self) -> None:
        happening = self.choose.choice((self.kill, self.replace, self.replace, self.reload))
        happening()

    def kill(self) -> None:
        """Kill a worker."""
        with contextlib.suppress(IndexError, ProcessLookupError):
            os.kill(self.choose.choice(self.replica.workers), signal.SIGKILL)

    def replace(self) -> None:
        """Put another version in the place of the service, at once."""
        fate = random.Random(self.choose.random())
        newer = self.choose.random() < 0.6
        self.service.stop()
        self.service.behaviour = system(self.world, SERVICE, fate, knows_dry_runs=newer)
        self.service.start()

    def reload(self) -> None:
        """Save another table."""
        writes = self.choose.choice(("dry-run", "dry-run", "read-back", "skip"))
        phase = self.choose.choice(("shadow", "canary"))
        self.site.write(routes(self.monolith, self.service, writes, phase))


def routes(monolith: Upstream, service: Upstream, writes: str, phase: str) -> str:
    return ROUTES.format(monolith=monolith.url, service=service.url, writes=writes, phase=phase)


def move(site: Site, *verb: str) -> None:
    """Move the writer, as often as it takes."""
    end = time.monotonic() + 60
    while (done := site.run(*verb, "-m", "to and fro")).code:
        assert time.monotonic() < end, done.err


@dataclass
class Clients:
    """Those who write, and how far they have come."""

    threads: list[Writer]
    target: int = 0

    @property
    def acknowledged(self) -> list[str]:
        return [key for one in self.threads for key in one.acknowledged]

    def go_on(self) -> None:
        """Wait until some more writes are acknowledged."""
        self.target = len(self.acknowledged) + BETWEEN
        eventually(lambda: len(self.acknowledged) >= self.target, f"{self.target} writes")

    def assert_once(self, world: World) -> None:
        unsure = [key for one in self.threads for key in one.unsure]
        done = {key: world.done_for(key) for key in (*self.acknowledged, *unsure)}
        assert {key: told for key, told in done.items() if sum(told.values()) > 1} == {}
        assert [key for key in self.acknowledged if len(done[key]) != 1] == []


@contextlib.contextmanager
def writing(replica: Replica, seed: int) -> Iterator[Clients]:
    over = threading.Event()
    threads = [Writer(replica, over, random.Random(f"{seed}/{one}")) for one in range(3)]
    try:
        for one in threads:
            one.start()
        yield Clients(threads)
    finally:
        over.set()
        for one in threads:
            one.join()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def replica(site: Site, monolith: Upstream, service: Upstream, world: World) -> Iterator[Replica]:
    monolith.behaviour = system(world, MONOLITH, random.Random(0), knows_dry_runs=False)
    service.behaviour = system(world, SERVICE, random.Random(1), knows_dry_runs=True)
    site.write(routes(monolith, service, "dry-run", "canary"))
    with site.replica("--workers", "2", "--watch") as running:
        yield running


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", SEEDS)
def test_each_write_takes_effect_once_whatever_happens(
    site: Site,
    monolith: Upstream,
    service: Upstream,
    replica: Replica,
    world: World,
    seed: int,
) -> None:
    chaos = Chaos(site, replica, monolith, service, world, random.Random(seed))
    with writing(replica, seed) as clients:
        for _ in range(STEPS):
            clients.go_on()
            chaos.step()
        clients.go_on()

    replica.await_copies_done()
    assert world.dry_runs > 10, "dry runs were sent"
    clients.assert_once(world)
    assert {name for name, _ in world.effects} == {"monolith"}, "and none of them had an effect"


@pytest.mark.timeout(180)
def test_a_writer_that_moves_takes_each_write_once(
    site: Site, monolith: Upstream, service: Upstream, replica: Replica, world: World
) -> None:
    """What the service got for a dry run before, and gets for good after, is told apart."""
    chaos = Chaos(site, replica, monolith, service, world, random.Random(3))
    with writing(replica, 3) as clients:
        for verb in (("promote", "books", "--force"), ("rollback", "books")):
            clients.go_on()
            move(site, *verb)
            clients.go_on()
            chaos.replace()
            chaos.kill()
        clients.go_on()

    assert world.dry_runs > 10, "dry runs were sent"
    clients.assert_once(world)
    assert {name for name, _ in world.effects} == {"monolith", "service"}
