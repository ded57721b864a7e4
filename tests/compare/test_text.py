"""Texts are compared line by line."""

import pytest

from strangler.compare.text import MOST_LINES
from strangler.compare.verdict import Verdict
from tests.compare.answers import compare_as, told

TEXT = "text/plain; charset=utf-8"


@pytest.mark.parametrize("again", ["a\nb\n", "a\nb", "a\r\nb\r\n"])
def test_how_lines_end_means_nothing(again):
    assert compare_as(TEXT, "a\nb\n", again).verdict is Verdict.MATCH
    assert compare_as("text/plain", "a\nb\n", again).verdict is Verdict.MATCH
    assert compare_as("image/png", "a\nb\n", again + "x").verdict is Verdict.MISMATCH


def test_each_line_that_differs_is_told():
    assert told(compare_as(TEXT, "a\nb\nc\nd", "a\nX\nc\nY")) == [
        ("body", "body (line 2)"),
        ("body", "body (line 4)"),
    ]


def test_a_line_that_is_gone_does_not_shift_the_rest():
    (difference,) = compare_as(
        "text/csv", "id,name\n1,a\n2,b\n3,c\n", "id,name\n1,a\n3,c\n"
    ).differences
    assert difference.place == "body (line 3)"
    assert (difference.primary, difference.candidate) == ("2,b", None)


def test_a_line_that_names_what_it_holds_differs_at_that_name():
    left = "BEGIN:VEVENT\nDTSTAMP:20240101\nSUMMARY:Talk\n"
    right = "BEGIN:VEVENT\nDTSTAMP:20240202\nSUMMARY:Walk\n"
    assert [each.path for each in compare_as("text/calendar", left, right).differences] == [
        "body/DTSTAMP",
        "body/SUMMARY",
    ]
    ignored = compare_as("text/calendar", left, right, ["body/DTSTAMP"])
    assert told(ignored) == [("body", "body/SUMMARY (line 3)")]
    assert ignored.fired == ("body/DTSTAMP",)


def test_a_metric_is_named_by_its_line_whatever_its_labels_are():
    left = 'up 1\nhits{code="200"} 7\nhits{code="500"} 0\n'
    right = 'up 1\nhits{code="200"} 8\nhits{code="500"} 0\n'
    assert told(compare_as(TEXT, left, right)) == [("body", "body/hits (line 2)")]
    assert told(compare_as(TEXT, left, right, ["body/hits"])) == []


def test_of_a_very_long_text_the_first_difference_is_told():
    lines = [str(n) for n in range(MOST_LINES + 1)]
    changed = [*lines[:100], "x", *lines[101:200], "y", *lines[201:]]
    assert told(compare_as(TEXT, "\n".join(lines), "\n".join(changed))) == [
        ("body", "body (line 101)")
    ]


def test_a_body_against_none_is_one_difference():
    (difference,) = compare_as("application/json", "", "{}").differences
    assert (difference.path, difference.primary, difference.candidate) == ("body", None, "{}")
