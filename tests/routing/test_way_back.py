"""Where a path of the service leads for the client. More of it, in fields, in `test_map_back`."""

from typing import Any

import pytest

from strangler.routing.way_back import WayBack
from tests.routing.building import table_of


def way_back(*routes: dict[str, Any]) -> WayBack:
    """Give the way back of the first route."""
    found = table_of(list(routes)).routes[0].way_back
    assert found is not None
    return found


def test_a_route_that_rewrites_nothing_has_no_way_back() -> None:
    assert table_of([{"path": "/a/**"}]).routes[0].way_back is None


@pytest.mark.parametrize(
    ("seen", "path"),
    [
        (b"/s/17?q", b"/a/17/x?q"),
        (b"//s/%31%37", b"/a/%31%37/x"),
        (b"/s/17/more", None),
        (b"/s/new", None),
        (b"/s/%zz", None),
        (b"*", None),
    ],
)
def test_what_its_template_makes_leads_back(seen: bytes, path: bytes | None) -> None:
    back = way_back({"path": "/a/{x:int}/x", "rewrite": {"template": "/s/{x}"}})
    assert back.path(seen) == path


def test_a_path_that_is_alike_on_both_sides_leads_nowhere_else() -> None:
    back = way_back({"path": "/a/**", "rewrite": {"prefix": "/"}}, {"path": "/health"})
    assert back.path(b"/health") is None
    assert back.path(b"/other") == b"/a/other"


def test_a_route_without_a_way_back_does_not_hide_another_that_has_one() -> None:
    back = way_back(
        {"path": "/a/{x}/{y}", "rewrite": {"template": "/s/{y}"}},
        {"path": "/b/{y}", "rewrite": {"template": "/s/{y}"}},
        {"path": "/s/{z}"},
    )
    assert back.path(b"/s/17") == b"/b/17"


@pytest.mark.parametrize(
    ("path", "literal"), [("/a/b/{x}", b"/a/b"), ("/{x}/b", b"/"), ("/a/**", b"/a")]
)
def test_a_cookie_for_more_than_the_route_reaches_its_literal_beginning(
    path: str, literal: bytes
) -> None:
    names = {"x"} if "{x}" in path else set()
    template = "/s/t" + "".join(f"/{{{name}}}" for name in names)
    back = way_back({"path": path, "rewrite": {"template": template}})
    assert back.cookie_path(b"/s") == literal
    assert back.cookie_path(b"/") == b"/"
    assert back.cookie_path(b"/t") == b"/t"
