"""Which changes move a writer, and what whoever moves it does next."""

import pytest

from strangler.migration.fence import Scope, Step, may_meet, moved_writers, next_step
from strangler.routing.compile import load
from strangler.routing.pattern import parse_pattern
from strangler.routing.table import RouteTable

HEAD = """\
version: 1
upstreams:
  old: {targets: [http://127.0.0.1:9000]}
  new: {targets: [http://127.0.0.1:9001]}
  other: {targets: [http://127.0.0.1:9002]}
monolith: MONOLITH
domains:
"""
BOOKS = "{service: new, phase: canary, canary: {weight: 5%}, routes: [{path: /books}]}"


def table(monolith: str = "old", **domains: str) -> RouteTable:
    lines = [f"  {name}: {text}\n" for name, text in domains.items()]
    head = HEAD.replace("MONOLITH", monolith) if lines else HEAD.replace("domains:\n", "")
    return load(head.replace("MONOLITH", monolith) + "".join(lines))


def moved(before: str, after: str) -> Scope:
    """What moves when the domain `books` is written so instead of so."""
    films = "{service: other, routes: [{path: /films}]}"
    return moved_writers(table(books=before, films=films), table(books=after, films=films))


@pytest.mark.parametrize(
    "after",
    [
        BOOKS,
        BOOKS.replace("5%", "50%"),
        BOOKS.replace("canary, c", "shadow, c"),
        BOOKS.replace("routes: [", "routes: [{path: '/books/{id}', methods: [GET]}, "),
        BOOKS.replace("routes: [", "routes: [{path: '/books/{id}'}, "),
    ],
)
def test_no_writer_moves_while_the_monolith_has_all_writes(after: str) -> None:
    assert not moved(BOOKS, after)
    assert not moved(after, BOOKS)


@pytest.mark.parametrize("phase", ["extracted", "retired"])
def test_a_phase_with_another_writer_moves_the_domain_and_no_other(phase: str) -> None:
    there = BOOKS.replace("phase: canary", f"phase: {phase}")

    assert moved(BOOKS, there) == moved(there, BOOKS) == Scope(frozenset({"books"}))


def test_another_service_is_another_writer_once_it_writes() -> None:
    extracted = BOOKS.replace("phase: canary", "phase: extracted")

    assert not moved(BOOKS, BOOKS.replace("new", "other"))
    assert moved(extracted, extracted.replace("new", "other")) == Scope(frozenset({"books"}))


def test_what_comes_to_an_extracted_domain_is_of_no_route_before_so_everything_waits() -> None:
    before = BOOKS.replace("phase: canary", "phase: extracted")
    after = before.replace("routes: [", "routes: [{path: /loans}, ")

    scope = moved(before, after)
    assert (scope.domains, scope.everything) == ({"books"}, True)
    assert moved(after, before) == scope


def test_a_route_that_hides_another_with_another_writer_moves_what_it_hides() -> None:
    extracted = "{service: new, phase: extracted, routes: [{path: /books/**}]}"
    before = table(books=extracted)
    after = table(books=extracted, loans="{service: new, routes: [{path: /books/loans}]}")

    assert moved_writers(before, after) == Scope(frozenset({"loans"}), everything=True)


def test_a_domain_that_is_taken_out_goes_back_to_the_monolith() -> None:
    extracted = BOOKS.replace("phase: canary", "phase: extracted")

    assert moved_writers(table(books=extracted), table()).everything
    assert not moved_writers(table(books=BOOKS), table())


def test_another_monolith_is_another_writer_of_all_that_it_writes() -> None:
    assert moved_writers(table("old", books=BOOKS), table("other", books=BOOKS)) == Scope(
        frozenset({"books"}), everything=True
    )


def test_a_first_table_moves_nothing() -> None:
    assert not moved_writers(None, table(books=BOOKS.replace("canary, c", "extracted, c")))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("/a/b", "/a/b", True),
        ("/a/b", "/a/c", False),
        ("/a/{x}", "/a/b", True),
        ("/a/{x}", "/a/b/c", False),
        ("/a/**", "/a/b/c", True),
        ("/a/**", "/a", True),
        ("/a/**", "/b/**", False),
        ("/**", "/a/b", True),
        ("/{x}/b/**", "/a/{y}", True),
    ],
)
def test_patterns_meet_where_some_path_is_of_both(one: str, other: str, expected: bool) -> None:
    assert may_meet(parse_pattern(one), parse_pattern(other)) is expected
    assert may_meet(parse_pattern(other), parse_pattern(one)) is expected


@pytest.mark.parametrize(
    ("left", "unacknowledged", "lags", "expected"),
    [
        (2.0, ["web-1"], None, Step.WAIT),
        (2.0, ["web-1"], [], Step.WAIT),
        (2.0, [], None, Step.PROBE),
        (2.0, [], ["it lags"], Step.WAIT),
        (2.0, [], [], Step.SWITCH),
        (0.0, [], [], Step.LIFT),
        (-1.0, ["web-1"], None, Step.LIFT),
    ],
)
def test_a_switch_needs_every_replica_every_probe_and_time(
    left: float, unacknowledged: list[str], lags: list[str] | None, expected: Step
) -> None:
    assert next_step(left, unacknowledged, lags) is expected
