"""Rules are compiled once, and a wrong one says what is wrong with it."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import automaton, paths
from strangler.compare.automaton import PathRule, Purpose
from strangler.compare.rules import RuleError, Rules
from tests.compare.answers import rules

KEYS = st.sampled_from(["a", "b", 0, 1])
SELECTORS = st.tuples(KEYS | st.none(), st.booleans()).map(lambda pair: paths.Selector(*pair))


@pytest.mark.parametrize(
    ("ignore", "unordered", "message"),
    [
        (["$.ok", "$.items["], [], r"ignore rule '\$.items\[': the \"\[\" at column 8"),
        (["items.id"], [], r"did you mean \"\$.items.id\"\?"),
        (["header:"], [], 'a header rule is "header:NAME"'),
        (["header:a b"], [], 'a header rule is "header:NAME"'),
        (["header:x-*/y"], [], 'a header rule is "header:NAME"'),
        ([""], [], 'a rule starts with "\\$"'),
        ([], ["header:allow"], "unordered rule 'header:allow': only what is in bodies"),
        ([], ["tags"], r"unordered rule 'tags': .*\"\$.tags\""),
    ],
)
def test_a_wrong_rule_is_named_with_what_is_wrong(ignore, unordered, message):
    with pytest.raises(RuleError, match=message):
        Rules.compile(ignore, unordered)


def test_a_rule_error_survives_the_way_from_a_worker_process():
    error = RuleError(Purpose.IGNORE, "$.", "no name")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_rules_that_multiply_beyond_reason_are_refused():
    with pytest.raises(RuleError, match="more than 4096 states"):
        rules(["$..a" + ".*" * 16])


def test_rules_written_equally_are_equal_and_survive_pickling():
    written = rules(["$..a", "header:x-a", "status"], ["$.b"], ["$.c[*]"])
    assert pickle.loads(pickle.dumps(written)) == written
    assert written == rules(["$..a", "header:x-a", "status"], ["$.b"], ["$.c[*]"])
    assert written != rules(["$..a"])


def test_a_cookie_rule_covers_its_attributes_and_no_other_cookie():
    compiled = rules(["header:Set-Cookie/sid", "header:set-cookie/lang/Path"])
    assert compiled.ignoring("header:set-cookie/sid") == "header:Set-Cookie/sid"
    assert compiled.ignoring("header:set-cookie/sid/path") == "header:Set-Cookie/sid"
    assert compiled.ignoring("header:set-cookie/lang/path") == "header:set-cookie/lang/Path"
    assert compiled.ignoring("header:set-cookie/lang") is None
    assert compiled.ignoring("header:set-cookie/SID") is None


def test_a_rule_that_is_built_in_already_is_not_the_routes_own():
    assert not rules(["header:Date"]).made_by_route("header:date")
    assert rules(["header:last-modified"]).made_by_route("header:last-modified")


@pytest.mark.parametrize(
    ("plaintext", "place", "shown"),
    [
        ("$.price", "$.price", True),
        ("$.price", "$.price.currency", True),
        ("$.price.currency", "$.price", False),
        ("$.items[*].price", "$.items[17].price", True),
        ("$..price", "$.a[1]['odd key'].price", True),
        ("$['odd key']", "$['odd key']", True),
        ("$", "$.anything", True),
        ("body", "body (line 3, column 1)", True),
        ("body", "$", False),
        ("header:location", "header:location", True),
        ("header:set-cookie", "header:set-cookie/lang", True),
        ("header:set-cookie/lang", "header:set-cookie/sid", False),
    ],
)
def test_plaintext_is_shown_at_and_below_the_place_a_rule_names(plaintext, place, shown):
    assert rules(plaintext=[plaintext]).shows(place) is shown


def matches(path: tuple[paths.Selector, ...], steps: tuple[str | int, ...]) -> bool:
    """What a path means, said the slow and plain way."""
    if not path:
        return not steps
    first, rest = path[0], path[1:]
    ends = range(len(steps)) if first.deep else range(min(1, len(steps)))
    return any(
        (first.key is None or first.key == steps[end]) and matches(rest, steps[end + 1 :])
        for end in ends
    )


@given(
    st.lists(st.lists(SELECTORS, max_size=4).map(tuple), max_size=4),
    st.lists(KEYS | st.just("other") | st.just(9), max_size=5).map(tuple),
)
def test_the_automaton_finds_the_first_rule_that_the_plain_meaning_finds(written, steps):
    states = automaton.build(
        [PathRule(str(n), Purpose.IGNORE, path) for n, path in enumerate(written)]
    )
    state = automaton.root_of(states)
    for step in steps:
        state = states[state].after(step)
    expected = [str(n) for n, path in enumerate(written) if matches(path, steps)]
    assert states[state].ignore == (expected[0] if expected else None)
