"""A domain's writer moves: its writes wait, every replica says so, then they go on elsewhere."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.end_to_end.site import Answer, Replica, Site
from tests.end_to_end.upstreams import Handler, Upstream, answers_the_same
from tests.wire.proxy import eventually

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
    canary: {{weight: 0%}}
    lag: {{path: /lag, member: pending}}
    fence: {{wait: 3s}}
    routes: [{{path: /books}}]
  films:
    service: service
    routes: [{{path: /films}}]
"""


class Service:
    """Says how far it lags, and answers all else the same."""

    def __init__(self) -> None:
        self.lag = b'{"pending": 0}'
        self.told: list[int] = []
        """How many fields of ours each write had: Via, X-Request-Id, X-Forwarded-For."""

    def __call__(self, handler: Handler) -> None:
        if handler.path == "/lag":
            handler.answer(self.lag, "application/json")
        else:
            if handler.command == "POST":
                ours = ("Via", "X-Request-Id", "X-Forwarded-For")
                self.told += [len(handler.headers.get_all(name, [])) for name in ours]
            answers_the_same(handler)


class Slow:
    """Answers a write when it is told to."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, handler: Handler) -> None:
        if handler.command == "POST":
            self.begun.set()
            self.go_on.wait(30)
        answers_the_same(handler)


@pytest.fixture
def behaviour(service: Upstream) -> Service:
    service.behaviour = Service()
    return service.behaviour


@pytest.fixture
def fleet(
    site: Site, monolith: Upstream, service: Upstream, behaviour: Service
) -> Iterator[tuple[Replica, Replica]]:
    assert behaviour.lag
    site.write(ROUTES.format(monolith=monolith.url, service=service.url))
    with (
        site.replica("--replica", "web-1", "--workers", "2") as one,
        site.replica("--replica", "web-2", routes=False) as other,
    ):
        yield one, other


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


def promote(site: Site) -> tuple[int, str]:
    done = site.run("promote", "books", "-m", "it is right", "--force")
    return done.code, done.out + done.err


def notices(site: Site) -> str:
    return str(site.run("status", "--json").json["notices"])


def write(replica: Replica) -> Answer:
    return replica.ask("/books", "POST")


def test_the_writer_moves_there_and_back_for_all_replicas(
    site: Site, fleet: tuple[Replica, Replica]
) -> None:
    assert {write(replica).by for replica in fleet} == {"monolith"}
    code, said = promote(site)
    assert code == 0, said
    assert {write(replica).by for replica in fleet} == {"service"}
    assert site.run("rollback", "books", "-m", "it is not").code == 0
    assert {write(replica).by for replica in fleet} == {"monolith"}


def test_writes_wait_for_those_under_way_and_all_else_goes_on(
    site: Site,
    fleet: tuple[Replica, Replica],
    monolith: Upstream,
    behaviour: Service,
    threads: ThreadPoolExecutor,
) -> None:
    one, other = fleet
    slow = monolith.behaviour = Slow()
    under_way: Future[Answer] = threads.submit(write, one)
    assert slow.begun.wait(10)
    moving = threads.submit(promote, site)
    eventually(lambda: all(r.metric("strangler_fence") for r in fleet), "both hold")
    waiting = [threads.submit(write, replica) for replica in fleet]
    eventually(
        lambda: sum(r.metric("strangler_writes_waiting") for r in fleet) == 2, "both writes wait"
    )
    assert one.ask("/books").by == other.ask("/books").by == "monolith"
    assert one.ask("/films").by == "monolith"
    slow.go_on.set()

    assert under_way.result().by == "monolith"
    assert moving.result()[0] == 0
    assert [future.result().by for future in waiting] == ["service", "service"]
    assert behaviour.told == [1] * 6, "what waited is told of once"
    assert sum(r.metric("strangler_held_writes_total", outcome="went on") for r in fleet) == 2


@pytest.mark.parametrize(
    ("lag", "said"),
    [
        (b'{"pending": 7}', "reports 7 unconsumed changes"),
        (b'{"pending": -1}', "answered -1, which is less than nothing"),
        (b'{"pending": "0"}', "which is no number"),
        (b"{}", "which has no 'pending'"),
    ],
)
def test_a_lag_that_is_not_nothing_lifts_the_fence_and_is_named(
    site: Site,
    fleet: tuple[Replica, Replica],
    behaviour: Service,
    threads: ThreadPoolExecutor,
    lag: bytes,
    said: str,
) -> None:
    before = site.routes.read_text()
    behaviour.lag = lag
    moving = threads.submit(promote, site)
    eventually(lambda: all(r.metric("strangler_fence") for r in fleet), "both hold")
    waiting = [threads.submit(write, replica) for replica in fleet]
    code, told = moving.result()

    assert code == 1
    assert said in told
    assert "nothing has changed" in told
    assert [future.result().by for future in waiting] == ["monolith", "monolith"]
    assert site.newest().number == 1
    assert site.routes.read_text() == before


def test_a_replica_that_stands_still_is_waited_for_and_named_until_it_is_forgotten(
    site: Site, fleet: tuple[Replica, Replica]
) -> None:
    one, other = fleet
    os.kill(other.pid, signal.SIGSTOP)
    try:
        code, told = promote(site)
        assert (code, site.newest().number) == (1, 1)
        assert "web-2 did not acknowledge the fence" in told
        assert write(one).by == "monolith"

        assert site.run("replica", "forget", "web-2", "-m", "dead", "--force").code == 0
        assert promote(site)[0] == 0
        assert write(one).by == "service"
    finally:
        os.kill(other.pid, signal.SIGCONT)
    eventually(lambda: write(other).by == "service", "whoever was forgotten learns of it")


def test_a_save_that_moves_the_writer_goes_through_the_fence_too(
    site: Site, monolith: Upstream, service: Upstream, behaviour: Service
) -> None:
    site.write(ROUTES.format(monolith=monolith.url, service=service.url))
    with site.replica("--watch") as replica:
        behaviour.lag = b'{"pending": 3}'
        site.edit("phase: canary", "phase: extracted")
        eventually(lambda: "3 unconsumed" in notices(site), "status says what was in the way")
        assert write(replica).by == "monolith"

        behaviour.lag = b'{"pending": 0}'
        site.edit("weight: 0%", "weight: 1%")
        eventually(lambda: write(replica).by == "service", "the writer has moved")
        assert notices(site) == "[]"


def test_whoever_moves_may_die_and_the_fence_is_lifted(
    site: Site, fleet: tuple[Replica, Replica], behaviour: Service
) -> None:
    behaviour.lag = b'{"pending": 1}'
    moving = subprocess.Popen(
        **site.command("promote", "books", "-m", "go", "--force"),
        env=site.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    eventually(lambda: all(r.metric("strangler_fence") for r in fleet), "both hold")
    moving.kill()
    moving.wait()
    eventually(lambda: not any(r.metric("strangler_fence") for r in fleet), "both go on")

    assert {write(replica).by for replica in fleet} == {"monolith"}
    behaviour.lag = b'{"pending": 0}'
    assert promote(site)[0] == 0
