"""Unclaimed paths by template: nothing is lost, whatever clients make up; the list stays short."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.migration.unclaimed import (
    MOST_TEMPLATES,
    MOST_WORDS,
    Seen,
    Template,
    Templates,
    unexplained,
)
from tests.routing.building import table_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def once(seconds: float = 0) -> Seen:
    at = NOON + timedelta(seconds=seconds)
    return Seen(1, at, at)


def counted(*paths: str) -> dict[str, int]:
    templates = Templates()
    for path in paths:
        templates.add("GET", path, once())
    return {one.path: one.seen.count for one in templates.told()}


def test_identifiers_are_collapsed_and_words_stay() -> None:
    assert counted(
        "/orders/7",
        "/orders/8",
        "/orders/3f2c1e52-6a0f-4a0e-9d5e-6f1f5f1c2b11",
        "/orders/search",
        "/v1/oauth2",
        "/files/ann%40example.org",
        "/files/report-2024.pdf",
        "/files/" + "x" * 33,
        "/",
        "/orders/",
    ) == {
        "/orders/{int}": 2,
        "/orders/{uuid}": 1,
        "/orders/search": 1,
        "/v1/oauth2": 1,
        "/files/{id}": 3,
        "/": 1,
        "/orders/": 1,
    }


def test_a_place_with_too_many_words_is_a_parameter_in_truth() -> None:
    names = [f"/users/{a}{b}/mail" for a in "abcdef" for b in "uvwxyz"]
    assert len(names) > MOST_WORDS
    assert counted("/users/7", "/users", *names) == {
        "/users": 1,
        "/users/{int}": 1,
        "/users/{name}/mail": len(names),
    }


def test_what_is_seen_is_counted_by_method_with_its_first_and_last_time() -> None:
    templates = Templates()
    for method, seconds in (("GET", 5), ("POST", 3), ("GET", 1), ("GET", 9)):
        templates.add(method, f"/a/{seconds}", once(seconds))

    assert sorted(templates.told(), key=lambda one: one.method) == [
        Template("GET", "/a/{int}", Seen(3, once(1).first, once(9).last)),
        Template("POST", "/a/{int}", once(3)),
    ]


def test_too_many_templates_are_told_less_exactly() -> None:
    words = [a + b for a in "abcde" for b in "vwxyz"]
    paths = [f"/{one}/{two}/{three}" for one in words for two in words for three in words[:3]]
    told = counted("/rare", *paths)

    assert len(told) <= MOST_TEMPLATES
    assert told["/rare"] == 1
    assert told["/av/aw/**"] == 3
    assert sum(told.values()) == len(paths) + 1


def test_a_path_without_end_is_cut() -> None:
    (path,) = counted("/a" * 500)
    assert path == "/a" * 16 + "/**"


words = st.sampled_from(["a", "b", "7", "x-y", "{name}", "**", "", "wo", "wp", "wq"])
paths = st.lists(words, min_size=1, max_size=5).map(lambda found: "/" + "/".join(found))


@given(st.lists(paths, max_size=60), st.lists(paths, max_size=60))
def test_two_replicas_lose_nothing_when_they_add_up(ours: list[str], theirs: list[str]) -> None:
    first, second = Templates(), Templates()
    for path in ours:
        first.add("GET", path, once())
    for path in theirs:
        second.add("GET", path, once(1))
    both = Templates([*first.told(), *second.told()])

    assert sum(one.seen.count for one in both.told()) == len(ours) + len(theirs)
    told = [one.path for one in both.told()]
    assert len(told) == len(set(told))
    again = Templates(both.told())
    assert sorted(one.path for one in again.told()) == sorted(told), "telling again changes nothing"


@pytest.mark.parametrize(
    ("method", "path", "lies_there"),
    [
        ("GET", "/carts/{int}/print", True),  # below, and claimed by no route
        ("PUT", "/carts/{int}", True),  # the route has other methods
        ("GET", "/carts", True),
        ("GET", "/carts/{int}", False),  # claimed by now
        ("GET", "/orders/{int}/lines/{int}/x", True),
        ("GET", "/orders/{int}", False),  # above it: that is nobody's
        ("GET", "/cartsy", False),
        ("GET", "/{name}/x", True),  # nobody can say any more whether it was
        ("GET", "/**", True),
        ("GET", "/other", False),
    ],
)
def test_a_hit_is_unexplained_where_the_domain_lives(
    method: str, path: str, lies_there: bool
) -> None:
    routes = [
        {"path": "/carts/{id:int}", "methods": ["GET", "POST"]},
        {"path": "/orders/{id}/lines/{n}"},
        {"path": "/{any}", "methods": ["DELETE"]},
    ]
    table = table_of(routes, phase="extracted")
    hit = Template(method, path, Seen(1, NOON, NOON))
    assert unexplained(table, "d", [hit]) == ([hit] if lies_there else [])
