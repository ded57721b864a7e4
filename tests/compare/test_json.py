"""JSON is compared by meaning."""

import json

import pytest

from strangler.compare.bounds import Bounds
from strangler.compare.compare import compare
from strangler.compare.verdict import Kind, Verdict
from tests.compare.answers import JSON_TYPE, answer, compare_json, compare_texts, rules, told


@pytest.mark.parametrize(
    ("primary", "candidate"),
    [
        ('{"a": 1, "b": 2}', '{"b":2,"a":1}'),
        ("1", "1.0"),
        ("100", "1e2"),
        ("0", "-0.0"),
        ('"é"', r'"\u00e9"'),
        ("[0.1]", "[0.10]"),
        ("1e400", "10e399"),
        ("18446744073709551617", "18446744073709551617 "),
        ("[NaN, 1]", "[NaN, 1.0]"),
        (r'["\ud800", 1]', r'["\ud800", 1.0]'),
        ("{}", "\ufeff{}"),
        ('{"a": 1, "a": 2}', '{"a": 0, "a": 2.0}'),  # most parsers keep the last
    ],
)
def test_the_same_value_in_another_spelling_is_a_match(primary, candidate):
    assert compare_texts(primary, candidate).verdict is Verdict.MATCH


@pytest.mark.parametrize(
    ("primary", "candidate", "kind"),
    [
        ("9007199254740993", "9007199254740992", Kind.VALUE),
        ("9007199254740993", "9007199254740992.0", Kind.VALUE),
        ("18446744073709551617", "18446744073709551616", Kind.VALUE),
        ("-9223372036854775809", "-9223372036854775808", Kind.VALUE),
        ("1" + "0" * 5000, "2" + "0" * 5000, Kind.VALUE),
        ("1e400", "1e401", Kind.VALUE),
        ("1e400", "Infinity", Kind.VALUE),
        ("NaN", "null", Kind.TYPE),
        ("NaN", "0", Kind.VALUE),
        ('"1"', "1", Kind.TYPE),
        ("true", "1", Kind.TYPE),
        ("false", "0.0", Kind.TYPE),
        ("null", "{}", Kind.TYPE),
        ("[]", "{}", Kind.TYPE),
        ("1.005", "1.01", Kind.VALUE),
        ("true", "false", Kind.VALUE),
        (r'"\ud800"', r'"\ud801"', Kind.VALUE),
    ],
)
def test_another_value_or_type_differs(primary, candidate, kind):
    assert told(compare_texts(primary, candidate)) == [(kind.value, "$")]
    assert told(compare_texts(f"[{primary}, 1]", f"[{candidate}, 1]")) == [(kind.value, "$[0]")]


def test_a_number_too_big_for_any_decimal_is_compared_as_text():
    huge = "1e99999999999999999999"
    assert told(compare_texts(huge, huge + "1")) == [("body", "body (line 1)")]


@pytest.mark.parametrize(
    ("twice", "once", "place"),
    [
        ('{"a": 1, "a": 2}', '{"a": 2}', "$.a"),
        ('{"a" : 1, "a" : 2}', '{"a": 2}', "$.a"),
        ('{"a"\t:1,"a"\n:2}', '{"a": 2}', "$.a"),
        (
            '{"x": [{"b": 1}, {"b": 2, "c": 3, "b": 2}]}',
            '{"x": [{"b": 1}, {"b": 2, "c": 3}]}',
            "$.x[1].b",
        ),
        ('{"a": 1e400, "a": 1e401}', '{"a": 1e401}', "$.a"),
    ],
)
def test_a_member_that_one_side_names_twice_is_told(twice, once, place):
    assert told(compare_texts(twice, once)) == [("twice", place)]
    (difference,) = compare_texts(once, twice).differences
    assert (difference.primary, difference.candidate) == (1, 2)
    assert compare_texts(twice, twice + " ").verdict is Verdict.MATCH


def test_a_name_that_stands_in_a_text_is_not_named_twice():
    left, right = r'{"a": "\"a\": 1, \"a\" : 2", "b": 1}', r'{"b": 1.0, "a": "\"a\": 1, \"a\" : 2"}'
    assert compare_texts(left, right).verdict is Verdict.MATCH


def test_a_member_that_is_ignored_may_be_named_twice():
    left, right = (answer(text, JSON_TYPE) for text in (b'{"a": 1, "a": 1}', b'{"a": 1}'))
    comparison = compare(left, right, rules(["$.a"]))
    assert (comparison.verdict, comparison.fired) == (Verdict.IGNORED, ("$.a",))


def test_null_is_not_the_same_as_nothing():
    comparison = compare_json({"a": None, "b": 1}, {"b": 1, "c": None})
    assert told(comparison) == [("missing", "$.a"), ("extra", "$.c")]


def test_a_place_says_where_and_a_path_says_it_without_data():
    comparison = compare_json(
        {"users": {"a@b.c": {"visits": [1, 2]}}}, {"users": {"a@b.c": {"visits": [1, 3]}}}
    )
    (difference,) = comparison.differences
    assert difference.place == "$.users['a@b.c'].visits[1]"
    assert difference.path == "$.users[?].visits[*]"
    assert (difference.primary, difference.candidate) == (2, 3)


ITEMS = [{"id": n, "name": f"set {n}", "size": n * 1.005} for n in range(1, 6)]


def test_objects_in_a_list_are_told_apart_by_their_identity():
    candidate = [dict(item) for item in ITEMS if item["id"] != 2]
    candidate[2]["size"] = 9
    comparison = compare_json({"items": ITEMS}, {"items": candidate})
    assert told(comparison) == [("value", "$.items[3].size"), ("missing", "$.items[1]")]


def test_an_order_and_a_value_that_differ_are_two_differences():
    candidate = [dict(item) for item in reversed(ITEMS)]
    candidate[0]["size"] = 9
    comparison = compare_json(ITEMS, candidate)
    assert told(comparison) == [("order", "$"), ("value", "$[4].size")]
    assert comparison.differences[0].primary == [0, 1, 2, 3, 4]
    assert comparison.differences[0].candidate == [4, 3, 2, 1, 0]


def test_the_identity_is_the_member_that_the_lists_share_most():
    primary = [{"serial": n, "sku": f"s{n}", "n": 1} for n in range(4)]
    candidate = [{"serial": n + 40, "sku": f"s{n}", "n": 1} for n in (1, 0, 2, 3)]
    comparison = compare_json(primary, candidate, ignore=["$[*].serial"], unordered=["$"])
    assert comparison.verdict is Verdict.IGNORED
    assert set(comparison.fired) == {"$[*].serial", "$"}


def test_an_ignored_member_is_no_identity():
    primary = [{"id": 1, "key": "a"}, {"id": 2, "key": "b"}]
    candidate = [{"id": 2, "key": "a"}, {"id": 1, "key": "b"}]
    comparison = compare_json(primary, candidate, ignore=["$[*].id"])
    assert comparison.verdict is Verdict.IGNORED
    assert comparison.fired == ("$[*].id",)


def test_without_identity_equal_elements_pair_off_and_the_rest_in_order():
    primary = [["a", 1.5], ["a", 2.5], ["b", 3.5]]
    candidate = [["b", 3.5], ["a", 1.5], ["a", 2.4]]
    comparison = compare_json(primary, candidate, unordered=["$"])
    assert told(comparison) == [("value", "$[1][1]")]
    assert comparison.fired == ("$",)


def test_an_unordered_list_of_scalars_is_a_bag():
    comparison = compare_json(["a", "b", "b", "c"], ["c", "b", "a", "d"], unordered=["$"])
    assert told(comparison) == [("missing", "$[2]"), ("extra", "$[3]")]


def test_scalars_of_a_list_of_the_same_length_are_compared_by_place():
    assert told(compare_json([1, 2, 3, 4], [2, 1, 3, 5])) == [
        ("value", "$[0]"),
        ("value", "$[1]"),
        ("value", "$[3]"),
    ]


def test_what_is_gone_from_a_list_does_not_shift_the_rest():
    comparison = compare_json([1, 2, 3, 4, 5, 6, 7], [1, 3, 4.5, 5, 7])
    assert told(comparison) == [("value", "$[3]"), ("missing", "$[1]"), ("missing", "$[5]")]


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ("$.items[*].tags", Verdict.IGNORED),
        ("$..tags", Verdict.IGNORED),
        ("$..*", Verdict.IGNORED),
        ("$.items", Verdict.MISMATCH),  # that list, not what is in it
        ("$.tags", Verdict.MISMATCH),
    ],
)
def test_unordered_holds_for_exactly_the_lists_its_path_names(rule, verdict):
    primary = {"items": [{"id": 1, "tags": ["a", "b"]}, {"id": 2, "tags": ["c"]}]}
    candidate = {"items": [{"id": 1, "tags": ["b", "a"]}, {"id": 2, "tags": ["c"]}]}
    assert compare_json(primary, candidate, unordered=[rule]).verdict is verdict


def test_unordered_lists_inside_each_other_are_both_matched():
    primary = {"groups": [["a", "b"], ["c", "d"]]}
    candidate = {"groups": [["d", "c"], ["b", "a"]]}
    both = compare_json(primary, candidate, unordered=["$.groups", "$.groups[*]"])
    assert both.verdict is Verdict.IGNORED
    assert set(both.fired) == {"$.groups", "$.groups[*]"}
    assert compare_json(primary, candidate, unordered=["$.groups"]).verdict is Verdict.MISMATCH


def test_a_list_that_a_rule_speaks_of_by_index_is_compared_by_index():
    comparison = compare_json([3, 1, 2], [1, 3, 2], ignore=["$[0]"])
    assert told(comparison) == [("value", "$[1]")]
    rows = compare_json(
        [["a", 1], ["b", 2]], [["b", 3], ["a", 4]], ignore=["$[*][1]"], unordered=["$"]
    )
    assert rows.verdict is Verdict.IGNORED


def test_ignored_elements_and_whole_bodies_may_differ_in_any_way():
    assert compare_json([1, 2], ["x"], ignore=["$[*]"]).fired == ("$[*]",)
    assert compare_json({"a": 1}, None, ignore=["$"]).fired == ("$",)
    assert compare_json({"a": 1}, {"a": True}, ignore=["$.a"]).fired == ("$.a",)


def test_a_rule_that_nothing_needed_does_not_fire():
    comparison = compare_json({"a": 1, "b": [1, 2]}, {"b": [1, 2.0], "a": 1.0}, ["$.a"], ["$.b"])
    assert comparison.verdict is Verdict.MATCH
    assert comparison.fired == ()


def test_one_cause_in_many_places_does_not_hide_another():
    primary = [{"id": n, "size": 1, "name": "x"} for n in range(1000)]
    candidate = [{"id": n, "size": 2, "name": "x"} for n in range(1000)]
    del candidate[999]["name"]
    places = told(compare_json(primary, candidate))
    assert [kind for kind, _ in places] == ["value"] * 5 + ["missing"]


def test_no_more_differences_are_kept_than_the_bound_says():
    primary = {f"a{n}": 1 for n in range(50)}
    candidate = {f"a{n}": 2 for n in range(50)}
    comparison = compare_json(primary, candidate, bounds=Bounds(differences=7))
    assert comparison.verdict is Verdict.MISMATCH
    assert len(comparison.differences) == 7


def test_of_a_large_value_on_one_side_only_the_beginning_is_kept():
    comparison = compare_json({"a": list(range(1000))}, {})
    assert comparison.differences[0].primary == [*range(20), "…"]


@pytest.mark.parametrize("depth", [300, 1000, 5000, 200_000])
def test_deep_nesting_is_a_bound_and_never_a_crash(depth):
    comparison = compare_texts("[" * depth + "1" + "]" * depth, "[" * depth + "2" + "]" * depth)
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert "deep" in comparison.reason


def test_nesting_within_the_bound_is_walked_to_its_end():
    comparison = compare_texts("[" * 99 + "1" + "]" * 99, "[" * 99 + "2" + "]" * 99)
    assert told(comparison) == [("value", "$" + "[0]" * 99)]


def test_too_many_values_are_a_bound():
    numbers = list(range(1000))
    comparison = compare_json(numbers, numbers[::-1], bounds=Bounds(values=500))
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert comparison.reason == "more values than are compared"
    assert comparison.differences == ()


def test_nested_lists_in_another_order_take_no_more_than_their_budget():
    def nested(levels, leaf):
        return leaf if not levels else [nested(levels - 1, leaf + n) for n in (0, 1)]

    def turned(value):
        return [turned(each) for each in reversed(value)] if isinstance(value, list) else value

    value = nested(10, 0)
    comparison = compare_json(value, turned(value), unordered=["$..*", "$"])
    assert comparison.verdict is Verdict.IGNORED


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("application/json", "application/json; charset=utf-8"),
        ("application/json", "application/JSON;charset=UTF-8"),
        ("application/problem+json", "application/problem+json"),
        ("text/html; charset=utf-8", "text/html; charset=utf-8"),
        ("", ""),
    ],
)
def test_json_is_known_by_its_type_or_where_the_type_says_nothing_by_its_look(left, right):
    first = answer(b'{"a": 1, "b": 2}', *([("Content-Type", left)] if left else []))
    second = answer(b'{"b": 2, "a": 1.0}', *([("Content-Type", right)] if right else []))
    assert compare(first, second, rules()).verdict is Verdict.MATCH


def test_json_in_latin_1_and_utf_16_is_the_same_json():
    text = json.dumps({"city": "Zürich", "n": 1}, ensure_ascii=False)
    latin = answer(text.encode("latin-1"), ("Content-Type", "application/json; charset=latin-1"))
    wide = answer(text.encode("utf-16"), JSON_TYPE)
    plain = answer(text.encode(), JSON_TYPE)
    assert compare(latin, plain, rules()).verdict is Verdict.MATCH
    assert compare(wide, plain, rules()).verdict is Verdict.MATCH


def test_json_against_an_error_page_is_one_difference_of_the_body():
    page = answer(b"<h1>Oops</h1>", JSON_TYPE)
    assert told(compare(answer(b'{"a": 1}', JSON_TYPE), page, rules())) == [
        ("body", "body (line 1)")
    ]
