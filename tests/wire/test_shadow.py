"""Whatever a candidate does to its copies, the client's answer stays as it was and when it was."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from strangler.compare.surprise import ASKS
from tests.wire.ends import DEADLINE, OK, End, Listener, closed_port
from tests.wire.proxy import Proxy, eventually

UPSTREAMS = """\
version: 1
monolith: monolith
upstreams:
  monolith: {{targets: [{monolith}], timeouts: {{keepalive: 20s}}}}
  away: {{targets: [http://127.0.0.1:{closed}]}}
"""
UPSTREAM = "  {name}: {{targets: [{url}], timeouts: {{response: 2s, keepalive: 20s}}}}\n"
GET = b"GET /%b/x?secret=1 HTTP/1.1\r\nHost: a\r\nX-Request-Id: r-1\r\n\r\n"
DOMAIN = "  {name}: {{service: {name}, phase: shadow, routes: [{{path: /{name}/**}}]}}\n"


class Shadowed:
    """A domain whose reads the monolith answers and whose copies the service gets."""

    def __init__(self, proxy: Proxy, monolith: Listener, service: Listener, name: str) -> None:
        self.proxy = proxy
        self.monolith = monolith
        self.service = service
        self.name = name

    def __repr__(self) -> str:
        return f"<Shadowed {self.name} {self.proxy!r}>"

    def copies(self, outcome: str) -> float:
        return self._count("strangler_shadow_copies_total", outcome=outcome)

    def verdicts(self, verdict: str) -> float:
        return self._count("strangler_shadow_verdicts_total", verdict=verdict)

    def _count(self, metric: str, **labels: str) -> float:
        return self.proxy.metric(metric, route=f"/{self.name}/**", **labels)

    def await_copies(self, outcome: str, number: float) -> None:
        eventually(lambda: self.copies(outcome) >= number, f"{number:g} copies {outcome}")

    def settle(self) -> None:
        """Leave no copy to the next test."""
        eventually(self._all_done, "all copies are done")

    def _all_done(self) -> bool:
        self.monolith.settle()
        self.service.settle()
        return self.proxy.metric("strangler_shadow_copies_in_flight") == 0


@pytest.fixture(scope="module")
def _domains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[Shadowed]]:
    """Give domain after domain of one proxy: each has a breaker and counts of its own."""
    names = [f"d{number}" for number in range(20)]
    monolith, service, closed = Listener(), Listener(), closed_port()
    routes = (
        UPSTREAMS.format(monolith=monolith.url, closed=closed.getsockname()[1])
        + "".join(UPSTREAM.format(name=name, url=service.url) for name in names)
        + "domains:\n"
        + "".join(DOMAIN.format(name=name) for name in ["away", *names])
    )
    largest = ("--max-compared-body", "1000000")
    with Proxy(tmp_path_factory.mktemp("shadow"), routes, *largest) as proxy:
        yield (Shadowed(proxy, monolith, service, name) for name in names)
    monolith.close()
    service.close()
    closed.close()


@pytest.fixture
def shadowed(_domains: Iterator[Shadowed]) -> Iterator[Shadowed]:
    domain = next(_domains)
    yield domain
    domain.settle()


class Conversation:
    """One client that is answered by the monolith, over and over."""

    def __init__(self, shadowed: Shadowed) -> None:
        self.client = shadowed.proxy.client()
        self.get = GET % shadowed.name.encode()
        self._listener = shadowed.monolith

    def __repr__(self) -> str:
        return f"<Conversation {self.client}>"

    def go_on(self, times: int = 1, answer: bytes = OK) -> None:
        for _ in range(times):
            self.client.send(self.get)
            monolith = self._listener.newest_or_accept()
            assert "X-Strangler-Shadow" not in monolith.request()
            monolith.send(answer)
            assert self.client.response().status == 200


@pytest.fixture
def conversation(shadowed: Shadowed) -> Iterator[Conversation]:
    conversation = Conversation(shadowed)
    yield conversation
    conversation.client.close()


def test_a_copy_is_sent_after_the_answer_and_says_what_it_is(
    shadowed: Shadowed, conversation: Conversation
) -> None:
    client = conversation.client
    client.send(conversation.get)
    monolith = shadowed.monolith.accept()
    original = monolith.request()
    assert shadowed.service.nobody_is_waiting()
    monolith.send(OK)
    assert client.response().body == b"ok"
    copy = shadowed.service.accept().request()

    assert copy["X-Strangler-Shadow"] == "candidate"
    assert [field for field in copy.fields if field[0] != "X-Strangler-Shadow"] == list(
        original.fields
    )


def test_a_match_is_counted(shadowed: Shadowed, conversation: Conversation) -> None:
    conversation.go_on()
    service = shadowed.service.accept()
    service.request()
    service.send(OK)

    eventually(lambda: shadowed.verdicts("match") == 1, "the verdict")


def test_a_difference_is_confirmed_and_then_found(
    shadowed: Shadowed, conversation: Conversation
) -> None:
    other = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"
    conversation.go_on()
    service = shadowed.service.accept()
    service.request()
    service.send(other)
    again = shadowed.monolith.accept()  # shadow work has connections of its own
    for _ in range(ASKS - 1):
        assert again.request()["X-Strangler-Shadow"] == "primary"
        again.send(OK)
        assert service.request()["X-Strangler-Shadow"] == "candidate"
        service.send(other)

    eventually(lambda: shadowed.verdicts("mismatch") == 1, "the verdict")
    eventually(lambda: findings(shadowed) == 1, "the finding is in the store")


def findings(shadowed: Shadowed) -> int:
    with contextlib.closing(sqlite3.connect(shadowed.proxy.store, timeout=DEADLINE)) as database:
        (count,) = database.execute("SELECT count(*) FROM findings").fetchone()
    return int(count)


def test_a_candidate_that_hangs_delays_nobody_and_what_is_too_much_is_dropped(
    shadowed: Shadowed, conversation: Conversation
) -> None:
    conversation.go_on(times=100)

    assert shadowed.proxy.metric("strangler_shadow_copies_in_flight") == 64
    assert shadowed.copies("dropped: too many in flight") == 36
    shadowed.await_copies("failed: it took too long", 64)
    conversation.go_on()
    shadowed.await_copies("dropped: candidate is failing", 1)


def flood(service: End) -> None:
    service.send_as_much_as_is_taken(
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 50_000_000
    )


def flood_with_a_head(service: End) -> None:
    service.send_as_much_as_is_taken(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 50_000_000)


def babble(service: End) -> None:
    service.send(b"220 smtp.example.org ESMTP\r\n")


def die(service: End) -> None:
    service.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    service.reset()


def switch(service: End) -> None:
    service.send(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("misbehave", "outcome"),
    [
        (flood, "dropped: too large"),
        (flood_with_a_head, "failed: the response is not valid HTTP"),
        (babble, "failed: the response is not valid HTTP"),
        (die, "failed: the connection was closed"),
        (switch, "failed: the response is not valid HTTP"),
    ],
)
def test_a_candidate_that_misbehaves_alters_nothing_and_is_counted(
    shadowed: Shadowed,
    conversation: Conversation,
    misbehave: Callable[[End], None],
    outcome: str,
) -> None:
    conversation.go_on()
    before = shadowed.proxy.memory()
    service = shadowed.service.accept()
    service.request()
    misbehave(service)
    conversation.go_on()
    shadowed.await_copies(outcome, 1)

    if misbehave is flood:
        assert shadowed.verdicts("inconclusive") >= 1
    else:  # a client would get an error: both sides are asked whether that lasts
        assert shadowed.monolith.accept().request()["X-Strangler-Shadow"] == "primary"
    assert shadowed.verdicts("mismatch") == 0
    assert shadowed.proxy.memory() - before < 8 * 1024 * 1024
    assert service.sock.fileno() < 0 or service.is_closed()


def test_a_candidate_that_is_away_is_left_in_peace_after_a_while(shadowed: Shadowed) -> None:
    away = Shadowed(shadowed.proxy, shadowed.monolith, shadowed.service, "away")
    conversation = Conversation(away)
    with conversation.client:
        while away.copies("dropped: candidate is failing") == 0:
            conversation.go_on()

    failed = "failed: the connection failed", "failed: no target is available"
    assert 5 <= sum(map(away.copies, failed)) < 100


def test_an_answer_too_large_to_hold_is_passed_on_and_not_compared(
    shadowed: Shadowed, conversation: Conversation
) -> None:
    size = 3_000_000
    conversation.go_on(answer=b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)

    shadowed.await_copies("dropped: too large", 1)
    assert shadowed.service.nobody_is_waiting()


def test_the_memory_of_a_hanging_candidate_is_bounded(
    shadowed: Shadowed, conversation: Conversation
) -> None:
    size = 900_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    conversation.go_on(answer=answer)
    before = shadowed.proxy.memory()
    conversation.go_on(times=100, answer=answer)

    assert shadowed.proxy.metric("strangler_shadow_bytes_held") <= 64 * 1024 * 1024
    assert shadowed.proxy.memory() - before < 80 * 1024 * 1024


def test_what_is_kept_of_answers_under_way_is_bounded_as_well(shadowed: Shadowed) -> None:
    """A copy is taken of the whole answer: many slow ones at once must not fill the memory."""
    size, held = 1_000_000, "strangler_shadow_bytes_held"
    with contextlib.ExitStack() as open_ends:
        clients = []
        for _ in range(90):
            client = open_ends.enter_context(shadowed.proxy.client())
            client.send(GET % shadowed.name.encode())
            monolith = shadowed.monolith.accept()
            monolith.request()
            monolith.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            client.head()
            monolith.send(b"x" * (size - 1))
            client.expect(b"x" * (size - 1))
            clients.append((client, monolith))
        assert 60 * 1024 * 1024 < shadowed.proxy.metric(held) <= 64 * 1024 * 1024
        for client, _ in clients[:45]:
            client.reset()
        eventually(lambda: shadowed.proxy.metric(held) < 45 * 1024 * 1024, "who left holds none")
        client, monolith = clients[-1]
        monolith.send(b"x")
        client.expect(b"x")
        shadowed.await_copies("dropped: too many octets held", 1)
        for client, _ in clients:
            client.reset()

    eventually(lambda: shadowed.proxy.metric(held) == 0, "nothing is held in the end")


def test_while_the_store_is_away_traffic_goes_on_and_is_counted(
    shadowed: Shadowed, conversation: Conversation
) -> None:
    waiting = "strangler_observations_waiting"
    tables = {"revisions": "away_revisions", "verdicts": "away_verdicts"}
    rename_tables(shadowed.proxy.store, tables)
    eventually(lambda: shadowed.proxy.metric("strangler_store_available") == 0, "it is missed")
    assert shadowed.proxy.metric("strangler_store_failures_total") >= 1
    conversation.go_on()
    service = shadowed.service.accept()
    service.request()
    service.send(OK)
    eventually(lambda: shadowed.proxy.metric(waiting) >= 1, "what cannot be written waits")
    assert b'"ready":true,' in shadowed.proxy.get("/readyz")

    rename_tables(shadowed.proxy.store, {away: table for table, away in tables.items()})
    eventually(lambda: shadowed.proxy.metric("strangler_store_available") == 1, "it is back")
    eventually(lambda: shadowed.proxy.metric(waiting) == 0, "what waited is written")
    assert shadowed.proxy.metric("strangler_observations_lost_total") == 0


def rename_tables(path: Path, names: dict[str, str]) -> None:
    with contextlib.closing(sqlite3.connect(path, timeout=DEADLINE)) as database, database:
        for name, other in names.items():
            database.execute(f"ALTER TABLE {name} RENAME TO {other}")
