"""Lists whose elements are told apart by a member that a rule names."""

import pytest

from strangler.compare.compare import compare
from strangler.compare.rules import RuleError, Rules
from strangler.compare.verdict import Verdict
from tests.compare.answers import answer, json_answer, told


def keyed(primary, candidate, **keys):
    rules = Rules.compile([], [], keyed=[(f"$.{name}", key) for name, key in keys.items()])
    return compare(json_answer(primary), json_answer(candidate), rules)


LINES = [
    {"region": "n", "sku": "a", "qty": 1},
    {"region": "n", "sku": "b", "qty": 2},
    {"region": "s", "sku": "a", "qty": 3},
]


def test_elements_are_found_by_their_key_wherever_they_stand():
    comparison = keyed({"lines": LINES}, {"lines": LINES[::-1]}, lines=("region", "sku"))
    assert (comparison.verdict, comparison.fired) == (Verdict.IGNORED, ("$.lines",))
    changed = [*LINES[::-1][:2], LINES[0] | {"qty": 9}]
    assert told(keyed({"lines": LINES}, {"lines": changed}, lines=("region", "sku"))) == [
        ("value", "$.lines[0].qty")
    ]


def test_an_element_whose_key_is_gone_is_missing():
    changed = [LINES[0], LINES[1] | {"sku": "c"}, LINES[2]]
    assert told(keyed({"lines": LINES}, {"lines": changed}, lines=("region", "sku"))) == [
        ("missing", "$.lines[1]"),
        ("extra", "$.lines[1]"),
    ]


def test_elements_of_one_key_are_paired_in_their_order():
    twice = [{"k": 1, "v": 1}, {"k": 1, "v": 2}]
    assert told(keyed({"a": twice}, {"a": [twice[0], {"k": 1, "v": 3}]}, a=("k",))) == [
        ("value", "$.a[1].v")
    ]


def test_a_key_may_be_any_value_and_a_list_without_it_is_unordered():
    nested = [{"k": {"x": 1}, "v": [1]}, {"k": {"x": 2}, "v": [2]}]
    assert keyed({"a": nested}, {"a": nested[::-1]}, a=("k",)).verdict is Verdict.IGNORED
    assert keyed({"a": [1, 2]}, {"a": [2, 1]}, a=("k",)).verdict is Verdict.IGNORED


def test_elements_of_xml_have_keys_too():
    rules = Rules.compile([], [], keyed=[("$.r.e", ("@code",))])
    left, right = (
        answer(text, ("Content-Type", "application/xml"))
        for text in (
            b"<r><e code='a'>1</e><e code='b'>2</e></r>",
            b"<r><e code='b'>2</e><e code='a'>3</e></r>",
        )
    )
    assert told(compare(left, right, rules)) == [("value", "$.r.e[0]['#text']")]


def test_a_key_needs_a_name():
    with pytest.raises(RuleError, match="needs the name of the member"):
        Rules.compile([], [], keyed=[("$.a", ())])
