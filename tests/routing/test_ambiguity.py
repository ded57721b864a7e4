"""What a server may take for another route's path never goes where that route would not send it."""

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from strangler.routing.ambiguity import Outcome, ambiguity
from strangler.routing.compile import load
from strangler.routing.explain import explain
from strangler.routing.table import Route, RouteTable
from tests.routing.building import ask, document, table_of


def outcome(table: RouteTable, path: str, method: str = "GET", **headers: str) -> str:
    """Say what becomes of a request: refused, or the label of the route that gets it."""
    head = ask(method, path, **headers)
    route: Route | None = table.match(head)
    found = ambiguity(table, head, route)
    if found is not None and found.outcome is Outcome.REFUSED:
        return "refused"
    if found is not None and found.outcome is Outcome.ROUTED:
        route = found.reading.route
    return "monolith" if route is None else route.label


def extracted(*paths: str, **more: Any) -> RouteTable:
    return table_of([{"path": path} for path in paths], phase="extracted", **more)


def wanting(word: str, *routes: dict[str, Any], **domain: Any) -> RouteTable:
    data = document(list(routes), phase="extracted", **domain) | {"ambiguous_paths": word}
    return load(yaml.safe_dump(data, sort_keys=False))


def two_domains(one: str, other: str, phase: str = "extracted") -> RouteTable:
    """Compile two domains with one route each: the first extracted, the second in `phase`."""
    data = document([{"path": one}], phase="extracted")
    data["upstreams"]["newer"] = {"targets": ["http://127.0.0.1:9102"]}
    canary = {"canary": {"weight": "10%"}} if phase == "canary" else {}
    other_domain = {"service": "newer", "phase": phase, **canary, "routes": [{"path": other}]}
    data["domains"]["e"] = other_domain
    return load(yaml.safe_dump(data, sort_keys=False))


@pytest.mark.parametrize(
    "path",
    [
        "/served;x",
        "/served;x/y",
        "/;/served/x",
        "/;a=b/served;c/x",
        "/served%3bx/y",
        "/served%2fx",
        "/%2fserved/x",
        "/%2F%2Fserved%2Fx",
        "/served%5cx",
        "/%5cserved/x",
        "/SERVED/x",
        "/Served",
        "/%53erved/x",
        "/%C5%BFerved/x",
        "/;a%2fSERVED%5Cx",
        "/SERVED;x",
        "//;//SERVED",
    ],
)
def test_no_spelling_of_an_extracted_route_reaches_the_monolith(path: str) -> None:
    assert outcome(extracted("/served/**"), path) == "refused"


@pytest.mark.parametrize(
    "path",
    [
        "/served2;x",
        "/other;jsessionid=1/served",
        "/other%2Fserved",
        "/Other/SERVED",
        "/",
        "/serve%2Fd",
        "/caf%C3%A9",
    ],
)
def test_what_no_reading_leads_to_a_route_is_the_monoliths(path: str) -> None:
    assert outcome(extracted("/served/**"), path) == "monolith"


@pytest.mark.parametrize(
    "path",
    ["/served/a;b", "/served/a%2Fb", "/served/README.md", "/served/a%5Cb;c/D", "/served/%C3%89"],
)
def test_what_stays_on_its_route_in_every_reading_goes_on(path: str) -> None:
    assert outcome(extracted("/served/**"), path) == "/served/**"


def test_a_value_with_an_encoded_slash_may_belong_to_no_route_at_all_when_read_on() -> None:
    assert outcome(extracted("/projects/{id}"), "/projects/group%2Fproject") == "/projects/{id}"


def test_between_routes_of_one_service_nothing_is_refused() -> None:
    table = extracted("/projects/{id}", "/projects/{id}/{part}", "/projects/search")
    assert outcome(table, "/projects/group%2Fproject") == "/projects/{id}"
    assert outcome(table, "/projects/Search") == "/projects/{id}"


@pytest.mark.parametrize("path", ["/any/ADMIN/x", "/any/admin;x", "/any%2Fadmin", "/ANY;/Admin"])
def test_a_wider_route_of_another_domain_is_no_way_around(path: str) -> None:
    table = two_domains("/**", "/any/admin/**")
    assert outcome(table, path) == "refused"
    assert outcome(table, "/any/admin/x") == "/any/admin/**"


@pytest.mark.parametrize(
    ("phase", "method", "expected"),
    [
        ("monolith", "GET", "monolith"),
        ("shadow", "GET", "monolith"),
        ("canary", "GET", "monolith"),
        ("canary", "POST", "monolith"),
        ("extracted", "GET", "refused"),
        ("extracted", "POST", "refused"),
        ("retired", "GET", "refused"),
    ],
)
def test_as_long_as_the_monolith_answers_for_a_route_nothing_is_refused(
    phase: str, method: str, expected: str
) -> None:
    canary = {"canary": {"weight": "10%"}} if phase == "canary" else {}
    table = table_of([{"path": "/served/**"}], phase=phase, **canary)
    assert outcome(table, "/SERVED/x", method) == expected


def test_what_goes_on_is_told_of_beforehand() -> None:
    table = table_of([{"path": "/served/**"}], phase="shadow")
    found = ambiguity(table, ask("GET", "/SERVED/x"), None)
    assert found is not None
    assert (found.reading.route.label, found.outcome) == ("/served/**", Outcome.FORWARDED)


@pytest.mark.parametrize(
    ("route", "method", "host", "headers", "expected"),
    [
        ({"methods": ["POST"]}, "GET", "a.example", {}, "monolith"),
        ({"methods": ["POST"]}, "POST", "a.example", {}, "refused"),
        ({"hosts": ["b.example"]}, "GET", "a.example", {}, "monolith"),
        ({"hosts": ["b.example"]}, "GET", "b.example", {}, "refused"),
        ({"headers": {"x-beta": "1"}}, "GET", "a.example", {}, "monolith"),
        ({"headers": {"x-beta": "1"}}, "GET", "a.example", {"x_beta": "1"}, "refused"),
        ({"query": {"q": "1"}}, "GET", "a.example", {}, "monolith"),
    ],
)
def test_conditions_hold_for_every_reading(
    route: dict[str, Any], method: str, host: str, headers: dict[str, str], expected: str
) -> None:
    table = table_of([{"path": "/served/**", **route}], phase="extracted")
    head = ask(method, "/served;x/y", host, **headers)
    found = ambiguity(table, head, table.match(head))
    assert ("monolith" if found is None else found.outcome.value) == expected


def test_who_lists_two_cases_of_a_path_says_that_case_counts() -> None:
    table = two_domains("/api/**", "/API/**")
    assert outcome(table, "/api/x") == "/api/**"
    assert outcome(table, "/API/x") == "/API/**"
    assert outcome(table, "/Api/x") == "refused"


def test_a_route_in_upper_case_is_guarded_against_lower_case() -> None:
    table = extracted("/API/**", "/CAF%C3%89")
    assert outcome(table, "/API/x") == "/API/**"
    assert outcome(table, "/api/x") == "refused"
    assert outcome(table, "/caf%c3%a9") == "refused"


def test_an_operator_may_have_everything_forwarded() -> None:
    table = wanting("forward", {"path": "/served/**"})
    for path in ("/SERVED/x", "/served;x", "/served%2Fx"):
        assert outcome(table, path) == "monolith"
        found = ambiguity(table, ask("GET", path), None)
        assert found is not None
        assert found.outcome is Outcome.FORWARDED


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/cart;jsessionid=1", "/cart/**"),
        ("/Cart;jsessionid=1/items;x", "/cart/**"),
        ("/cart%2Fitems", "refused"),
        ("/;/cart", "refused"),
        ("/CART%5Citems", "refused"),
        ("/other;jsessionid=1", "monolith"),
    ],
)
def test_an_operator_may_have_case_and_parameters_overlooked(path: str, expected: str) -> None:
    table = wanting("route", {"path": "/cart/**"})
    assert outcome(table, path) == expected


def test_what_may_be_for_two_routes_is_routed_to_neither() -> None:
    data = document([{"path": "/a"}], phase="extracted") | {"ambiguous_paths": "route"}
    data["domains"]["e"] = {"service": "new", "phase": "extracted", "routes": [{"path": "/a/b"}]}
    table = load(yaml.safe_dump(data, sort_keys=False))
    assert outcome(table, "/a;x%2Fb") == "refused"


def test_a_rewrite_finds_its_segments_in_a_path_that_was_routed() -> None:
    table = wanting("route", {"path": "/cart/{id}/**", "rewrite": {"prefix": "/baskets"}})
    told = explain(table, ask("GET", "/Cart;jsessionid=1/7/x?y"))
    assert (told.primary, told.forwarded) == ("new", "/baskets/7/x?y")


def test_an_explanation_says_as_much_as_the_router_does() -> None:
    told = explain(extracted("/served/**"), ask("GET", "/served;x/y")).ambiguity
    assert told is not None
    assert (told.route, told.outcome) == ("/served/**", Outcome.REFUSED)
    assert (
        str(told)
        == f"may be read as /served/y, which /served/** (line {told.line}) claims: refused"
    )
    cased = explain(extracted("/served/**"), ask("GET", "/SERVED")).ambiguity
    assert str(cased).startswith("may be read as /SERVED in any case, which")
    assert explain(extracted("/served/**"), ask("GET", "/served/x")).ambiguity is None


# --- random tables, random spellings ------------------------------------------------------------

NAMES = st.sampled_from(["a", "bc", "Api", "é"])
PATTERNS = st.builds(
    lambda pieces, closing: "/" + "/".join(pieces) + closing,
    st.lists(NAMES | st.just("{}"), min_size=1, max_size=3),
    st.sampled_from(["", "/", "/**"]),
).map(lambda path: re.sub(r"\{\}", lambda found: f"{{p{found.start()}}}", path))
TABLES = st.lists(PATTERNS, min_size=1, max_size=6, unique_by=lambda one: re.sub(r"p\d+", "", one))


def escaped(letter: str) -> str:
    return "".join(f"%{octet:02x}" for octet in letter.encode())


@st.composite
def respelt(draw: st.DrawFn, pattern: str) -> str:
    """Write a path that a pattern claims in any way that some server takes for it."""
    path = ""
    for piece in pattern.split("/")[1:]:
        slash = draw(st.sampled_from(["/", "//", "/;x/", "/%3b/", "/./", "%2F", "%5c", ";v=1/"]))
        word = "z" if piece == "**" or piece.startswith("{") else piece
        cased = [draw(st.sampled_from([letter, letter.upper()])) for letter in word]
        spelt = [draw(st.sampled_from([letter, escaped(letter)])) for letter in cased]
        path += slash + "".join(spelt)
    # The first slash of all is one in every spelling.
    return "/" + path + draw(st.sampled_from(["", ";", ";w", "%3B", "?q"]))


@given(TABLES, st.data())
def test_no_spelling_of_a_claimed_path_reaches_the_monolith(
    patterns: list[str], data: st.DataObject
) -> None:
    path = data.draw(respelt(data.draw(st.sampled_from(patterns))))
    assert outcome(extracted(*patterns), path) != "monolith"


@given(TABLES, st.lists(st.sampled_from(["a", "bc", "api", "z"]), max_size=4))
def test_a_path_that_is_plainly_spelt_is_never_in_doubt(
    patterns: list[str], pieces: list[str]
) -> None:
    table = extracted(*{pattern.lower() for pattern in patterns})
    head = ask("GET", "/" + "/".join(pieces))
    assert ambiguity(table, head, table.match(head)) is None
