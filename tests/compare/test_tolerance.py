"""Numbers that a rule lets differ a little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare.rules import RuleError, Rules
from strangler.compare.tolerance import Tolerance, parse
from strangler.compare.verdict import Verdict
from tests.compare.answers import compare, json_answer, told


def near(primary, candidate, *pairs, unordered=()):
    rules = Rules.compile([], unordered, tolerance=pairs)
    return compare(json_answer(primary), json_answer(candidate), rules)


@pytest.mark.parametrize(
    ("ours", "theirs", "written", "allowed"),
    [
        (0.29, 0.3, "0.01", True),  # as doubles they are further apart
        (0.29, 0.3001, "0.01", False),
        (100, 101, "1%", True),
        (101, 100, "1%", True),
        (100, 102, "1%", False),
        (-100, -101, "1%", True),
        (0, 0.001, "1%", False),
        ("12.50", "12.5", "0.001", True),  # money is often written as text
        ("12.50", 12.5, "1", False),
        ("1.2.3", "1.2.4", "1", False),
        (True, 1, "1", False),
        (None, 0, "1", False),
        (10**30, 10**30 + 1, "1", True),
        (10**30, 10**30 + 2, "1", False),
    ],
)
def test_numbers_are_held_against_each_other_as_they_are_written(ours, theirs, written, allowed):
    tolerance = parse(written)
    assert isinstance(tolerance, Tolerance)
    assert tolerance.allows(ours, theirs) is allowed
    assert tolerance.allows(theirs, ours) is allowed


@pytest.mark.parametrize("written", ["", "0", "0%", "0.0", "-1", "1 %", "a", "1e999", "0x1"])
def test_what_is_no_tolerance_is_refused(written):
    with pytest.raises(RuleError, match="is no tolerance"):
        Rules.compile([], [], tolerance=[("$.a", written)])


def test_a_tolerance_holds_at_its_path_and_is_counted_when_it_was_needed():
    pair = {"price": 1.0, "count": 1}, {"price": 1.01, "count": 1}
    comparison = near(*pair, ("$.price", "0.01"))
    assert (comparison.verdict, comparison.fired) == (Verdict.IGNORED, ("$.price",))
    assert told(near({"a": 1.0}, {"a": 1.1}, ("$.a", "0.01"))) == [("value", "$.a")]
    assert told(near({"a": 1.0}, {"a": None}, ("$.a", "1"))) == [("type", "$.a")]
    assert told(near({"a": 1.0}, {}, ("$.a", "1"))) == [("missing", "$.a")]
    assert near({"a": 1}, {"a": 1.0}, ("$.a", "1")).fired == ()


def test_rows_that_moved_are_found_again_though_their_numbers_differ():
    left = [{"k": ["a"], "v": 1.0}, {"k": ["b"], "v": 2.0}]
    right = [{"k": ["b"], "v": 2.001}, {"k": ["a"], "v": 1.001}]
    comparison = near(left, right, ("$[*].v", "0.01"), unordered=["$"])
    assert comparison.verdict is Verdict.IGNORED
    assert set(comparison.fired) == {"$", "$[*].v"}


@given(st.permutations(list(range(10))))
def test_unordered_numbers_are_paired_by_their_size(numbers):
    moved = [n + 0.001 for n in numbers]
    comparison = near(list(range(10)), moved, ("$[*]", "0.01"), unordered=["$"])
    assert comparison.verdict is Verdict.IGNORED


def test_a_number_that_may_differ_identifies_nothing():
    left = [{"score": 10, "name": ["a"]}, {"score": 20, "name": ["b"]}]
    right = [{"score": 11, "name": ["a"]}, {"score": 10, "name": ["b"]}]
    assert told(near(left, right, ("$[*].score", "1"))) == [("value", "$[1].score")]
