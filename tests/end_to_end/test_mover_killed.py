"""Whoever moves a writer is killed at each step: there is one owner, and nothing is stuck."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.end_to_end.site import Answer, Replica, Site
from tests.end_to_end.test_fence import ROUTES
from tests.end_to_end.upstreams import Handler, Upstream, answers_the_same
from tests.store.postgres import PostgresServer, started
from tests.wire.proxy import eventually


@dataclass
class Systems:
    """Both systems: which of them took each write, in order, and what their probe says."""

    taken: list[str] = field(default_factory=list)
    lag: int = 0

    def __call__(self, handler: Handler) -> None:
        if handler.path == "/lag":
            handler.answer(b'{"pending": %d}' % self.lag, "application/json")
            return
        if handler.command == "POST":
            self.taken.append(handler.upstream.name)
        answers_the_same(handler)


class Writer(threading.Thread):
    """A client of one replica that writes all the time."""

    def __init__(self, replica: Replica, over: threading.Event) -> None:
        super().__init__()
        self.replica = replica
        self.over = over
        self.answers: list[Answer] = []

    def run(self) -> None:
        with self.replica.client() as client:
            while not self.over.is_set():
                self.answers.append(client.ask("/books", "POST"))


@contextlib.contextmanager
def writing(*replicas: Replica) -> Iterator[list[Writer]]:
    over = threading.Event()
    writers = [Writer(replica, over) for replica in replicas]
    for writer in writers:
        writer.start()
    try:
        yield writers
    finally:
        over.set()
        for writer in writers:
            writer.join()


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with started() as server:
        yield server


@pytest.fixture
def systems(monolith: Upstream, service: Upstream) -> Systems:
    systems = Systems()
    monolith.behaviour = service.behaviour = systems
    return systems


@pytest.fixture
def fleet(
    site: Site, postgres: PostgresServer, monolith: Upstream, service: Upstream, systems: Systems
) -> Iterator[tuple[Replica, Replica]]:
    assert systems.taken == []
    site.use(postgres.new_database())
    site.write(ROUTES.format(monolith=monolith.url, service=service.url))
    with (
        site.replica("--replica", "web-1") as one,
        site.replica("--replica", "web-2", routes=False) as other,
    ):
        yield one, other


def die_moving(site: Site, when: str, step: str) -> None:
    verb = ("promote", "books", "-m", "it is right", "--force", "--actor", "ada")
    moving = subprocess.run(
        [sys.executable, "-m", "tests.end_to_end.doomed_mover", when, step, *verb],
        cwd=site.directory,
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert moving.returncode == -signal.SIGKILL, moving.stdout + moving.stderr


@contextlib.contextmanager
def stopped(replica: Replica) -> Iterator[None]:
    os.kill(replica.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(replica.pid, signal.SIGCONT)


STORE = "strangler.store.store:Store"

BEFORE_THE_SWITCH = {
    "the fence stands and nobody has acknowledged": ("after", f"{STORE}.raise_fence"),
    "one of two has acknowledged": ("after", f"{STORE}.unacknowledged=1"),
    "all have acknowledged": ("after", f"{STORE}.unacknowledged=0"),
    "the probe has answered": ("after", "strangler.control.moving:ask_lag"),
    "all is ready for the switch": ("before", f"{STORE}.add_revision"),
    "the switch is written and not committed": ("after", "strangler.store.fencing:switch"),
    "it was given up and not lifted": ("before", f"{STORE}.lift_fence"),
}


@pytest.mark.parametrize("step", BEFORE_THE_SWITCH)
def test_before_the_switch_nothing_has_moved_and_the_fence_is_lifted_by_others(
    site: Site, fleet: tuple[Replica, Replica], systems: Systems, step: str
) -> None:
    one_stands_still = stopped(fleet[1]) if "one of two" in step else contextlib.nullcontext()
    systems.lag = "given up" in step
    with writing(*fleet) as writers:
        with one_stands_still:
            die_moving(site, *BEFORE_THE_SWITCH[step])
        await_no_fence(fleet)

    assert all(told_well(answer) for writer in writers for answer in writer.answers)
    assert set(systems.taken) == {"monolith"}
    assert {replica.ask("/books", "POST").by for replica in fleet} == {"monolith"}
    (told,) = (row for row in site.run("history", "--json").json if row["revision"] is None)
    assert (told["actor"], told["fence"]["state"]) == ("ada", "lifted")
    assert "nothing moved: its time was up" in told["detail"]

    systems.lag = 0
    assert site.run("promote", "books", "-m", "once more", "--force").code == 0
    assert {replica.ask("/books", "POST").by for replica in fleet} == {"service"}


def test_after_the_switch_it_has_moved_and_whoever_goes_on_is_told(
    site: Site, fleet: tuple[Replica, Replica], systems: Systems
) -> None:
    with writing(*fleet) as writers:
        die_moving(site, "after", f"{STORE}.add_revision")
        await_no_fence(fleet)
        eventually(lambda: systems.taken[-1] == "service", "writes go on at the new owner")

    assert all(told_well(answer) for writer in writers for answer in writer.answers)
    changes = sum(before != after for before, after in itertools.pairwise(systems.taken))
    assert changes == 1, "no write went to the old owner after one had gone to the new one"
    assert {replica.ask("/books", "POST").by for replica in fleet} == {"service"}

    refused = site.run("rollback", "books", "-m", "back")
    assert refused.code == 1
    assert "is still revision 1, but revision 2 is live (by ada: it is right)" in refused.err
    site.write(site.run("status", "--json").json["revision"]["text"])
    assert site.run("rollback", "books", "-m", "back").code == 0
    assert {replica.ask("/books", "POST").by for replica in fleet} == {"monolith"}
    assert site.run("doctor").code == 0


def await_no_fence(fleet: tuple[Replica, Replica]) -> None:
    eventually(
        lambda: not any(replica.metric("strangler_fence") for replica in fleet), "the fence is over"
    )


def told_well(answer: Answer) -> bool:
    """Whether a write was taken, or its client told to come back."""
    return answer.status == 200 or (answer.status == 503 and bool(answer.headers["Retry-After"]))
