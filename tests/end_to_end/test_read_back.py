"""Writes are read back once the service has them, and what it has otherwise is found."""

from collections.abc import Iterator

import orjson
import pytest

from tests.end_to_end.site import Replica, Site
from tests.end_to_end.upstreams import Handler, Upstream
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
    phase: shadow
    lag: {{path: /lag}}
    shadow: {{writes: read-back, read_back_within: {within}}}
    routes:
      - path: /books
      - path: "/books/{{id}}"
"""


class Library:
    """Both systems; the service has what was written once it has followed, one thing mistaken."""

    def __init__(self) -> None:
        self.books: dict[str, dict[str, object]] = {}
        self.copied: dict[str, dict[str, object]] = {}
        self.lag = 0

    def follow(self) -> None:
        self.copied = {
            path: book | {"pages": str(book["pages"])} if "pages" in book else book
            for path, book in self.books.items()
        }
        self.lag = 0

    def __call__(self, handler: Handler) -> None:
        if handler.path == "/lag":
            handler.answer(b"%d" % self.lag)
        elif handler.command == "GET":
            books = self.books if handler.upstream.name == "monolith" else self.copied
            book = books.get(handler.path)
            status = 404 if book is None else 200
            handler.answer(orjson.dumps(book), "application/json", status)
        else:
            self._write(handler)

    def _write(self, handler: Handler) -> None:
        assert handler.upstream.name == "monolith", "no write is copied"
        self.lag += 1
        if handler.command == "DELETE":
            del self.books[handler.path]
            handler.answer(b"")
            return
        if handler.command == "PUT":
            self.books[handler.path] = orjson.loads(handler.body)
            handler.answer(b"")
            return
        path = f"/books/{len(self.books) + 1}"
        self.books[path] = orjson.loads(handler.body)
        handler.answer(b"", status=201, Location=path)


@pytest.fixture
def library(monolith: Upstream, service: Upstream) -> Library:
    library = Library()
    monolith.behaviour = service.behaviour = library
    return library


@pytest.fixture
def replica(
    site: Site, monolith: Upstream, service: Upstream, library: Library
) -> Iterator[Replica]:
    assert library.lag == 0
    site.write(ROUTES.format(monolith=monolith.url, service=service.url, within="30s"))
    with site.replica() as running:
        yield running


def write(replica: Replica, method: str, path: str, book: object) -> None:
    with replica.client() as client:
        answer = client.ask(path, method, orjson.dumps(book), Authorization="Bearer x")
    assert (answer.by, answer.status // 100) == ("monolith", 2)


def judged(replica: Replica, route: str, verdict: str, count: int) -> None:
    labels = {"route": route, "verdict": verdict}
    replica.await_metric(count, "strangler_shadow_verdicts_total", **labels)


def copies(replica: Replica, route: str, outcome: str) -> float:
    return replica.metric("strangler_shadow_copies_total", route=route, outcome=outcome)


def test_what_was_written_is_compared_once_the_service_has_it(
    site: Site, replica: Replica, library: Library, service: Upstream
) -> None:
    write(replica, "POST", "/books", {"name": "Emma"})
    write(replica, "PUT", "/books/1", {"name": "Emma", "pages": 474})
    assert not service.asked_for("/books/1", copies=True)
    library.follow()
    judged(replica, "/books", "mismatch", 1)
    judged(replica, "/books/{id}", "mismatch", 1)
    write(replica, "DELETE", "/books/1", None)
    library.follow()
    judged(replica, "/books/{id}", "match", 1)

    assert copies(replica, "/books", "read back by Location") == 1
    assert copies(replica, "/books/{id}", "read back by path") == 2
    assert {asked.method for asked in service.asked} == {"GET"}
    eventually(lambda: len(site.findings()) == 2, "they are written")
    told = {(one["route"], one["kind"], *one["paths"]) for one in site.findings()}
    assert told == {("/books", "type", "$.pages"), ("/books/{id}", "type", "$.pages")}


def test_a_service_that_lags_is_not_judged(
    site: Site, monolith: Upstream, service: Upstream, replica: Replica, library: Library
) -> None:
    site.write(ROUTES.format(monolith=monolith.url, service=service.url, within="100ms"))
    assert site.run("apply", "routes.yaml", "-m", "be quick").code == 0
    replica.await_revision(2)
    write(replica, "POST", "/books", {"name": "Emma"})
    replica.await_metric(
        1,
        "strangler_shadow_copies_total",
        route="/books",
        outcome="dropped: the service lags",
    )
    assert library.lag == 1
    assert not service.asked_for("/books/1", copies=True)
