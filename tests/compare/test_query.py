"""Rules may use all of RFC 9535, not only what the walk can follow by itself."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare.bounds import Bounds
from strangler.compare.compare import compare
from strangler.compare.rules import RuleError, Rules, complaint
from strangler.compare.verdict import Verdict
from tests.compare.answers import compare_json, json_answer, rules, told

ITEMS = [
    {"id": 1, "kind": "live", "at": 10, "tags": ["a", "b"]},
    {"id": 2, "kind": "fixed", "at": 20, "tags": ["c", "d"]},
    {"id": 3, "kind": "live", "at": 30, "tags": ["e", "f"]},
]


def later(items, *ids):
    return [item | ({"at": item["at"] + 1} if item["id"] in ids else {}) for item in items]


@pytest.mark.parametrize(
    ("rule", "ignored", "kept"),
    [
        ("$.items[?@.kind == 'live'].at", (1, 3), 2),
        ("$.items[?@.kind != 'fixed']", (1, 3), 2),
        ("$.items[-1].at", (3,), 1),
        ("$.items[1:].at", (2, 3), 1),
        ("$.items[0,2].at", (1, 3), 2),
        ("$.items[*]['at','id']", (1, 2, 3), None),
        ("$..[?@.id > 1].at", (2, 3), 1),
        ("$.items[?match(@.kind, 'li.e')].at", (1, 3), 2),
        ("$.items[?length(@.tags) == 2 && !(@.id == 2)].at", (1, 3), 2),
        ("$.items[?@.at == $.newest || @.id == 1].at", (1,), 2),
    ],
)
def test_a_query_leaves_out_what_it_selects_and_nothing_else(rule, ignored, kept):
    primary = {"items": ITEMS, "newest": 40}
    allowed = compare_json(primary, primary | {"items": later(ITEMS, *ignored)}, ignore=[rule])
    assert (allowed.verdict, allowed.fired) == (Verdict.IGNORED, (rule,))
    if kept is not None:
        other = compare_json(primary, primary | {"items": later(ITEMS, kept)}, ignore=[rule])
        assert told(other) == [("value", f"$.items[{kept - 1}].at")]
        assert other.fired == ()


def test_what_is_selected_may_be_missing_and_what_holds_it_is_still_recognised():
    rule = "$.items[?@.kind == 'live']"
    comparison = compare_json({"items": ITEMS}, {"items": ITEMS[1:]}, ignore=[rule])
    assert (comparison.verdict, comparison.fired) == (Verdict.IGNORED, (rule,))
    changed = [ITEMS[1] | {"at": 0}, ITEMS[2]]
    assert told(compare_json({"items": ITEMS}, {"items": changed}, ignore=[rule])) == [
        ("value", "$.items[1].at")
    ]


def test_a_query_frees_the_order_of_the_lists_that_it_selects():
    turned = [item | {"tags": item["tags"][::-1]} for item in ITEMS]
    comparison = compare_json(ITEMS, turned, unordered=["$[?@.kind == 'live'].tags"])
    assert told(comparison) == [("order", "$[1].tags")]
    assert comparison.fired == ("$[?@.kind == 'live'].tags",)


def test_a_query_may_give_a_tolerance_and_a_key():
    near = Rules.compile([], [], tolerance=[("$[?@.kind == 'live'].at", "1")])
    assert told(compare(json_answer(ITEMS), json_answer(later(ITEMS, 1, 2)), near)) == [
        ("value", "$[1].at")
    ]
    keys = Rules.compile([], [], keyed=[("$['a','b']", ("k",))])
    left, right = ({"a": [{"k": [n], "v": n} for n in order]} for order in ([1, 2], [2, 1]))
    assert compare(json_answer(left), json_answer(right), keys).verdict is Verdict.IGNORED


def test_a_query_and_a_path_may_speak_of_one_place():
    pair = {"a": [{"x": 1, "y": [1, 2]}]}, {"a": [{"x": 2, "y": [2, 1]}]}
    comparison = compare_json(*pair, ignore=["$.a[*].x"], unordered=["$.a[-1].y"])
    assert comparison.verdict is Verdict.IGNORED
    assert set(comparison.fired) == {"$.a[*].x", "$.a[-1].y"}


def test_the_root_may_be_selected():
    assert compare_json([1, 2], [2, 1], unordered=["$[?@.x].y", "$"]).verdict is Verdict.IGNORED


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("$.items[?@.x=]", "unexpected token '=' at column 13"),
        ("$.items[?foo(@.a)]", "function 'foo' is not defined at column 10"),
        ("$.items[?length(@.*) > 1]", r"length\(\) argument 0"),
        ("$.items[01:2]", "invalid index '01' at column 9"),
        ("$.a['b',]", "trailing comma"),
    ],
)
def test_a_wrong_query_is_told_with_its_column(rule, why):
    with pytest.raises(RuleError, match=why):
        rules([rule])
    assert "RFC 9535" in (complaint("ignore", rule) or "")


def test_what_may_be_stored_is_not_chosen_by_a_query():
    with pytest.raises(RuleError, match="names, indices"):
        rules(plaintext=["$.items[?@.public].name"])


def test_queries_go_to_a_worker_process():
    compiled = rules(["$.items[?@.kind == 'live'].at"])
    again = pickle.loads(pickle.dumps(compiled))
    pair = json_answer({"items": ITEMS}), json_answer({"items": later(ITEMS, 1)})
    assert compare(*pair, again) == compare(*pair, compiled)


def test_queries_are_bounded():
    many = [{"id": n, "text": "a" * 40} for n in range(3_000)]
    pair = json_answer(many), json_answer(many[::-1])
    within = compare(*pair, rules(["$[?@.id < 2]"]), Bounds(values=5_000))
    assert within.verdict is Verdict.INCONCLUSIVE
    for_each = compare(*pair, rules(["$[?count($..id) > 1]"]))
    assert (for_each.verdict, for_each.reason) == (
        Verdict.INCONCLUSIVE,
        "more values than are compared",
    )


def test_a_pattern_that_goes_astray_is_given_up():
    pair = json_answer([{"t": "a" * 5_000 + "c"}]), json_answer([{"t": "a" * 5_000 + "c", "x": 1}])
    comparison = compare(*pair, rules(["$[?match(@.t, '(a|aa)+c[0-9]')]"]))
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert "takes too long" in comparison.reason


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=10,
)
QUERIES = st.lists(
    st.sampled_from(["$[?@.a].b", "$..[-1]", "$[0:2]", "$..[?@ == 1]", "$['a','b']", "$[?@.b]"]),
    max_size=3,
)


@given(VALUES, VALUES, QUERIES, QUERIES)
def test_queries_keep_the_verdict_symmetric_and_a_value_equal_to_itself(left, right, ignore, free):
    there = compare_json(left, right, ignore, free)
    assert there.verdict is compare_json(right, left, ignore, free).verdict
    assert compare_json(left, left, ignore, free).verdict is Verdict.MATCH
