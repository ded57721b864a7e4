"""What clients are told where an upstream speaks of its own addresses and paths."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from strangler.http.reference import Origin
from strangler.http.roles import REFERENCE, response_role
from strangler.http.target import TargetError
from strangler.routing.map_back import MapBack, map_back, may_speak_of_itself
from strangler.routing.table import RouteTable
from tests.routing.building import ask, table_of

CLIENT = Origin(b"https", b"shop.example")


def mapping(
    table: RouteTable,
    upstream: str = "new",
    client: Origin = CLIENT,
    host: str = "shop.example",
    path: str = "/",
) -> MapBack:
    """Make the mapping for the first route; the service `new` is at 127.0.0.1:9101."""
    head = ask("GET", path)
    head.headers = [(b"Host", host.encode())]
    return map_back(table.upstreams[upstream], table.routes[0], head, client)


def one(path: str, **rewrite: str) -> MapBack:
    return mapping(table_of([{"path": path, "rewrite": rewrite}]))


V2 = table_of([{"path": "/api/**", "rewrite": {"prefix": "/v2"}}])
"""The plainest rewrite."""


# --- paths --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "prefix", "said", "told"),
    [
        ("/api/v1/**", "/v2", "/v2/x?q=/v2#/v2", "/api/v1/x?q=/v2#/v2"),
        ("/api/v1/**", "/v2", "/v2", "/api/v1"),
        ("/api/v1/**", "/v2", "/v2/", "/api/v1/"),
        ("/api/v1/**", "/v2", "/%76%32/x%2fy/%7e", "/api/v1/x%2fy/%7e"),
        ("/api/v1/**", "/v2", "/v2/x/../y", "/api/v1/y"),
        ("/api/v1/**", "/", "/x", "/api/v1/x"),
        ("/api/v1/**", "/", "/", "/api/v1/"),
        ("/**", "/v2", "/v2/x", "/x"),
        ("/**", "/v2", "/v2//evil.example/x", "/evil.example/x"),
        ("/api/{id}", "/v2", "/v2/17", "/api/17"),
        # Beyond what the route claims, but under its prefix.
        ("/api/sets", "/sets", "/sets/17", "/api/sets/17"),
        ("/api/sets/{id:int}", "/sets", "/sets/new", "/api/sets/new"),
        # What leaves the prefix stays.
        ("/api/v1/**", "/v2", "/v22", "/v22"),
        ("/api/v1/**", "/v2", "/v2/../x", "/v2/../x"),
        ("/api/v1/**", "/v2", "/login?next=/v2", "/login?next=/v2"),
    ],
)
def test_a_path_under_the_prefix_is_mapped_back(
    path: str, prefix: str, said: str, told: str
) -> None:
    assert one(path, prefix=prefix).reference(said.encode()).decode() == told


@pytest.mark.parametrize(
    ("path", "template", "said", "told"),
    [
        ("/a/{x:int}/{y}/**", "/b/{y}/of/{x}/**", "/b/z/of/17/r/?q", "/a/17/z/r/?q"),
        ("/a/{x:int}/{y}/**", "/b/{y}/of/{x}/**", "/b/z%2f/of/17", "/a/17/z%2f"),
        ("/a/{x:int}/{y}/**", "/b/{y}/of/{x}/**", "/b/z/of/no/r", "/b/z/of/no/r"),
        ("/a/{x:int}/{y}/**", "/b/{y}/of/{x}/**", "/b", "/b"),
        ("/a/{x}", "/{x}", "/17", "/a/17"),
        ("/a/{x}", "/{x}", "/", "/"),
        ("/a/{x}", "/{x}", "/17/18", "/17/18"),
        # What the template dropped cannot be known again.
        ("/a/{x}/{y}", "/b/{y}", "/b/17", "/b/17"),
        ("/a/**", "/b", "/b", "/b"),
    ],
)
def test_a_path_that_the_template_could_have_made_is_mapped_back(
    path: str, template: str, said: str, told: str
) -> None:
    assert one(path, template=template).reference(said.encode()).decode() == told


@pytest.mark.parametrize("said", ["", "x", "../x", "?q", "#f", "/v2/%zz", "/v2/a b", "mailto:a@b"])
def test_what_is_no_path_from_the_root_or_cannot_be_read_stays(said: str) -> None:
    assert mapping(V2).reference(said.encode()).decode() == said


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("x", "/sets/17/x"),
        ("x?q=/y#f", "/sets/17/x?q=/y#f"),
        ("./x", "/sets/17/x"),
        ("../18/", "/sets/18/"),
        ("..", "/sets/"),
        # Alike on both sides, or beyond what is mapped.
        ("", ""),
        ("?q", "?q"),
        ("#f", "#f"),
        ("../../../x", "../../../x"),
        ("a:b", "a:b"),
        ("x/%zz", "x/%zz"),
    ],
)
def test_a_relative_reference_is_meant_from_what_the_service_was_asked_for(
    said: str, told: str
) -> None:
    way = {"template": "/v2/of/{id}/**"}
    routes = [{"path": "/sets/{id}/**", "rewrite": way}]
    routes += [{"path": "/sets/", "rewrite": {"template": "/v2/of/"}}]
    table = table_of(routes)
    service, monolith = (mapping(table, name, path="/sets/17/parts?q=/") for name in ("new", "old"))
    assert service.field(b"location", said.encode()).decode() == told
    assert monolith.field(b"location", said.encode()).decode() == said


def test_a_relative_reference_never_names_a_host() -> None:
    """Where the path that was asked begins with two slashes, what is merged with it seems to."""
    back = mapping(V2, "old", path="//127.0.0.1:9000/x")
    assert back.field(b"location", b"y") == b"y"


def test_the_most_specific_route_of_the_domain_leads_back() -> None:
    table = table_of(
        [
            {"path": "/uploads", "rewrite": {"prefix": "/"}},
            {"path": "/api/files/{id:int}", "rewrite": {"template": "/files/{id}"}},
            {"path": "/api/files/{name}", "rewrite": {"template": "/files/{name}"}},
            {"path": "/api/other/**", "rewrite": {"prefix": "/files"}},
            {"path": "/health"},
        ]
    )
    told = {
        said: mapping(table).reference(said.encode()).decode()
        for said in ["/files/17", "/files/a", "/files/a/b", "/health", "/elsewhere"]
    }
    assert told == {
        "/files/17": "/api/files/17",
        "/files/a": "/api/files/a",
        "/files/a/b": "/api/other/a/b",
        "/health": "/health",
        "/elsewhere": "/uploads/elsewhere",
    }


def test_of_two_routes_to_one_path_the_one_that_was_asked_leads_back() -> None:
    routes: list[dict[str, Any]] = [
        {"path": "/v1/**", "rewrite": {"prefix": "/x"}},
        {"path": "/v2/**", "rewrite": {"prefix": "/x"}},
    ]
    assert mapping(table_of(routes)).reference(b"/x/17") == b"/v1/17"
    assert mapping(table_of(routes[::-1])).reference(b"/x/17") == b"/v2/17"


def test_paths_of_the_monolith_and_of_routes_without_a_rewrite_stay() -> None:
    routes: list[dict[str, Any]] = [
        {"path": "/api/**", "rewrite": {"prefix": "/v2"}},
        {"path": "/plain/**"},
    ]
    table = table_of(routes)
    assert mapping(table, "old").reference(b"/v2/x") == b"/v2/x"
    assert mapping(table_of(routes[::-1])).reference(b"/v2/x") == b"/v2/x"
    assert (
        map_back(table.upstreams["old"], None, ask("GET", "/"), CLIENT).reference(b"/v2/x")
        == b"/v2/x"
    )


WAYS: dict[str, list[dict[str, str]]] = {
    path: [{"prefix": "/"}, {"prefix": "/n"}, {"prefix": "/n/m"}]
    for path in ["/a/{x}/b/{y}/**", "/a/**", "/{x:int}/**", "/a/{x}", "/a/{x}/", "/**"]
}
WAYS["/a/{x}/b/{y}/**"] += [{"template": "/{y}/{x}/**"}, {"template": "/b/{y}/a/{x}/**"}]
WAYS["/a/{x}"] += [{"template": "/b/c/{x}/"}, {"template": "/{x}"}]
WAYS["/a/**"] += [{"template": "/b/**"}, {"template": "/**"}]
TABLES = [table_of([{"path": path, "rewrite": way}]) for path, ways in WAYS.items() for way in ways]
SPELLINGS = {"/a": ["/a", "//a", "/%61", "/./a"], "/b": ["/b", "/x/../b"], "{x:int}": ["7", "%37"]}
VALUES = ["a", "7", "%61", "x%2Fy", "x%2e%2E", "é", "/7"]
RESTS = ["", "/", "/a", "//b/", "/a/%2e./b", "/%7e;x=1/"]


@given(st.data(), st.sampled_from(TABLES), st.sampled_from(["", "?q=1", "?/%zz"]))
def test_what_the_service_was_asked_for_leads_back_to_what_the_client_asked(
    data: st.DataObject, table: RouteTable, query: str
) -> None:
    route = table.routes[0]
    asked = route.pattern
    for piece in ["/a", "/b", "{x:int}", "{x}", "{y}", "/**"]:
        choices = SPELLINGS.get(piece, RESTS if piece == "/**" else VALUES)
        asked = asked.replace(piece, data.draw(st.sampled_from(choices)))
    head = ask("GET", (asked or "/") + query)
    assert table.match(head) is route
    seen = route.origin_form(head, "new")

    back = ask("GET", mapping(table).reference(seen).decode())

    assert table.match(back) is route
    assert back.target.path in {head.target.path, head.target.path + "/"}  # of /a, under /
    assert back.target.query == head.target.query
    again = ask("GET", route.origin_form(back, "new").decode())
    assert again.target.path == ask("GET", seen.decode()).target.path


# --- URLs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("http://127.0.0.1:9101/v2/x?q#f", "https://shop.example/api/x?q#f"),
        ("HTTP://127.0.0.1:9101/v2/x", "https://shop.example/api/x"),
        ("https://127.0.0.1:9101/v2/x", "https://shop.example/api/x"),
        ("//127.0.0.1:9101/v2/x", "//shop.example/api/x"),
        # Whatever its path, no client can reach a target.
        ("http://127.0.0.1:9101/login", "https://shop.example/login"),
        ("http://127.0.0.1:9101", "https://shop.example"),
        ("http://127.0.0.1:9101?q", "https://shop.example?q"),
        ("http://127.0.0.1:9101/a b", "https://shop.example/a b"),
        # The host that it was asked with is the client's own.
        ("http://Shop.example/v2/x", "https://shop.example/api/x"),
        ("https://shop.example:443/v2/x", "https://shop.example/api/x"),
        ("http://shop.example/login", "http://shop.example/login"),
        # All others are somebody else's.
        ("http://127.0.0.1:9000/v2/x", "http://127.0.0.1:9000/v2/x"),
        ("http://127.0.0.1/v2/x", "http://127.0.0.1/v2/x"),
        ("http://me@127.0.0.1:9101/v2/x", "http://me@127.0.0.1:9101/v2/x"),
        ("http://login.example/v2/x", "http://login.example/v2/x"),
        ("http:///v2/x", "http:///v2/x"),
    ],
)
def test_a_url_of_the_service_becomes_one_of_the_client(said: str, told: str) -> None:
    assert mapping(V2).reference(said.encode()).decode() == told


@pytest.mark.parametrize(
    ("upstream", "said", "told"),
    [
        ("new", "http://127.0.0.1:9101/v2/x", "https://shop.example/v2/x"),
        ("old", "http://127.0.0.1:9000/x", "https://shop.example/x"),
        ("old", "http://127.0.0.1:9101/x", "http://127.0.0.1:9101/x"),
        ("new", "http://shop.example/v2/x", "http://shop.example/v2/x"),
    ],
)
def test_without_a_rewrite_an_authority_is_mapped_and_no_path(
    upstream: str, said: str, told: str
) -> None:
    back = mapping(table_of([{"path": "/api/**"}]), upstream)
    assert back.reference(said.encode()).decode() == told


def test_a_redirect_to_https_is_not_turned_into_a_loop() -> None:
    back = mapping(V2, client=Origin(b"http", b"shop.example"))
    assert back.reference(b"https://shop.example/v2/x") == b"https://shop.example/api/x"
    assert back.reference(b"http://shop.example/v2/x") == b"http://shop.example/api/x"


def test_a_host_that_a_proxy_before_us_changed_becomes_the_clients() -> None:
    back = mapping(V2, host="inner:8080")
    assert back.reference(b"http://inner:8080/v2/x") == b"https://shop.example/api/x"


def test_a_client_that_named_no_host_gets_a_path() -> None:
    back = mapping(V2, client=Origin(b"http", b""), host="")
    assert back.reference(b"http://127.0.0.1:9101/v2/x#f") == b"/api/x#f"
    assert back.reference(b"http://127.0.0.1:9101//evil.example/") == b"/evil.example/"


# --- cookies ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rewrite", "said", "told"),
    [
        ({"prefix": "/v2"}, "/v2", "/api/sets"),
        ({"prefix": "/v2"}, "/v2/", "/api/sets/"),
        ({"prefix": "/v2"}, "/v2/17/files", "/api/sets/17/files"),
        ({"prefix": "/v2/sets"}, "/v2", "/api/sets"),
        ({"prefix": "/v2"}, "/", "/"),
        ({"prefix": "/v2"}, "/v3", "/v3"),
        ({"prefix": "/v2"}, "v2", "v2"),
        ({"prefix": "/v2"}, "", ""),
        ({"prefix": "/v2"}, "*", "*"),
        ({"prefix": "/v2"}, "/%zz", "/%zz"),
        ({"prefix": "/"}, "/", "/api/sets"),
        ({"prefix": "/"}, "/17", "/api/sets/17"),
        ({"prefix": "/"}, "*", "*"),
        ({"template": "/files/of/{id}/**"}, "/files/of/17", "/api/sets/17"),
        ({"template": "/files/of/{id}/**"}, "/files", "/api/sets"),
        ({"template": "/files/of/{id}/**"}, "/", "/"),
        ({"template": "/{id}/**"}, "/", "/api/sets"),
    ],
)
def test_the_path_of_a_cookie_is_mapped_back(rewrite: dict[str, str], said: str, told: str) -> None:
    field = one("/api/sets/{id}/**", **rewrite).field(
        b"set-cookie", b"a=b; Path=%b" % said.encode()
    )
    assert field.decode() == f"a=b; Path={told}"


@pytest.mark.parametrize(
    ("domain", "kept"),
    [
        ("127.0.0.1", False),
        (".127.0.0.1", False),
        ("INNER", False),
        ("shop.example", True),
        ("example", True),
        ("other.example", True),
    ],
)
def test_the_name_of_the_upstream_is_no_domain_of_a_cookie(domain: str, kept: bool) -> None:
    back = mapping(table_of([{"path": "/api/**"}]), host="inner:8080")
    field = b"a=b; Domain=%b; Secure" % domain.encode()
    assert back.field(b"set-cookie", field) == (field if kept else b"a=b; Secure")


def test_a_domain_that_is_the_clients_too_stays() -> None:
    back = mapping(table_of([{"path": "/api/**"}]), client=Origin(b"http", b"127.0.0.1:8080"))
    assert back.field(b"set-cookie", b"a=b; Domain=127.0.0.1") == b"a=b; Domain=127.0.0.1"


# --- heads and bodies ---------------------------------------------------------------------------


def test_a_head_keeps_order_case_and_duplicates() -> None:
    headers = [
        (b"LOCATION", b"/v2/x"),
        (b"X-Url", b"http://127.0.0.1:9101/v2/x"),
        (b"set-cookie", b"a=b; path=/v2"),
        (b"Set-Cookie", b"c=d"),
        (b"Content-Location", b"/v2/y"),
    ]
    assert mapping(V2).head(200, headers, bodiless=False) == [
        (b"LOCATION", b"/api/x"),
        (b"X-Url", b"http://127.0.0.1:9101/v2/x"),
        (b"set-cookie", b"a=b; path=/api"),
        (b"Set-Cookie", b"c=d"),
        (b"Content-Location", b"/api/y"),
    ]


def test_the_fields_that_are_mapped_are_named() -> None:
    back = mapping(V2)
    for name in [b"location", b"content-location", b"set-cookie", b"link", b"refresh", b"x-url"]:
        value = b"a=b; Path=/v2" if name == b"set-cookie" else b"/v2/x"
        assert (back.field(name, value) != value) is (response_role(name) == REFERENCE)


JSON = (b"Content-Type", b"application/json")
BODY = b'{"a": "http://127.0.0.1:9101/v2/x", "b": "/v2/x", "c": "http://other/v2/x", "d": 1.0}'
TOLD = b'{"a": "https://shop.example/api/x", "b": "/v2/x", "c": "http://other/v2/x", "d": 1.0}'
IN_JSON = table_of(
    [
        {"path": "/api/**", "rewrite": {"prefix": "/v2", "json_urls": True}},
        {"path": "/other/**", "rewrite": {"prefix": "/v2"}},
    ]
)


def test_urls_in_a_json_body_are_mapped_where_the_route_asks_for_it() -> None:
    assert mapping(IN_JSON).maps_body(200, [JSON])
    assert mapping(IN_JSON).body(BODY) == TOLD

    other = map_back(IN_JSON.upstreams["new"], IN_JSON.routes[1], ask("GET", "/"), CLIENT)
    assert not other.maps_body(200, [JSON])
    assert not mapping(IN_JSON, "old").maps_body(200, [JSON])
    assert not mapping(IN_JSON).maps_body(206, [JSON])


FIELDS = [JSON, (b"ETag", b'"a"'), (b"Content-Length", b"91"), (b"Digest", b"b")]


def test_a_strong_validator_becomes_a_weak_one_whatever_the_body_holds() -> None:
    assert mapping(IN_JSON).head(200, FIELDS, bodiless=False) == [
        JSON,
        (b"ETag", b'W/"a"'),
        *FIELDS[2:],
    ]


def test_answers_without_a_body_tell_the_validator_of_the_one_with_it() -> None:
    """RFC 9110 sections 9.3.2 and 15.4.5: HEAD and 304 have the fields that GET would have."""
    back = mapping(IN_JSON)
    assert back.head(200, FIELDS, bodiless=True) == [JSON, (b"ETag", b'W/"a"')]
    assert back.head(304, [(b"ETag", b'"a"')], bodiless=True) == [(b"ETag", b'W/"a"')]
    assert mapping(V2).head(200, FIELDS, bodiless=True) == FIELDS


@pytest.mark.parametrize(
    ("value", "may"),
    [
        (b"a=b; Path=/; HttpOnly", False),
        (b"/x", False),
        (b"a=b; DOMAIN = x", True),
        (b"http://127.0.0.1:9101/x", True),
        (b"//127.0.0.1:9101/x", True),
    ],
)
def test_without_a_rewrite_only_what_names_an_authority_is_looked_at(
    value: bytes, may: bool
) -> None:
    assert may_speak_of_itself([b"/y", value], table_of([{"path": "/api"}]).routes[0]) is may
    assert may_speak_of_itself([value], None) is may
    assert may_speak_of_itself([value], V2.routes[0])
    assert may_speak_of_itself([], IN_JSON.routes[0])


@given(
    st.sampled_from([b"location", b"set-cookie"]),
    st.text('/v2.%;:@=?#a\\"é PathDomin[]', max_size=40).map(str.encode) | st.binary(max_size=40),
)
def test_nothing_that_an_upstream_writes_breaks_a_field(name: bytes, value: bytes) -> None:
    assume(not set(b"\r\n\0") & set(value))  # which no parsed head holds
    told = mapping(V2).field(name, value)
    assert not set(b"\r\n\0") & set(told)
    if name == b"location" and told != value:
        assert told.startswith(
            (b"/api", b"http://shop.example", b"https://shop.example", b"//shop")
        )


STEPS = st.sampled_from(["v2", "%76%32", "V2", "x", "..", "%2E.", ".", "", "..;a", "%2F", "%zz"])


@given(st.lists(STEPS, min_size=1, max_size=6))
def test_a_path_is_mapped_only_to_what_leads_to_the_same_place(steps: list[str]) -> None:
    said = "/v2/" + "/".join(steps)
    told = mapping(V2).reference(said.encode()).decode()
    try:
        meant = ask("GET", said).target.path
    except TargetError:
        assert told == said
        return
    if not f"{meant}/".startswith("/v2/"):
        assert told == said
        return
    back = ask("GET", told)
    assert V2.match(back) is V2.routes[0]
    assert ask("GET", V2.routes[0].origin_form(back, "new").decode()).target.path == meant
