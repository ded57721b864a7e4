"""What never rests is told by its shape, and never by itself: a time, an identifier, words."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare.shape import LONG, Sort, shape_of

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z

TIMES = {
    "2026-09-21T14:13:20Z": NOW,
    "2026-09-21t14:13:20z": NOW,
    "2026-09-21 14:13:20": NOW,
    "2026-09-21T16:13:20+02:00": NOW,
    "2026-09-21T16:13:20+0200": NOW,
    "2026-09-21T09:13:20-05": NOW,
    "2026-09-21T14:13:20.25Z": NOW + 0.25,
    "2026-09-21 14:13:20,25": NOW + 0.25,
    "2026-09-21T14:13Z": NOW - 20,
    "2026-09-21": NOW - 51_200,
    "Mon, 21 Sep 2026 14:13:20 GMT": NOW,
    "Mon, 21 Sep 2026 16:13:20 +0200": NOW,
    "20260921T141320Z": NOW,
    "20260921T141320.5+0000": NOW + 0.5,
    "21.09.2026 14:13:20": NOW,
    "21.09.2026, 14:13:20.5": NOW + 0.5,
    "/Date(1790000000000)/": NOW,
    "/Date(1790000000000+0200)/": NOW,
    "1790000000": NOW,
    "1790000000.5": NOW + 0.5,
    "1790000000000": NOW,
    "1790000000000000": NOW,
    "1790000000000000000": NOW,
}


@pytest.mark.parametrize("text", TIMES)
def test_a_time_is_read_however_it_is_written(text: str) -> None:
    shape = shape_of(text, NOW)
    assert (shape.sort, shape.instant) == (Sort.TIME, pytest.approx(TIMES[text], abs=1e-3))


@pytest.mark.parametrize(
    "text",
    [
        "2026-13-41T14:13:20Z",
        "2026-02-30",
        "Mon, 41 Sep 2026 14:13:20 GMT",
        "20261341T141320Z",
        "31.02.2026 14:13:20",
        "2026-09-21T14:13:20+99:00",
        "1234567890123",  # a number of that size, in no unit near now
        "١٧٩٠٠٠٠٠٠٠",  # digits that no time is written in
    ],
)
def test_what_only_looks_like_a_time_is_none(text: str) -> None:
    assert shape_of(text, NOW).sort is not Sort.TIME


@pytest.mark.parametrize("unit", ["seconds", "milliseconds", "microseconds", "nanoseconds"])
def test_a_number_near_now_is_a_time_in_its_unit(unit: str) -> None:
    size = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}[unit]
    shape = shape_of(1_790_000_000 * size, NOW)
    assert (shape.sort, shape.instant) == (Sort.TIME, NOW)
    assert shape.form == f"{unit} since 1970, as a number"


@pytest.mark.parametrize("value", [17, -3, 0, 2.5, 1e30, -1e30, Decimal("1790000000.5"), 10**40])
def test_any_other_number_is_a_number(value: float | Decimal) -> None:
    assert shape_of(value, NOW).sort is Sort.NUMBER


def test_sign_and_decimals_of_numbers_are_told() -> None:
    values = (3, -3, 3.5, -3.5, Decimal("0.1"))
    assert [shape_of(each, NOW).form for each in values] == [
        "whole number",
        "negative whole number",
        "number with decimals",
        "negative number with decimals",
        "number with decimals",
    ]


def test_the_present_time_of_day_is_a_time_in_any_zone_and_no_other_time_of_day_is() -> None:
    here, in_nepal = shape_of("14:13:20", NOW), shape_of("19:58:25.5", NOW)
    assert here.sort is in_nepal.sort is Sort.TIME
    assert in_nepal.form == "time of day, 1 decimals"
    assert shape_of("00:07:42", NOW).sort is not Sort.TIME  # how long something took


IDENTIFIERS = {
    "7d444840-9dc0-41d1-b245-5ffdce74fad2": "UUID, version 4",
    "7D444840-9DC0-41D1-B245-5FFDCE74FAD2": "UUID, version 4, upper case",
    "00000000-0000-0000-0000-000000000000": "UUID, version all zero",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV": "ULID",
    "deadbeef": "hexadecimal, lower case, 8 digits",
    "DEADBEEF01": "hexadecimal, upper case, 10 digits",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.": "JWT",
    "x7Kp-2vQ9_mZ4tR8w": "token of 17 characters",
}


@pytest.mark.parametrize("text", IDENTIFIERS)
def test_an_identifier_is_named_by_its_kind(text: str) -> None:
    shape = shape_of(text, NOW)
    told = IDENTIFIERS[text].replace("version all zero", "all zero")
    assert (shape.sort, shape.form) == (Sort.IDENTIFIER, told)


def test_lengths_of_identifiers_differ_within_one_family() -> None:
    one, other = shape_of("deadbeef", NOW), shape_of("deadbeef01", NOW)
    assert one.form != other.form
    assert one.family == other.family


def test_words_and_numbers_keep_the_marks_between_them() -> None:
    assert shape_of("node-17", NOW).form == shape_of("host-3", NOW).form == "like a-9"
    assert shape_of("1.5 ms", NOW).form == "like 9.9 a"
    assert shape_of("a/7?x", NOW).form == "like a/9?a"
    assert shape_of("served by one of the many nodes", NOW).form == "text of several words"
    assert shape_of("v2beta", NOW).form == "like x"


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (None, "null"),
        (True, "true or false"),
        ([], "list"),
        ({}, "object"),
        ("", "empty text"),
        ("x" * 5000, "long text"),
    ],
)
def test_what_has_no_shape_of_its_own_says_what_it_is(value: object, form: str) -> None:
    assert shape_of(value, NOW).form == form  # type: ignore[arg-type]  # each is JSON


@given(st.text(max_size=80))
def test_a_form_holds_nothing_of_the_value(text: str) -> None:
    """It is stored and shown: no run of letters or digits of a value may be in it."""
    form = shape_of(text, NOW).form
    runs = [run for run in re.findall(r"[^\W_]{3,}", text) if run not in form.lower()]
    assert [run for run in runs if run in form] == []
    assert len(form) < 80


@given(st.from_regex(rf"[a-z0-9]{{{LONG},40}}", fullmatch=True))
def test_no_token_is_repeated_by_its_form(text: str) -> None:
    assert text not in shape_of(text, NOW).form
