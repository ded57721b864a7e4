"""What a template names, filled from the path of a write and the answer to it."""

from typing import Any

import pytest

from strangler.routing.pattern import PatternError, parse_pattern
from strangler.routing.read_back import parse_read_back, values_of


@pytest.mark.parametrize(
    ("template", "said", "path"),
    [
        ("/a/{id}", None, "/a/17"),
        ("/a/{id}/b/{name}", None, "/a/17/b/caf%C3%A9"),
        ("/a/{body:id}", {"id": 9}, "/a/9"),
        ("/a/{body:id}", {"id": 9007199254740993}, "/a/9007199254740993"),
        ("/a/{body:data.id}", {"data": {"id": "x/y z"}}, "/a/x%2Fy%20z"),
        ("/a/{id}/{body:slug}", {"slug": "\u00fc"}, "/a/17/%C3%BC"),
        ("/", {}, "/"),
    ],
)
def test_a_template_is_filled(template: str, said: Any, path: str) -> None:
    values = values_of(parse_pattern("/a/{id:int}/{name}/**"), "/a/17/caf%C3%A9/more/of/it")
    assert parse_read_back(template).fill(values, said) == path


@pytest.mark.parametrize(
    "said",
    [None, [], {}, {"id": None}, {"id": True}, {"id": 1.5}, {"id": {}}, {"id": ""}, {"id": ".."}],
)
def test_what_names_no_resource_fills_no_template(said: Any) -> None:
    assert parse_read_back("/a/{body:id}").fill({}, said) is None


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("a", "must begin with /"),
        ("/a?b={id}", "must not have a query"),
        ("/a/{id:int}", "a whole segment is {name}"),
        ("/a/x{id}", "a whole segment is {name}"),
        ("/a/**", "a whole segment is {name}"),
        ("/a/..", "must not have dot segments"),
        ("/a/%zz", "must not have a % in the path"),
    ],
)
def test_what_cannot_be_read_is_refused(template: str, why: str) -> None:
    with pytest.raises(PatternError, match=why):
        parse_read_back(template)


@pytest.mark.parametrize(
    ("template", "pattern", "may_be"),
    [
        ("/a/{body:id}", "/a/{id:int}", True),
        ("/a/{body:id}", "/a/new", True),
        ("/a/{body:id}", "/**", True),
        ("/a/{body:id}", "/a", False),
        ("/a/{body:id}", "/b/{id}", False),
        ("/a/{body:id}", "/a/{id}/b/**", False),
        ("/a", "/a/**", True),
        ("/a", "/a/{id}", False),
    ],
)
def test_a_template_tells_which_patterns_could_claim_what_it_names(
    template: str, pattern: str, may_be: bool
) -> None:
    assert parse_read_back(template).may_be(parse_pattern(pattern)) is may_be
