"""The table in which some writes wait differs in nothing else."""

import pytest

from strangler.routing.ambiguity import Outcome, ambiguity
from strangler.routing.compile import load
from strangler.routing.hold import Hold, held
from strangler.routing.table import Route, RouteTable
from tests.routing.building import ask

ROUTES = """\
version: 1
upstreams:
  old: {targets: [http://127.0.0.1:9000]}
  new: {targets: [http://127.0.0.1:9001]}
monolith: old
domains:
  books:
    service: new
    routes:
      - path: /books
      - {path: /books/search, methods: [POST], effect: read}
      - {path: /books/lend, methods: [GET], effect: write}
  films: {service: new, routes: [{path: /films/**}]}
"""


def hold(*domains: str, everything: bool = False) -> Hold:
    return Hold(1, frozenset(domains), everything, seconds=5.0, requests=10)


@pytest.fixture
def table() -> RouteTable:
    return load(ROUTES)


def waits(table: RouteTable, hold: Hold, method: str, path: str) -> bool:
    """Ask as the data plane does."""
    live = held(table, hold)
    head = ask(method, path)
    route = live.match(head)
    plan = live.fallthrough if route is None else route.plan_for(method)
    return not plan.plain and plan.held and hold.covers(route, method)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/books", True),
        ("GET", "/books", False),
        ("POST", "/books/search", False),
        ("GET", "/books/lend", True),
        ("POST", "/films/7", False),
        ("POST", "/unclaimed", False),
    ],
)
def test_only_the_writes_of_the_domain_wait(
    table: RouteTable, method: str, path: str, expected: bool
) -> None:
    assert waits(table, hold("books"), method, path) is expected


@pytest.mark.parametrize("path", ["/books", "/films/7", "/unclaimed"])
def test_everything_is_all_writes_and_no_read(table: RouteTable, path: str) -> None:
    assert waits(table, hold(everything=True), "DELETE", path)
    assert not waits(table, hold(everything=True), "GET", path)


def test_whatever_is_not_held_keeps_its_very_plans(table: RouteTable) -> None:
    """So a route without a fence pays nothing for those of others."""
    live = held(table, hold("books"))
    films: Route | None = live.match(ask("POST", "/films/7"))

    assert films is table.match(ask("POST", "/films/7"))
    assert live.fallthrough is table.fallthrough
    assert (live.digest, live.domains, live.upstreams) == (
        table.digest,
        table.domains,
        table.upstreams,
    )


@pytest.mark.parametrize("path", ["/BOOKS", "/books;x", "/%2Fbooks"])
def test_no_spelling_of_a_path_goes_around_a_fence(table: RouteTable, path: str) -> None:
    live = held(table, hold("books"))

    def refused(method: str, asked: RouteTable) -> bool:
        found = ambiguity(asked, ask(method, path), None)
        return found is not None and found.outcome is Outcome.REFUSED

    assert refused("POST", live)
    assert not refused("GET", live)
    assert not refused("POST", table)
