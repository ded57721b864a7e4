"""For which other paths servers take one path."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.http.readings import fold, readings
from strangler.http.target import TargetError, normalise_literal, parse_target, plainly_spelt


@pytest.mark.parametrize(
    ("path", "others"),
    [
        ("/a/b", set()),
        ("/a%20b/%25", set()),
        ("/a;x/b", {"/a/b"}),
        ("/;/a;/b;c=d;e", {"/a/b"}),
        ("/;x", {"/"}),
        ("/a/;x", {"/a/"}),
        ("/a%2Fb", {"/a/b"}),
        ("/%2Fa%2F%2Fb%2F", {"/a/b/"}),
        ("/a%5Cb", {"/a/b"}),
        ("/a%2Fb%5Cc", {"/a/b%5Cc", "/a%2Fb/c", "/a/b/c"}),
        ("/a;x%2Fb", {"/a", "/a;x/b", "/a/b"}),
        ("/a%2F;x%5Cb", {"/a/", "/a%2F", "/a/;x%5Cb", "/a%2F;x/b", "/a/;x/b", "/a/b", "/a%2F/b"}),
    ],
)
def test_a_path_has_the_readings_of_every_server_in_a_row(path: str, others: set[str]) -> None:
    first, *rest = readings(path)
    assert first == path
    assert set(rest) == others
    assert len(rest) == len(others)


TARGETS = st.lists(
    st.sampled_from(["/", "a", "B", ";", "%3b", "%2f", "%5C", ".", "%2e", "..", "//", "=", "%20"]),
    max_size=14,
).map(lambda pieces: "/" + "".join(pieces))


@given(TARGETS)
def test_no_reading_brings_dot_segments_to_light_or_leaves_the_normal_form(target: str) -> None:
    try:
        path = parse_target(target.encode()).path
    except TargetError:
        return
    for reading in readings(path):
        assert not {".", ".."} & set(reading.split("/"))
        assert "//" not in reading
        assert reading.startswith("/")


@given(TARGETS)
def test_what_is_plainly_spelt_has_one_reading_in_any_case(target: str) -> None:
    try:
        path = parse_target(target.encode()).path
    except TargetError:
        return
    folded = "/".join(normalise_literal(fold(segment)) for segment in path.split("/"))
    assert plainly_spelt(path) == (readings(path) == [path] and folded == path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Served", "sERVED"),
        ("caf%C3%A9", "CAF%C3%89"),
        ("%E2%84%AAey", "key"),  # the Kelvin sign
        ("%C5%BFerved", "served"),  # the long s
    ],
)
def test_spellings_in_two_cases_fold_to_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)
    assert not re.search("%", fold(one))


@pytest.mark.parametrize(("one", "other"), [("%FF", "%FE"), ("%FF", "%EF%BF%BD"), ("a%2Fb", "ab")])
def test_what_is_no_utf_8_stays_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)
