"""The trie, held against a matcher that is slow and plain to see right."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.http.message import RequestHead
from strangler.routing.conditions import Condition, Conditions, Source
from strangler.routing.match import Claim, Node
from strangler.routing.pattern import parse_pattern
from tests.routing.building import ask, table_of

# --- the reference: try every route, keep those that fit, take the first in order ---------------

ORDER = {"literal": 0, "typed": 1, "plain": 2, "**": 3}


def kind(piece: str) -> str:
    if piece == "**":
        return "**"
    if piece.startswith("{"):
        return "typed" if ":" in piece else "plain"
    return "literal"


def as_regex(pattern: str) -> str:
    parts = []
    for piece in pattern[1:].split("/"):
        if piece == "**":
            parts.append("(?:/.*)?")
        elif kind(piece) == "typed":
            parts.append("/[0-9]+")
        else:
            parts.append("/" + ("[^/]+" if kind(piece) == "plain" else re.escape(piece)))
    return "".join(parts)


def meets(route: dict[str, Any], request: RequestHead) -> bool:
    headers = {name.decode().lower(): value.decode() for name, value in request.headers}
    return (
        request.method in route.get("methods", [request.method])
        and request.host in route.get("hosts", [request.host])
        and all(
            name in headers and value in ("*", headers[name])
            for name, value in route.get("headers", {}).items()
        )
    )


def specificity(route: dict[str, Any]) -> tuple[list[int], int, int]:
    kinds = [ORDER[kind(piece)] for piece in route["path"][1:].split("/")]
    values = list(route.get("headers", {}).values())
    named = ("methods" in route) + ("hosts" in route)
    return kinds, -(named + len(values)), -(named + len([v for v in values if v != "*"]))


def slow_match(routes: list[dict[str, Any]], request: RequestHead) -> dict[str, Any] | None:
    path = request.target.path
    fitting = [r for r in routes if re.fullmatch(as_regex(r["path"]), path) and meets(r, request)]
    return min(fitting, key=specificity, default=None)


# --- what is drawn: few words, so that routes meet ----------------------------------------------

PIECES = st.sampled_from(["a", "b", "1", "{x}", "{x:int}"])
# No two of these tie: on one path, each pair differs in rank or excludes each other.
CONDITIONS: list[dict[str, Any]] = [
    {},
    {"methods": ["GET"]},
    {"methods": ["POST", "PUT"]},
    {"methods": ["GET"], "hosts": ["one.example"]},
    {"methods": ["GET"], "hosts": ["two.example"]},
    {"methods": ["POST"], "headers": {"x-beta": "1"}},
    {"methods": ["POST"], "headers": {"x-beta": "2"}},
    {"methods": ["POST"], "headers": {"x-beta": "*"}},
    {"methods": ["POST"], "hosts": ["one.example"], "headers": {"x-beta": "*"}},
]


@st.composite
def patterns(draw: st.DrawFn) -> str:
    pieces = draw(st.lists(PIECES, min_size=1, max_size=4))
    named = [piece.replace("x", f"p{index}") for index, piece in enumerate(pieces)]
    closing = draw(st.sampled_from(["", "", "/", "/**"]))
    return "/" + "/".join(named) + closing


ROUTES = st.lists(
    st.builds(lambda path, more: {**more, "path": path}, patterns(), st.sampled_from(CONDITIONS)),
    min_size=1,
    max_size=12,
    unique_by=lambda route: (
        re.sub(r"p\d", "p", route["path"]),
        repr({key: value for key, value in route.items() if key != "path"}),
    ),
)
REQUESTS = st.builds(
    lambda method, pieces, closing, host, headers: ask(
        method, "/" + "/".join(pieces) + closing, host, **headers
    ),
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.lists(st.sampled_from(["a", "b", "1", "22", "z"]), max_size=5),
    st.sampled_from(["", "/"]),
    st.sampled_from(["one.example", "two.example", "three.example"]),
    st.sampled_from([{}, {"x_beta": "1"}, {"x_beta": "2"}, {"x_beta": "3"}]),
)


@given(ROUTES, st.lists(REQUESTS, min_size=1, max_size=20))
def test_the_trie_finds_what_trying_every_route_finds(
    routes: list[dict[str, Any]], requests: list[RequestHead]
) -> None:
    table = table_of(routes)
    by_line = {route.line: wanted for route, wanted in zip(table.routes, routes, strict=True)}
    for request in requests:
        found = table.match(request)
        assert (None if found is None else by_line[found.line]) == slow_match(routes, request)


@given(ROUTES, st.randoms(), REQUESTS)
def test_the_order_in_the_file_means_nothing(
    routes: list[dict[str, Any]], random: Any, request: RequestHead
) -> None:
    found = table_of(routes).match(request)
    shuffled = random.sample(routes, len(routes))
    again = table_of(shuffled).match(request)
    assert (found and found.label) == (again and again.label)


@given(ROUTES, REQUESTS)
def test_the_ranking_that_people_see_is_the_one_that_matches(
    routes: list[dict[str, Any]], request: RequestHead
) -> None:
    table = table_of(routes)
    ranked = table.root.ranked(request.target.path)
    met = [claim.owner for claim in ranked if claim.conditions.met(request)]
    assert table.match(request) is (met[0] if met else None)


# --- conditions ---------------------------------------------------------------------------------

UNIVERSE = [
    ask(method, f"/{query}", host, **headers)
    for method in ("GET", "POST", "PUT")
    for query in ("", "?q=1", "?q=2")
    for host in ("a.b.example", "x.b.example", "b.example", "other")
    for headers in ({}, {"x_beta": "1"}, {"x_beta": "2"})
]
ANY_CONDITIONS = st.builds(
    lambda methods, more: Conditions(methods, tuple(more)),
    st.sampled_from([None, frozenset({"GET"}), frozenset({"POST"}), frozenset({"GET", "PUT"})]),
    st.lists(
        st.one_of(
            st.builds(
                lambda value: Condition(Source.HOST, "", value),
                st.sampled_from(["a.b.example", "b.example", "*.b.example", "*.example"]),
            ),
            st.builds(
                lambda value: Condition(Source.HEADER, "x-beta", value),
                st.sampled_from(["1", "2", "*"]),
            ),
            st.builds(
                lambda value: Condition(Source.QUERY, "q", value),
                st.sampled_from(["1", "2", "*"]),
            ),
        ),
        max_size=3,
        unique_by=lambda condition: condition.source,
    ),
)


def host_of(conditions: Conditions) -> str | None:
    return next((one.value for one in conditions.more if one.source is Source.HOST), None)


@given(ANY_CONDITIONS, ANY_CONDITIONS)
def test_conditions_tie_where_one_request_meets_both_and_neither_is_more_specific(
    ours: Conditions, theirs: Conditions
) -> None:
    both = any(ours.met(request) and theirs.met(request) for request in UNIVERSE)
    hosts = host_of(ours), host_of(theirs)
    by_host = None not in hosts and hosts[0] != hosts[1]
    assert ours.ties(theirs) == (both and ours.rank == theirs.rank and not by_host)
    if both and by_host and ours.rank == theirs.rank:
        assert ours.order != theirs.order


@given(ANY_CONDITIONS, st.sampled_from(UNIVERSE))
def test_a_refusal_is_given_exactly_where_conditions_are_not_met(
    conditions: Conditions, request: RequestHead
) -> None:
    assert (conditions.refusal(request) is None) == conditions.met(request)


def labels_for(routes: list[dict[str, Any]], *requests: RequestHead) -> list[str | None]:
    table = table_of(routes)
    found = [table.match(request) for request in requests]
    return [route and route.label for route in found]


def test_an_exact_host_wins_over_a_pattern_and_a_longer_pattern_over_a_shorter() -> None:
    routes = [
        {"path": "/", "hosts": ["*.example.org"]},
        {"path": "/", "hosts": ["*.eu.example.org"]},
        {"path": "/", "hosts": ["shop.eu.example.org", "shop.example.com"]},
    ]
    hosts = ["a.example.org", "a.eu.example.org", "shop.eu.example.org", "example.org"]
    assert labels_for(routes, *(ask("GET", "/", host) for host in hosts)) == [
        "/ host=*.example.org",
        "/ host=*.eu.example.org",
        "/ host=shop.eu.example.org,shop.example.com",
        None,
    ]


def test_a_query_condition_reads_the_decoded_value_and_the_first_of_several() -> None:
    routes = [{"path": "/", "query": {"mode": "a b"}}]
    spelt = [
        "/?mode=a+b",
        "/?x=1&mode=a%20b",
        "/?m%6Fde=a%20b&mode=c",
        "/?mode=c&mode=a+b",
        "/?mode",
    ]
    label = "/ query:mode=a b"
    assert labels_for(routes, *(ask("GET", path) for path in spelt)) == [
        label,
        label,
        label,
        None,
        None,
    ]


def test_an_empty_value_is_present() -> None:
    routes = [{"path": "/", "query": {"debug": "*"}, "headers": {"X-Beta": "*"}}]
    assert labels_for(routes, ask("GET", "/?debug", x_beta=""), ask("GET", "/?debug")) == [
        "/ header:x-beta=* query:debug=*",
        None,
    ]


def test_a_claim_whose_conditions_fail_leaves_the_request_to_a_less_specific_path() -> None:
    routes = [{"path": "/a/search", "methods": ["POST"]}, {"path": "/a/{id}"}, {"path": "/**"}]
    asked = [ask("POST", "/a/search"), ask("GET", "/a/search"), ask("GET", "/a/b/c")]
    assert labels_for(routes, *asked) == ["POST /a/search", "/a/{id}", "/**"]


def test_a_head_of_any_bytes_can_be_matched() -> None:
    odd = RequestHead("GET", ask("GET", "/").target, "", [(b"\xff", b"\x80"), (b"x-a", b"\xe9")])
    assert table_of([{"path": "/", "headers": {"x-a": "é"}}]).match(odd) is not None


def test_matching_is_no_slower_with_many_routes_than_with_few() -> None:
    class Counting(dict[str, Any]):
        looked_up = 0

        def get(self, *key: Any) -> Any:
            Counting.looked_up += 1
            return super().get(*key)

    def lookups(routes: int) -> int:
        root: Node[int] = Node()
        for number in range(routes):
            pattern = parse_pattern(f"/api/v1/d{number}/{{id:int}}/files/**")
            root.add(Claim(pattern, Conditions(), number))
        nodes = [root]
        for node in nodes:
            nodes += [*node.literals.values(), *(branch.child for branch in node.branches)]
            node.literals = Counting(node.literals)
        Counting.looked_up = 0
        assert root.find(ask("GET", "/api/v1/d7/17/files/x")) == 7
        return Counting.looked_up

    assert lookups(10) == lookups(10_000)


@pytest.mark.parametrize("depth", [64, 5_000])
def test_a_deep_path_is_no_trouble(depth: int) -> None:
    assert labels_for([{"path": "/a/**"}], ask("GET", "/a" * depth)) == ["/a/**"]
