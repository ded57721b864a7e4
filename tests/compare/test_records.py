"""JSON by lines and server-sent events."""

import pytest

from strangler.compare.verdict import Verdict
from tests.compare.answers import compare_as, told

LINES = '{"id": 1, "price": 2.5}\n{"id": 2, "price": 3}\n'
EVENTS = 'event: price\nid: 7\ndata: {"id": 1, "price": 2.5}\n\ndata: done\n\n'


@pytest.mark.parametrize(
    "kind", ["application/x-ndjson", "application/jsonl", "application/json", "text/plain"]
)
def test_json_by_lines_is_a_list(kind):
    again = '{"price": 2.50, "id": 1}\r\n{"price": 3.0, "id": 2}'
    assert compare_as(kind, LINES, again).verdict is Verdict.MATCH
    assert told(compare_as(kind, LINES, LINES.replace("2.5", "2.4"))) == [("value", "$[0].price")]


def test_a_line_that_is_gone_is_missing():
    assert told(compare_as("application/x-ndjson", LINES, LINES.partition("\n")[2])) == [
        ("missing", "$[0]")
    ]


def test_records_may_be_parted_as_rfc_7464_says():
    kind = "application/json-seq"
    left, right = '\x1e{"a": 1}\n\x1e{"a": [\n2]}\n', '\x1e{"a":1}\n\x1e{"a":[2]}\n'
    assert compare_as(kind, left, right).verdict is Verdict.MATCH


def test_lines_that_are_no_json_are_text():
    assert told(compare_as("application/x-ndjson", "{}\noops", "{}\noh")) == [
        ("body", "body (line 2)")
    ]


@pytest.mark.parametrize(
    "again",
    [
        'id:8\nevent:price\ndata:{"price": 2.50,\ndata:"id": 1}\n\n: still here\n\ndata:done\n\n',
        EVENTS.replace("\n", "\r\n"),
        EVENTS + "data: cut off",
    ],
)
def test_events_that_say_the_same_are_a_match(again):
    assert compare_as("text/event-stream", EVENTS, again).verdict is Verdict.MATCH


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("2.5", "2.4"), ("value", "$[0].data.price")),
        (("event: price", "event: cost"), ("value", "$[0].event")),
        (("id: 7\n", ""), ("missing", "$[0].id")),
        (("done", "over"), ("value", "$[1].data")),
        (("done", '"done"'), ("value", "$[1].data")),
        (("event", "retry: 10\nevent"), ("extra", "$[0].retry")),
        (("data: done\n\n", ""), ("missing", "$[1]")),
    ],
)
def test_events_differ_where_they_differ(change, expected):
    assert told(compare_as("text/event-stream", EVENTS, EVENTS.replace(*change))) == [expected]
