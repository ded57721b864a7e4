"""What is certainly equal is passed over; everything else is looked at more closely."""

import json

import pytest

from strangler.compare.alike import alike
from strangler.compare.query import Chosen
from strangler.compare.verdict import Verdict
from tests.compare.answers import compare_texts


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ('{"a": 1, "b": [null, {"c": 2.5}]}', '{"b": [null, {"c": 2.5}], "a": 1}'),
        ("[]", "[]"),
        ("[true, false, null, 0, 1]", "[true, false, null, 0, 1]"),
        ("[18446744073709551617]", "[18446744073709551617]"),
    ],
)
def test_the_same_values_with_members_in_any_order_are_alike(ours, theirs):
    assert alike(json.loads(ours), json.loads(theirs))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("[1]", "[true]"),
        ("[0]", "[false]"),
        ("[1]", "[1.0]"),
        ("[[]]", "[{}]"),
        ("[1, 2]", "[2, 1]"),
        ("[1]", "[1, 1]"),
        ('{"a": null}', '{"b": null}'),
        ('{"a": {"b": true}}', '{"a": {"b": 1}}'),
        ('{"a": 1}', '{"a": 1, "b": null}'),
    ],
)
def test_what_python_takes_for_equal_or_is_not_equal_is_not_alike(ours, theirs):
    assert not alike(json.loads(ours), json.loads(theirs))
    assert not alike(json.loads(theirs), json.loads(ours))


def test_what_a_query_has_marked_is_never_passed_over():
    assert not alike([Chosen(1, ())], [Chosen(1, ())])


def test_what_nests_too_deep_to_be_passed_over_is_left_to_the_walk():
    deep = "[" * 400 + "]" * 400
    assert not alike(json.loads(deep), json.loads(deep))
    assert compare_texts(deep, deep + " ").verdict is Verdict.INCONCLUSIVE
