"""Paths are read, written and collapsed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import paths
from strangler.compare.paths import PathError, Selector

STEPS = st.lists(st.text(st.characters()) | st.integers(0, 10**8), max_size=6)


@pytest.mark.parametrize(
    ("text", "selectors"),
    [
        ("$", []),
        ("$.a.b-c", [Selector("a", False), Selector("b-c", False)]),
        ("$.items[*].x", [Selector("items", False), Selector(None, False), Selector("x", False)]),
        ("$.items.*", [Selector("items", False), Selector(None, False)]),
        ("$.items[12]", [Selector("items", False), Selector(12, False)]),
        ("$['odd key']", [Selector("odd key", False)]),
        ('$["it\'s"]', [Selector("it's", False)]),
        (r"$['it\'s \"q\" \u00e9']".replace('\\"', '"'), [Selector('it\'s "q" é', False)]),
        ("$..any", [Selector("any", True)]),
        ("$.a..['b c'][0]", [Selector("a", False), Selector("b c", True), Selector(0, False)]),
        ("$..[*]", [Selector(None, True)]),
        ("$.größe", [Selector("größe", False)]),
    ],
)
def test_a_path_is_read_step_by_step(text, selectors):
    assert paths.parse(text) == tuple(selectors)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a.b", 'starts with "$"'),
        ("$a", 'column 2 is not understood; "." or "["'),
        ("$.", 'the "." at column 2 needs a name'),
        ("$.items[", 'the "[" at column 8 needs'),
        ("$.items[-1]", 'the "[" at column 8 needs'),
        ("$.items[1:3]", 'the "[" at column 8 needs'),
        ("$.items[?(@.x)]", 'the "[" at column 8 needs'),
        ("$.items[?]", 'the "[" at column 8 needs'),
        ("$...a", 'the "." at column 2 needs'),
        ("$.a b", '" " at column 4'),
        (r"$['\q']", "broken escape"),
    ],
)
def test_what_is_wrong_with_a_path_is_said_with_its_column(text, complaint):
    with pytest.raises(PathError, match=re.escape(complaint)):
        paths.parse(text)


@given(STEPS)
def test_a_written_place_reads_back_as_the_same_steps_and_prints_anywhere(steps):
    written = paths.write(steps)
    assert [(selector.key, selector.deep) for selector in paths.parse(written)] == [
        (step, False) for step in steps
    ]
    assert written.isascii()
    assert written.isprintable()


@pytest.mark.parametrize(
    "name",
    [
        *("id", "updated_at", "x-rate", "_links", "sha256", "iso8601", "addressLine2", "A"),
        *("p95_1m", "dc:title", "spring.version", "@odata.count", "price@odata.type", "@xml:lang"),
        "urn:ietf:params:scim:schemas:core:2.0:User",
    ],
)
def test_what_a_programmer_would_call_a_member_is_a_name(name):
    assert paths.is_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "alice@example.org",
        "alice@odata.example.org@x",
        "10.0.0.17",
        "host-1.2.3.4",
        "a.",
        "17",
        "c0ffee12-9b2d-4e19-8a3f-1234567890ab",
        "tok_a1b2c3d4e5",
        "-NfG3hkL7mPqR2sTu",
        "k3JdLmQp9xYzAbC2",
        "2024-05-01",
        "größe",
        "a b",
        "a" * 65,
        "name\n",
    ],
)
def test_what_looks_like_data_is_no_name(name):
    assert not paths.is_name(name)


def test_a_name_with_a_mark_in_it_is_written_in_quotation_marks():
    assert paths.collapse(["value", 3, "price@odata.type"]) == "$.value[*]['price@odata.type']"


def test_a_collapsed_path_holds_neither_indices_nor_data():
    steps = ["users", "alice@example.org", "visits", 17, "page"]
    assert paths.collapse(steps) == "$.users[?].visits[*].page"


@given(STEPS)
def test_hiding_names_keeps_the_shape_of_a_place_and_nothing_odd(steps):
    hidden = paths.hide_names(paths.write(steps), lambda _: "#")
    kept = (
        paths.write([s])[1:] if isinstance(s, int) or paths.is_name(s) else "['#']" for s in steps
    )
    assert hidden == "$" + "".join(kept)


def test_what_is_no_path_cannot_have_its_names_hidden():
    assert paths.hide_names("$.a secret", str) is None
    assert paths.hide_names("secret", str) is None
