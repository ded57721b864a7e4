"""Statuses, heads, codings and bodies that are not JSON."""

import gzip
import pickle
import zlib

import brotli
import pytest
from backports import zstd

from strangler.compare.bounds import Bounds
from strangler.compare.compare import compare
from strangler.compare.verdict import Kind, Verdict
from tests.compare.answers import JSON_TYPE, answer, json_answer, rules, told

HTML_LATIN = ("Content-Type", "text/html; charset=iso-8859-1")
HTML_UTF8 = ("Content-Type", "text/html; charset=utf-8")
TEXT_UTF8 = ("Content-Type", "text/plain; charset=utf-8")
GZIP = ("Content-Encoding", "gzip")
PAGE = "<p>Grüße, “quoted”</p>"


def heads(left: list[tuple[str, str]], right: list[tuple[str, str]], *ignore: str):
    return compare(answer(b"same", *left), answer(b"same", *right), rules(ignore))


def test_another_status_is_one_difference_and_the_end():
    ok, gone = json_answer({"a": 1}, ("X-A", "1")), json_answer({"b": 2}, status=404)
    comparison = compare(ok, gone, rules())
    assert told(comparison) == [("status", "status")]
    assert (comparison.differences[0].primary, comparison.differences[0].candidate) == (200, 404)


def test_an_ignored_status_lets_the_comparison_go_on():
    comparison = compare(
        json_answer({"a": 1}), json_answer({"a": 2}, status=203), rules(["status"])
    )
    assert told(comparison) == [("value", "$.a")]
    assert comparison.fired == ("status",)


def test_built_in_rules_are_counted_and_leave_a_match_a_match():
    comparison = heads(
        [("Date", "Mon"), ("Server", "Apache"), ("ETag", '"1"'), ("x", "y")],
        [("date", "Tue"), ("etag", '"2"'), ("X", "y"), ("X-Request-Id", "7")],
    )
    assert comparison.verdict is Verdict.MATCH
    assert set(comparison.fired) == {
        "header:date",
        "header:server",
        "header:etag",
        "header:x-request-id",
    }


def test_that_a_validator_is_there_is_compared_though_its_value_is_not():
    assert told(heads([("ETag", '"1"')], [])) == [("header", "header:etag")]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([("Allow", "GET, HEAD")], [("allow", "HEAD,GET")]),
        ([("Cache-Control", "no-store, Max-Age=0")], [("cache-control", "max-age=0,no-store")]),
        ([("Link", "<a>"), ("Link", "<b>")], [("Link", "<a>, <b>")]),
        ([("X-A", " 1 ")], [("X-A", "1")]),
        ([HTML_UTF8], [("content-type", "Text/HTML;Charset=UTF-8")]),
        (
            [("Set-Cookie", "a=1; Path=/; Secure"), ("Set-Cookie", "b=2")],
            [("Set-Cookie", "b=2"), ("set-cookie", "a=1;secure;path=/")],
        ),
    ],
)
def test_a_field_is_compared_by_what_it_means(left, right):
    assert heads(left, right).verdict is Verdict.MATCH


@pytest.mark.parametrize(
    ("left", "right", "path"),
    [
        ([("Location", "/a")], [("Location", "http://x/a")], "header:location"),
        ([("X-Total-Count", "3")], [("X-Total-Count", "4")], "header:x-total-count"),
        ([("X-Total-Count", "3")], [], "header:x-total-count"),
        ([("Link", "<a>; rel=next")], [("Link", "<b>; rel=next")], "header:link"),
        ([JSON_TYPE], [("Content-Type", "text/plain")], "header:content-type"),
        ([JSON_TYPE], [], "header:content-type"),
        ([("Set-Cookie", "sid=1")], [("Set-Cookie", "sid=2")], "header:set-cookie/sid"),
        ([("Set-Cookie", "sid=1")], [("Set-Cookie", "SID=1")], "header:set-cookie/SID"),
        (
            [("Set-Cookie", "sid=1; HttpOnly")],
            [("Set-Cookie", "sid=1")],
            "header:set-cookie/sid/httponly",
        ),
        ([("Set-Cookie", "tok_123456=1")], [], "header:set-cookie/[?]"),
    ],
)
def test_a_field_that_means_something_else_differs(left, right, path):
    comparison = heads(left, right)
    assert path in [each.path for each in comparison.differences]
    assert {each.kind for each in comparison.differences} == {Kind.HEADER}


def test_a_cookies_expiry_is_counted_from_now_so_only_its_presence_counts():
    monday, tuesday = "a=1; Expires=Mon, 01 Jan 2024", "a=1; Expires=Tue, 02 Jan 2024"
    same = heads([("Set-Cookie", monday)], [("Set-Cookie", tuesday)])
    assert (same.verdict, same.fired) == (Verdict.MATCH, ("header:set-cookie/*/expires",))
    assert told(heads([("Set-Cookie", monday)], [("Set-Cookie", "a=1")])) == [
        ("header", "header:set-cookie/a/expires")
    ]


def test_a_header_rule_makes_a_difference_ignored_and_is_named_as_written():
    comparison = heads([("X-Version", "1")], [("x-version", "2")], "header:X-Version")
    assert (comparison.verdict, comparison.fired) == (Verdict.IGNORED, ("header:X-Version",))
    cookie = heads([("Set-Cookie", "sid=1")], [("Set-Cookie", "sid=2")], "header:set-cookie/sid")
    assert cookie.verdict is Verdict.IGNORED


def test_one_text_in_two_charsets_is_one_text():
    latin, utf8 = PAGE.encode("cp1252"), PAGE.encode()
    comparison = compare(answer(latin, HTML_LATIN), answer(utf8, HTML_UTF8), rules())
    assert comparison.verdict is Verdict.MATCH
    assert comparison.fired == ("header:content-type/charset",)


def test_the_same_bytes_in_two_charsets_are_two_texts():
    comparison = compare(
        answer(PAGE.encode(), HTML_LATIN), answer(PAGE.encode(), HTML_UTF8), rules()
    )
    assert told(comparison) == [("value", "$.html.body[0].p[0]['#text']")]


def test_of_two_texts_without_a_charset_one_would_be_read_wrongly():
    html = ("Content-Type", "text/html")
    comparison = compare(answer(PAGE.encode("cp1252"), html), answer(PAGE.encode(), html), rules())
    assert comparison.verdict is Verdict.MISMATCH


@pytest.mark.parametrize("charset", ["idna", "unicode_escape", "zip", "no-such", "utf-7"])
def test_a_charset_that_is_not_for_the_web_means_bytes(charset):
    kind = ("Content-Type", f"text/plain; charset={charset}")
    comparison = compare(answer(b"ab\xff", kind), answer(b"ac\xff", kind), rules())
    assert told(comparison) == [("body", "body (byte 1)")]


def test_a_text_differs_in_its_lines():
    left = answer("a\nbß\ncd\n".encode(), TEXT_UTF8)
    right = answer("a\nbß\ncX\n".encode(), TEXT_UTF8)
    (difference,) = compare(left, right, rules()).differences
    assert difference.place == "body (line 3)"
    assert (difference.primary, difference.candidate) == ("cd", "cX")


def test_a_text_that_only_goes_on_differs_in_its_last_line():
    left, right = answer(b"abc", TEXT_UTF8), answer(b"abcd", TEXT_UTF8)
    assert told(compare(left, right, rules())) == [("body", "body (line 1)")]


def test_other_bodies_are_compared_as_bytes():
    png = ("Content-Type", "image/png")
    comparison = compare(answer(b"\x89PNG1", png), answer(b"\x89PNG2", png), rules())
    assert told(comparison) == [("body", "body (byte 4)")]
    assert comparison.differences[0].primary == "31"


def test_a_charset_means_nothing_to_bytes():
    left, right = ("Content-Type", "image/png"), ("Content-Type", "image/png; charset=binary")
    comparison = compare(answer(b"\x89PNG", left), answer(b"\x89PNG", right), rules())
    assert comparison.verdict is Verdict.MATCH


def test_a_body_that_is_not_json_can_be_ignored():
    left, right = answer(b"a", HTML_UTF8), answer(b"b", HTML_UTF8)
    comparison = compare(left, right, rules(["body"]))
    assert (comparison.verdict, comparison.fired) == (Verdict.IGNORED, ("body",))


RAW = b'{"a": 1, "b": [1, 2, 3]}'


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(RAW)),
        ("X-GZIP", gzip.compress(RAW)),
        ("gzip", gzip.compress(RAW[:9]) + gzip.compress(RAW[9:]) + b"\0" * 8),
        ("deflate", zlib.compress(RAW)),
        ("deflate", raw_deflate(RAW)),
        ("deflate, gzip", gzip.compress(zlib.compress(RAW))),
        ("br", brotli.compress(RAW)),
        ("zstd", zstd.compress(RAW)),
        ("zstd", zstd.compress(RAW[:9]) + zstd.compress(RAW[9:])),
        ("identity", RAW),
    ],
)
def test_a_coded_body_is_the_body_that_was_coded(coding, body):
    coded = answer(body, JSON_TYPE, ("Content-Encoding", coding))
    comparison = compare(coded, answer(RAW, JSON_TYPE), rules())
    assert comparison.verdict is Verdict.MATCH
    assert comparison.fired == ("header:content-encoding",)


def test_a_coding_without_a_body_is_no_body():
    assert compare(answer(b"", GZIP), answer(b""), rules()).verdict is Verdict.MATCH


def wide(data: bytes) -> bytes:
    """Zstandard with a window of 128 MiB, which a decoder sets aside before the first byte."""
    stream = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    return stream.compress(data) + stream.flush()


BOMB = gzip.compress(b"\0" * 50_000_000, compresslevel=9)


BROKEN = [
    ("gzip", gzip.compress(RAW)[:-9], "compressed body is cut short"),
    ("gzip", RAW, "gzip body is corrupt"),
    ("deflate", b"\xff\xff\xff", "deflate body is corrupt"),
    ("br", brotli.compress(RAW)[:-2], "compressed body is cut short"),
    ("br", b"\xff\xff\xff\xff", "br body is corrupt"),
    ("zstd", zstd.compress(RAW)[:-2], "compressed body is cut short"),
    ("zstd", b"\xff\xff\xff\xff", "zstd body is corrupt"),
    ("zstd", wide(RAW), "zstd body is corrupt"),
]
UNDECIDED = [
    ("gzip", BOMB, "body of more than 16777216 bytes once decompressed"),
    ("gzip, gzip", gzip.compress(BOMB), "body of more than 16777216 bytes"),
    ("gzip", gzip.compress(b"") * 5000, "gzip body of more than 64 members"),
    ("gzip", gzip.compress(RAW) + b"trailing", "more than gzip in a gzip body"),
    ("br", brotli.compress(b"\0" * 50_000_000), "body of more than 16777216 bytes"),
    ("zstd", zstd.compress(b"\0" * 50_000_000), "body of more than 16777216 bytes"),
    ("zstd", zstd.compress(b"") * 5000, "zstd body of more than 64 frames"),
    ("compress", b"x", "a content-encoding other than gzip, deflate, br and zstd"),
    ("gzip, gzip, gzip, gzip", b"x", "more than 3 content-encodings"),
]


@pytest.mark.parametrize(("coding", "body", "reason"), UNDECIDED)
def test_a_body_that_we_may_not_decode_is_inconclusive_and_says_which_side(coding, body, reason):
    coded = answer(body, JSON_TYPE, ("Content-Encoding", coding))
    comparison = compare(answer(RAW, JSON_TYPE), coded, rules())
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert comparison.reason.startswith(f"candidate: {reason}")


@pytest.mark.parametrize(("coding", "body", "reason"), [*BROKEN, *UNDECIDED])
def test_what_the_primary_says_and_we_cannot_read_is_no_measure(coding, body, reason):
    coded = answer(body, JSON_TYPE, ("Content-Encoding", coding))
    comparison = compare(coded, answer(RAW, JSON_TYPE), rules())
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert comparison.reason.startswith(f"primary: {reason}")


@pytest.mark.parametrize(("coding", "body", "reason"), BROKEN)
def test_a_body_that_no_client_can_decode_differs_from_one_that_can_be_read(coding, body, reason):
    coded = answer(body, JSON_TYPE, ("Content-Encoding", coding))
    comparison = compare(answer(RAW, JSON_TYPE), coded, rules())
    assert comparison.verdict is Verdict.MISMATCH
    (difference,) = comparison.differences
    assert (difference.path, difference.kind) == ("body", Kind.BODY)
    assert difference.candidate == f"candidate: {reason}"


def test_equal_bytes_match_whatever_they_are_coded_in():
    bomb = answer(BOMB, GZIP)
    assert compare(bomb, answer(bytes(BOMB), GZIP), rules()).verdict is Verdict.MATCH
    unknown = answer(b"\x28\xb5", ("Content-Encoding", "compress"))
    assert compare(unknown, unknown, rules()).verdict is Verdict.MATCH


def test_a_body_beyond_the_bound_is_compared_for_equal_bytes_only():
    bounds = Bounds(body=10)
    left, right = answer(b"x" * 11), answer(b"y" * 11)
    assert compare(left, left, rules(), bounds).verdict is Verdict.MATCH
    assert compare(left, right, rules(), bounds).verdict is Verdict.INCONCLUSIVE
    assert (
        compare(answer(b"x" * 10), answer(b"y" * 10), rules(), bounds).verdict is Verdict.MISMATCH
    )


def test_everything_a_comparison_takes_and_gives_can_go_to_a_worker_process_and_back():
    left, right = json_answer({"a": [1, {"b": None}]}), json_answer({"a": [2]})
    compiled = rules(["$..x"], ["$.t"], ["$.p"])
    comparison = compare(*pickle.loads(pickle.dumps((left, right, compiled, Bounds()))))
    assert pickle.loads(pickle.dumps(comparison)) == compare(left, right, compiled)


def test_a_deep_value_on_one_side_can_be_pickled():
    deep = answer(b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}", JSON_TYPE)
    comparison = compare(deep, answer(b"{}", JSON_TYPE), rules())
    assert told(comparison) == [("missing", "$.a")]
    assert pickle.loads(pickle.dumps(comparison)) == comparison
