"""Header fields are compared by what they mean."""

import pytest

from strangler.compare.compare import compare
from strangler.compare.verdict import Verdict
from tests.compare.answers import JSON_TYPE, answer, json_answer, rules, told

NOON = ("Date", "Mon, 04 Mar 2024 12:00:00 GMT")
ONE = ("Date", "Mon, 04 Mar 2024 13:00:00 GMT")


def heads(left, right, *ignore, status=200):
    left, right = (answer(b"same", *fields, status=status) for fields in (left, right))
    return compare(left, right, rules(ignore))


SAME = [
    ("Link", '<a>; rel="next", <b>; rel=prev', "<b>;rel=prev, <a>;rel=next"),
    (
        "Content-Disposition",
        'attachment; filename="ä.txt"',
        "attachment; filename*=UTF-8''%C3%A4.txt",
    ),
    ("Strict-Transport-Security", "max-age=1; includeSubDomains", "includeSubdomains;max-age=1"),
    (
        "Content-Security-Policy",
        "img-src a b; default-src 'self'",
        "default-src 'self';img-src b a",
    ),
    (
        "WWW-Authenticate",
        'Digest realm="x, y", nonce="1", qop=auth, Basic realm=x',
        'Basic realm="x", Digest nonce="2", realm="x, y", qop="auth"',
    ),
    ("WWW-Authenticate", "Negotiate", "negotiate"),
    ("X-Frame-Options", "DENY", "deny"),
    ("Vary", "Accept, Origin", "origin, accept, Accept-Encoding"),
    ("Content-Type", "multipart/mixed; boundary=a", "multipart/mixed; boundary=b"),
    ("Cache-Control", 'private, no-cache="Set-Cookie, X"', 'No-Cache="Set-Cookie, X",private'),
    ("Last-Modified", "Mon, 04 Mar 2024 12:00:00 GMT", "Monday, 04-Mar-24 12:00:00 GMT"),
    ("Retry-After", "120", "119"),
    ("X-RateLimit-Remaining", "17", "16"),
]


@pytest.mark.parametrize(("name", "left", "right"), SAME)
def test_a_field_in_other_words_is_the_same(name, left, right):
    assert heads([(name, left)], [(name, right)]).verdict is Verdict.MATCH


OTHER = [
    ("Cache-Control", "max-age=60", "max-age=600", "header:cache-control/max-age"),
    ("Cache-Control", "private, max-age=60", "max-age=60", "header:cache-control/private"),
    ("Link", "<a>; rel=next", "<b>; rel=next", "header:link/next"),
    ("Content-Type", "text/plain; format=flowed", "text/plain", "header:content-type/format"),
    (
        "Content-Disposition",
        "attachment; filename=a",
        "attachment; filename=b",
        "header:content-disposition/filename",
    ),
    ("Content-Disposition", "attachment", "inline", "header:content-disposition"),
    (
        "Strict-Transport-Security",
        "max-age=9",
        "max-age=1",
        "header:strict-transport-security/max-age",
    ),
    ("WWW-Authenticate", "Basic realm=a", "Basic realm=b", "header:www-authenticate/basic"),
    ("Vary", "Accept-Language", "Accept", "header:vary"),
    (
        "Last-Modified",
        "Mon, 04 Mar 2024 12:00:00 GMT",
        "2024-03-04T12:00:00Z",
        "header:last-modified",
    ),
    ("Retry-After", "120", "30", "header:retry-after"),
    ("Access-Control-Allow-Origin", "*", "https://a.example", "header:access-control-allow-origin"),
    ("X-Total-Count", "3", "4", "header:x-total-count"),
    ("Content-Language", "de", "en", "header:content-language"),
]


@pytest.mark.parametrize(("name", "left", "right", "path"), OTHER)
def test_a_field_differs_in_the_part_that_differs(name, left, right, path):
    assert path in [place for _, place in told(heads([(name, left)], [(name, right)]))]


@pytest.mark.parametrize(
    "name", ["ETag", "Last-Modified", "Content-Digest", "Expires", "Retry-After"]
)
def test_that_a_field_is_there_counts_where_its_value_does_not(name):
    value = "Mon, 04 Mar 2024 12:00:00 GMT"
    assert told(heads([(name, value)], [])) == [("header", f"header:{name.lower()}")]


def test_what_tells_an_instant_is_seen_from_the_answer_itself():
    hour, half = "Mon, 04 Mar 2024 14:00:02 GMT", "Mon, 04 Mar 2024 12:30:00 GMT"
    first = [NOON, ("Expires", "Mon, 04 Mar 2024 13:00:00 GMT")]
    assert heads(first, [ONE, ("Expires", hour)]).verdict is Verdict.MATCH
    assert told(heads(first, [NOON, ("Expires", half)])) == [("header", "header:expires")]
    assert told(heads(first, [NOON, ("Expires", "0")])) == [("header", "header:expires")]
    assert heads([NOON, ("Expires", "-1")], [NOON, ("Expires", "0")]).verdict is Verdict.MATCH


def test_a_last_modified_that_differs_counts_unless_the_body_differs_too():
    early, late = (("Last-Modified", f"Mon, 04 Mar 2024 1{n}:00:00 GMT") for n in (1, 2))
    assert told(heads([early], [late])) == [("header", "header:last-modified")]
    other = compare(json_answer({"a": 1}, early), json_answer({"a": 2}, late), rules())
    assert told(other) == [("value", "$.a")]
    lost = compare(json_answer({"a": 1}, early), json_answer({"a": 2}), rules())
    assert told(lost) == [("header", "header:last-modified"), ("value", "$.a")]


def test_what_differs_in_one_field_is_one_path():
    pair = [("Cache-Control", "private, max-age=1")], [("Cache-Control", "public, max-age=2")]
    (difference,) = heads(*pair).differences
    assert (difference.path, difference.place) == ("header:cache-control",) * 2
    (left,) = heads(
        *pair, "header:cache-control/max-age", "header:cache-control/public"
    ).differences
    assert left.place == "header:cache-control/private"


def test_expires_says_nothing_beside_cache_control():
    told_twice = [("Cache-Control", "max-age=60"), ("Expires", "0")]
    assert heads(told_twice, [("Cache-Control", "max-age=60")]).verdict is Verdict.MATCH


@pytest.mark.parametrize(
    ("left", "right", "place"),
    [
        ("a=1; Max-Age=3600", "a=1; Max-Age=60", "header:set-cookie/a/max-age"),
        ("a=1; Max-Age=3600", "a=1", "header:set-cookie/a/max-age"),
        (
            "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "a=; Expires=Mon, 04 Mar 2024 13:00:00 GMT",
            "header:set-cookie/a/expires",
        ),
        ("a=1; SameSite=Lax", "a=1; SameSite=None", "header:set-cookie/a/samesite"),
        ("a=1; Path=/", "a=1", "header:set-cookie/a/path"),
    ],
)
def test_a_cookie_that_lives_or_goes_otherwise_differs(left, right, place):
    pair = [NOON, ("Set-Cookie", left)], [NOON, ("Set-Cookie", right)]
    assert told(heads(*pair)) == [("header", place)]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("a=1; Max-Age=3600", "a=1; Expires=Mon, 04 Mar 2024 13:00:01 GMT"),
        ("a=1; Max-Age=0", "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"),
        ("a=1; Domain=.example.org", "a=1; domain=example.org"),
    ],
)
def test_a_cookie_that_lives_as_long_is_the_same(left, right):
    pair = [NOON, ("Set-Cookie", left)], [NOON, ("Set-Cookie", right)]
    assert heads(*pair).verdict is Verdict.MATCH


def test_the_note_of_a_redirect_is_not_compared_but_its_target_is():
    left = answer(
        b"<a href='/b'>Found</a>", ("Location", "/b"), ("Content-Type", "text/html"), status=302
    )
    right = answer(b"", ("Location", "/b"), status=302)
    comparison = compare(left, right, rules())
    assert (comparison.verdict, set(comparison.fired)) == (Verdict.MATCH, {"body:redirect"})
    other = answer(b"", ("Location", "/c"), status=302)
    assert told(compare(left, other, rules())) == [("header", "header:location")]
    data = [answer(b'{"a": %d}' % n, ("Location", "/b"), JSON_TYPE, status=302) for n in (1, 2)]
    assert told(compare(*data, rules())) == [("value", "$.a")]


def test_an_answer_without_a_body_has_no_type():
    assert heads([JSON_TYPE], [], status=204).verdict is Verdict.MATCH
    assert heads([JSON_TYPE], [], status=200).verdict is Verdict.MISMATCH


def test_a_rule_may_name_a_part_of_a_field():
    pair = [("Cache-Control", "max-age=60")], [("Cache-Control", "max-age=600")]
    comparison = heads(*pair, "header:Cache-Control/max-age")
    assert (comparison.verdict, comparison.fired) == (
        Verdict.IGNORED,
        ("header:Cache-Control/max-age",),
    )
