"""Forms, and other bodies of several parts."""

from strangler.compare.compare import compare
from strangler.compare.verdict import Verdict
from tests.compare.answers import answer, compare_as, rules, told

FORM = "application/x-www-form-urlencoded"
PARTS = (
    '--{0}\r\nContent-Disposition: form-data; name="note"\r\n\r\n{1}\r\n'
    '--{0}\r\nContent-Disposition: form-data; name="file"; filename="a.json"\r\n'
    "Content-Type: application/json\r\n\r\n{2}\r\n--{0}--\r\n"
)


def test_a_form_is_compared_by_name():
    assert compare_as(FORM, "a=1&b=2&c=3&c=4", "b=2&c=3&a=%31&c=4").verdict is Verdict.MATCH
    assert told(compare_as(FORM, "a=1&c=3&c=4", "a=2&c=4&c=3")) == [
        ("value", "$.a"),
        ("order", "$.c"),
    ]
    assert told(compare_as(FORM, "a=1&b=", "a=1")) == [("missing", "$.b")]


def test_what_is_no_form_is_text():
    assert told(compare_as(FORM, "no form", "no such form")) == [("body", "body (line 1)")]


def multipart(boundary: str, note: str, file: str, kind: str = "form-data"):
    body = PARTS.format(boundary, note, file).encode()
    return answer(body, ("Content-Type", f'multipart/{kind}; boundary="{boundary}"'))


def test_parts_are_compared_by_name_whatever_parts_them():
    left = multipart("one", "hi", '{"a": 1, "b": 2}')
    assert (
        compare(left, multipart("two", "hi", '{"b": 2, "a": 1.0}'), rules()).verdict
        is Verdict.MATCH
    )
    assert told(compare(left, multipart("two", "ho", '{"b": 2, "a": 3}'), rules())) == [
        ("value", "$.note.content"),
        ("value", "$.file.content.a"),
    ]


def test_parts_without_names_are_compared_in_order():
    left, right = (multipart("x", note, "{}", "mixed") for note in ("hi", "ho"))
    assert told(compare(left, right, rules())) == [("value", "$[0].content")]


def test_parts_without_an_end_are_text():
    left, right = multipart("x", "a", "1"), multipart("x", "a", "2")
    cut = [
        answer(each.body[:-8], *[("Content-Type", "multipart/mixed; boundary=x")])
        for each in (left, right)
    ]
    assert [kind for kind, _ in told(compare(*cut, rules()))] == ["body"]
