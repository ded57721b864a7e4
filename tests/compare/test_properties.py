"""What holds for every pair of answers."""

import json
import random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strangler.compare.compare import compare
from strangler.compare.finding import cluster
from strangler.compare.verdict import Kind, Verdict
from tests.compare.answers import JSON_TYPE, answer, compare_json, json_answer, rules

NAMES = st.sampled_from(["id", "name", "tags", "size", "a@b.c", "17"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers(2**53 - 1, 2**65)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(st.characters(), max_size=3)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
RECORDS = st.lists(st.dictionaries(NAMES, SCALARS, max_size=4), max_size=6)
LISTS = st.lists(VALUES, max_size=6) | RECORDS
RULES = st.builds(
    rules,
    st.lists(st.sampled_from(["$.id", "$..size", "$[*]", "$[0]", "$..name", "$.tags[1]"])),
    st.lists(st.sampled_from(["$", "$..tags", "$..*", "$.tags", "$[*]"])),
)
BODIES = VALUES.map(json_answer) | st.binary(max_size=20).map(lambda body: answer(body, JSON_TYPE))


@st.composite
def near_pairs(draw):
    """A list of records, and the same list shuffled, cut and changed a little."""
    primary = draw(RECORDS)
    rng = draw(st.randoms(use_true_random=False))
    candidate = [dict(each) for each in primary if rng.random() < 0.9]
    if rng.random() < 0.5:
        rng.shuffle(candidate)
    for each in candidate:
        for name in list(each):
            if rng.random() < 0.1:
                each[name] = draw(SCALARS)
    return json_answer(primary), json_answer(candidate)


def shuffled(values, seed):
    """The same list in another order."""
    return random.Random(seed).sample(values, len(values))


def respelt(value, rng):
    """The same JSON value, written with members in another order and other spaces."""
    if isinstance(value, dict):
        names = rng.sample(list(value), len(value))
        return "{ " + ", ".join(f"{json.dumps(n)}:{respelt(value[n], rng)}" for n in names) + "}"
    if isinstance(value, list):
        return "[" + " ,".join(respelt(each, rng) for each in value) + "\n]"
    if type(value) is int and rng.random() < 0.5 and abs(value) < 2**53:
        return f"{value}.0"
    return json.dumps(value, ensure_ascii=rng.random() < 0.5)


@given(VALUES, RULES, st.randoms(use_true_random=False))
def test_an_answer_matches_itself_however_it_is_spelt(value, compiled, rng):
    again = answer(respelt(value, rng).encode("utf-8", "surrogatepass"), JSON_TYPE)
    comparison = compare(json_answer(value), again, compiled)
    assert comparison.verdict is Verdict.MATCH
    assert comparison.differences == ()


@given(st.tuples(BODIES, BODIES) | near_pairs(), RULES)
def test_the_verdict_is_the_same_from_either_side(pair, compiled):
    primary, candidate = pair
    there, back = compare(primary, candidate, compiled), compare(candidate, primary, compiled)
    assert there.verdict is back.verdict


@given(VALUES, VALUES)
def test_without_rules_values_match_only_if_they_are_equal(primary, candidate):
    def told_apart(value):
        """Python's equality, with true kept from 1 and NaN equal to itself."""
        if isinstance(value, dict):
            return {name: told_apart(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [told_apart(inner) for inner in value]
        return (isinstance(value, bool), "NaN" if value != value else value)  # noqa: PLR0124

    verdict = compare_json(primary, candidate).verdict
    equal = told_apart(primary) == told_apart(candidate)
    assert verdict is (Verdict.MATCH if equal else Verdict.MISMATCH)


@given(LISTS, st.integers())
def test_an_unordered_list_may_come_in_any_order(values, seed):
    body, again = {"a": {"tags": values}}, {"a": {"tags": shuffled(values, seed)}}
    comparison = compare_json(body, again, unordered=["$..tags"])
    assert comparison.differences == ()
    # Lists named `tags` further inside were not shuffled, so one rule is all that can fire.
    assert comparison.verdict in {Verdict.MATCH, Verdict.IGNORED}


@given(LISTS, st.integers())
def test_a_list_in_another_order_is_exactly_one_difference(values, seed):
    turned = shuffled(values, seed)
    assume(compare_json(values, turned).verdict is not Verdict.MATCH)
    comparison = compare_json({"tags": values}, {"tags": turned})
    assert [(each.kind, each.path) for each in comparison.differences] == [(Kind.ORDER, "$.tags")]


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.lists(VALUES, min_size=1, max_size=3))
def test_members_that_are_ignored_may_come_and_go(body, extras):
    wanted = {f"debug_{chr(97 + n)}": extra for n, extra in enumerate(extras)}
    comparison = compare_json(
        {"data": [body, {}]}, {"data": [body | wanted, {}]}, ignore=[f"$..{n}" for n in wanted]
    )
    assert comparison.verdict is Verdict.IGNORED
    assert comparison.differences == ()
    assert set(comparison.fired) == {f"$..{name}" for name in wanted}


@given(VALUES, VALUES, st.integers(), st.integers(0, 5))
def test_clusters_depend_neither_on_indices_nor_on_the_order_of_differences(
    primary, candidate, seed, shift
):
    padding = list(range(shift))
    here = compare_json({"rows": [primary]}, {"rows": [candidate]}).differences
    there = compare_json({"rows": [*padding, primary]}, {"rows": [*padding, candidate]}).differences
    assume(all((each.kind, each.place) != (Kind.ORDER, "$.rows") for each in there))
    ours, theirs = cluster("r", shuffled(there, seed)), cluster("r", here)
    assert [each.signature for each in ours] == [each.signature for each in theirs]


@given(st.binary(max_size=40), st.binary(max_size=40), st.sampled_from(["", "application/json"]))
@settings(max_examples=300)
def test_no_bytes_make_a_comparison_fail(primary, candidate, kind):
    for coding in ("", "gzip", "deflate"):
        head = (("Content-Type", kind), ("Content-Encoding", coding))
        verdict = compare(answer(primary, *head), answer(candidate, *head), rules()).verdict
        assert verdict is not Verdict.IGNORED
        assert (verdict is Verdict.MATCH) or primary != candidate
