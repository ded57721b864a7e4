"""A finding's title says in words where the answers differ, and how; it holds no data."""

import pytest

from strangler.compare.compare import compare
from strangler.compare.finding import cluster
from strangler.compare.title import title
from tests.compare.answers import answer, compare_json, json_answer, rules


def titles(comparison) -> list[str]:
    clusters = cluster("GET /a", comparison.differences)
    return [title(each.kind.value, each.paths, each.change) for each in clusters]


@pytest.mark.parametrize(
    ("primary", "candidate", "said"),
    [
        (
            {"items": [{"price": 1}]},
            {"items": [{"price": "1"}]},
            ["`items[*].price`: number became string"],
        ),
        ({"total": 1}, {"total": 2}, ["`total`: another value"]),
        ({"tags": ["a", "b"]}, {"tags": ["b", "a"]}, ["`tags`: another order"]),
        ({"a": 1, "b": 2}, {"a": 1}, ["`b` is missing"]),
        ({"a": 1}, {"a": 1, "b": 2}, ["`b` is new"]),
        ({"a": 1, "b": 1, "long": 1}, {}, ["`a` and 2 more are missing"]),
        ({"a": True}, {"a": None}, ["`a`: boolean became null"]),
        ([], {}, ["the whole body: list became object"]),
        ({"a@example.org": 1}, {"a@example.org": 2}, ["`$[?]`: another value"]),
    ],
)
def test_differences_in_json_are_said_in_words(primary, candidate, said):
    assert titles(compare_json(primary, candidate)) == said


def test_a_number_that_became_null_is_not_the_number_that_became_a_string():
    both = compare_json([{"a": 1}, {"a": 2}], [{"a": "1"}, {"a": None}])
    assert titles(both) == [
        "`$[*].a`: number became null",
        "`$[*].a`: number became string",
    ]


def test_a_status_is_said_with_both_numbers():
    assert titles(compare(json_answer(1), json_answer(1, status=500), rules())) == [
        "`status`: 200 became 500"
    ]


def test_a_field_is_said_as_it_is_usually_written():
    kept = answer(b"", ("Cache-Control", "no-store"))
    assert titles(compare(kept, answer(b""), rules())) == ["`Cache-Control` is missing"]
    assert titles(compare(answer(b""), kept, rules())) == ["`Cache-Control` is new"]
    other = answer(b"", ("Cache-Control", "private"))
    assert titles(compare(kept, other, rules())) == ["`Cache-Control`: another value"]
    ours, theirs = (answer(b"", ("Set-Cookie", f"sid={n}")) for n in (1, 2))
    assert titles(compare(ours, theirs, rules())) == ["`Set-Cookie/sid`: another value"]


def test_a_page_is_said_to_have_another_content():
    assert titles(compare(answer(b"a"), answer(b"b"), rules())) == ["the body: another content"]


def test_a_kind_of_another_version_is_said_by_its_name():
    assert title("shape", ["$.a"]) == "`a`: shape"
    assert title("shape", []) == "the answer: shape"
