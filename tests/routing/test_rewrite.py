import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.http.target import TargetError, parse_target
from strangler.routing.table import Route, RouteTable
from tests.routing.building import ask, table_of


def route_for(pattern: str, prefix: str) -> Route:
    return table_of([{"path": pattern, "rewrite": {"prefix": prefix}}]).routes[0]


@pytest.mark.parametrize(
    ("pattern", "prefix", "target", "rewritten"),
    [
        ("/api/v1/datasets/search", "/files", "/api/v1/datasets/search?q=1", "/files?q=1"),
        ("/api/v1/datasets/{id}", "/d", "/api/v1/datasets/17", "/d/17"),
        ("/api/v1/datasets/{id}/x/**", "/", "/api/v1/datasets/17/x/y?z", "/17/x/y?z"),
        ("/api/**", "/v2", "/api", "/v2"),
        ("/api/**", "/v2", "/api/", "/v2/"),
        ("/api/**", "/v2/", "/api/x", "/v2/x"),
        ("/api/**", "/", "/api", "/"),
        ("/api/**", "/", "/api?x=/api", "/?x=/api"),
        ("/{tenant}/x", "/t", "/a/x", "/t/a/x"),
        ("/**", "/old", "/", "/old/"),
        ("/**", "/old", "//x", "/old//x"),
        ("/api/**", "/café", "/api/x", "/caf%C3%A9/x"),
        # The bytes behind the prefix are the client's own, and the prefix may be spelt oddly.
        ("/api/v1/**", "/v2", "//%61pi///v%31/a%2fb//c%7e?%7e", "/v2/a%2fb//c%7e?%7e"),
        ("/api/v1/**", "/v2", "/x/../api/./v1/y", "/v2/y"),
    ],
)
def test_the_literal_prefix_is_replaced_and_nothing_else(
    pattern: str, prefix: str, target: str, rewritten: str
) -> None:
    route = route_for(pattern, prefix)
    assert route.rewrite is not None
    assert route.rewrite.apply(parse_target(target.encode()).forward) == rewritten.encode()


ROUTES = [
    (route_for(pattern, prefix), table_of([{"path": pattern}]), cut, prefix)
    for pattern, cut in [
        ("/a/b/**", "/a/b"),
        ("/a/{x}", "/a"),
        ("/{x}/b/**", ""),
        ("/**", ""),
        ("/a/b", "/a/b"),
    ]
    for prefix in ("/n", "/n/m")
]
SPELLINGS = {"a": ["a", "%61"], "b": ["b", "%62"], "c": ["c", "%2F", "%2f", "é", "..."]}
STEPS = st.sampled_from(["/", "//", "/./", "/x/../", "/%2e/", "/x/%2E./"])


@given(
    st.sampled_from(ROUTES),
    st.lists(st.tuples(STEPS, st.sampled_from(["a", "b", "c"]), st.integers(0, 4)), max_size=5),
    st.sampled_from(["", "/", "//", "?q=/a/b", "/?%zz"]),
)
def test_what_the_service_sees_is_the_matched_path_with_the_other_prefix(
    drawn: tuple[Route, RouteTable, str, str], pieces: list[tuple[str, str, int]], end: str
) -> None:
    route, table, cut, prefix = drawn
    words = [step + SPELLINGS[word][n % len(SPELLINGS[word])] for step, word, n in pieces]
    raw = ("".join(words) + end).encode()
    try:
        target = parse_target(raw if raw.startswith(b"/") else b"/" + raw)
    except TargetError:
        return
    if table.match(ask("GET", target.path)) is None:
        return
    assert route.rewrite is not None
    seen = parse_target(route.rewrite.apply(target.forward))
    assert seen.path == prefix + target.path[len(cut) :]
    assert seen.query == target.query
