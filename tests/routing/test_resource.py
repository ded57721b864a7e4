"""What a write has changed is found by template, `Location` or path, and never elsewhere."""

from typing import Any

import pytest

from strangler.http.reference import Origin
from strangler.routing.resource import Acknowledged, Resource, Unfound, resource_of
from tests.routing.building import ask, table_of

ROUTES: list[dict[str, Any]] = [
    {"path": "/items"},
    {"path": "/items/{id:int}"},
    {"path": "/items/{id:int}/archive", "methods": ["POST"], "read_back": "/items/{id}"},
    {"path": "/imports", "methods": ["POST"], "read_back": "/items/{body:item.id}"},
    {"path": "/drop/**", "methods": ["PUT", "DELETE"]},
    {"path": "/counter", "effect": "write"},
    {"path": "/behind", "phase": "monolith", "methods": ["GET"]},
]
TABLE = table_of(ROUTES, phase="canary", canary={"weight": "10%"}, shadow={"writes": "read-back"})
OURS = Origin(b"https", b"shop.example.org")


def found(
    method: str, path: str, status: int = 200, location: str | None = None, said: object = None
) -> Resource | Unfound:
    head = ask(method, path)
    route = TABLE.match(head)
    assert route is not None
    where = None if location is None else location.encode()
    return resource_of(TABLE, Acknowledged(route, head, OURS, status, where, said))


def told(resource: Resource | Unfound) -> tuple[str, str, str]:
    assert isinstance(resource, Resource)
    assert resource.head.method == "GET"
    return resource.head.target.forward.decode(), resource.route.label, resource.found.value


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_write_to_a_resource_names_it_by_its_path(method: str) -> None:
    resource = found(method, "/items/17?full=1")
    assert told(resource) == ("/items/17?full=1", "/items/{id:int}", "path")


@pytest.mark.parametrize(
    "location",
    [
        "/items/9",
        "items/9",
        "../x/../items/9",
        "https://shop.example.org/items/9",
        "https://SHOP.example.org:443/items/9#top",
        "//shop.example.org/items/9",
        "http://shop.example.org/items/9",  # as those write who stand behind a TLS proxy
    ],
)
def test_what_was_created_is_named_by_location(location: str) -> None:
    resource = found("POST", "/items", 201, location)
    assert told(resource) == ("/items/9", "/items/{id:int}", "Location")


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/items/9",
        "https://shop.example.org:8443/items/9",
        "https://user@shop.example.org/items/9",
        "ftp://shop.example.org/items/9",
        "/items/%00",
        "",
    ],
)
def test_a_location_of_another_origin_is_left_alone(location: str) -> None:
    assert found("POST", "/items", 201, location) is Unfound.FOREIGN


@pytest.mark.parametrize(
    ("method", "path", "location"),
    [
        ("POST", "/items", "/orders/9"),
        ("POST", "/items", "/items;x/9"),
        ("POST", "/items", "/counter"),
        ("POST", "/items", "/behind"),
        ("PUT", "/drop/1", None),
    ],
)
def test_what_no_compared_route_of_the_domain_reads_is_left_alone(
    method: str, path: str, location: str | None
) -> None:
    assert found(method, path, 201, location) is Unfound.UNCLAIMED


def test_a_post_that_names_nothing_is_not_read_back() -> None:
    assert found("POST", "/items") is Unfound.UNNAMED
    assert found("POST", "/items", 200, "/items/9") is Unfound.UNNAMED, "not of a 201"


def test_a_put_with_a_location_that_is_not_ours_has_its_own_path() -> None:
    assert told(found("PUT", "/items/17", 201, "https://cdn.example/9"))[2] == "path"


def test_a_template_comes_before_all_else() -> None:
    resource = found("POST", "/items/17/archive", 201, "/items/9")
    assert told(resource) == ("/items/17", "/items/{id:int}", "template")
    assert told(found("POST", "/imports", 200, None, {"item": {"id": 9}}))[0] == "/items/9"


def test_an_answer_without_what_the_template_names_is_told() -> None:
    assert found("POST", "/imports", 200, None, {"id": 9}) is Unfound.NO_VALUE
    assert found("POST", "/imports", 200, None, {"item": {"id": "x"}}) is Unfound.UNCLAIMED
