import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.http.target import TargetError, parse_target
from strangler.routing.table import Route, RouteTable
from tests.routing.building import ask, table_of


def route_for(pattern: str, prefix: str) -> Route:
    return table_of([{"path": pattern, "rewrite": {"prefix": prefix}}]).routes[0]


def rewritten(path: str, rewrite: dict[str, str], target: str) -> str:
    """Rewrite a target on the one route of a table, which claims it."""
    table = table_of([{"path": path, "rewrite": rewrite}])
    head = ask("GET", target)
    assert table.match(head) is table.routes[0]
    return table.routes[0].origin_form(head, "new").decode()


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
        # What begins with two slashes would be read as a host by some.
        ("/api/**", "/", "/api//x", "/x"),
        ("/{tenant}/x", "/", "//a/x", "/a/x"),
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


@pytest.mark.parametrize(
    ("path", "template", "target", "seen"),
    [
        ("/a/{x}", "/b/{x}/c", "/a/17?q=1&q=%41", "/b/17/c?q=1&q=%41"),
        ("/a/{x:int}/{y}", "/{y}/{x}", "/a/17/z", "/z/17"),
        ("/a/{x}/**", "/b/{x}/**", "/a/17", "/b/17"),
        ("/a/{x}/**", "/b/{x}/**", "/a/17/", "/b/17/"),
        ("/a/{x}/**", "/b/{x}/**", "/a/17/y//%7e?/..", "/b/17/y//%7e?/.."),
        ("/a/**", "/**", "/a", "/"),
        ("/a/**", "/**", "/a//x", "/x"),
        ("/a/**", "/**", "/a?x", "/?x"),
        ("/a/{x}/", "/b/{x}", "/a/17//", "/b/17"),
        ("/a/{x}", "/b/{x}/", "/a/17", "/b/17/"),
        # What the template leaves out is dropped, and the query stays.
        ("/a/{x}/{y}/**", "/b/{y}", "/a/17/18/19?/q", "/b/18?/q"),
        ("/a/{x}", "/", "/a/17?x", "/?x"),
        # Literals are the template's, values the client's, each in its own spelling.
        (
            "/a/{x}/b",
            "/caf\u00e9/100%25/{x}",
            "//%61//x%2f%7e%252e///b",
            "/caf%C3%A9/100%25/x%2f%7e%252e",
        ),
    ],
)
def test_a_template_is_the_whole_path_and_values_stay_byte_for_byte(
    path: str, template: str, target: str, seen: str
) -> None:
    assert rewritten(path, {"template": template}, target) == seen


def test_the_monolith_gets_the_path_as_it_came() -> None:
    table = table_of([{"path": "/a/{x}", "rewrite": {"template": "/b/{x}"}}])
    assert table.routes[0].origin_form(ask("GET", "/a/17"), "old") == b"/a/17"


VALUE = st.text("ab.%2FfeE/;\u00e9%", min_size=1, max_size=8)
TEMPLATES = {
    template: table_of([{"path": "/a/{x}/b/{y}/**", "rewrite": {"template": template}}])
    for template in ["/c/{y}/d/{x}/**", "/{x}/c/{y}/**"]
}


@given(
    st.sampled_from(list(TEMPLATES)),
    st.tuples(STEPS, VALUE, STEPS, VALUE),
    st.sampled_from(["", "/", "//", "/r", "//r/../%2e%2e/s", "/r%2F..", "?q=/a/../b", "/?%zz"]),
)
def test_no_value_changes_the_shape_of_the_rewritten_path(
    template: str, pieces: tuple[str, str, str, str], end: str
) -> None:
    """What the service reads: the template's own segments, and between them the same values."""
    table = TEMPLATES[template]
    first, x, second, y = pieces
    try:
        head = ask("GET", f"/a{first}{x}/b{second}{y}{end}")
    except TargetError:
        return
    if table.match(head) is None:
        return
    _, _, x, _, y, *rest = head.target.path.split("/")

    seen = parse_target(table.routes[0].origin_form(head, "new"))

    filled = template.removesuffix("/**").format(x=x, y=y)
    assert seen.path == "/".join([filled, *rest])
    assert seen.query == head.target.query
