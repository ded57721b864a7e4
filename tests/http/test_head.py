"""Which request heads are read, and which we answer ourselves."""

import pytest

from strangler.http.fields import lines_of
from strangler.http.framing import CHUNKED, NO_BODY
from strangler.http.head import MAX_FIELDS, MAX_TARGET, HeadError, read_head
from strangler.http.message import Headers

HOST = (b"Host", b"shop.example.org")


def test_a_head_says_what_is_asked_of_whom() -> None:
    fields = [HOST, (b"Accept", b"*/*")]
    read = read_head("GET", b"/a/../b?c", "1.1", lines_of(fields))
    head, framing = read.head, read.framing
    assert (head.method, head.target.path, head.target.query) == ("GET", "/b", "c")
    assert (head.host, head.headers) == ("shop.example.org", fields)
    assert framing == NO_BODY


def test_a_head_says_how_its_body_ends() -> None:
    fields = [HOST, (b"Transfer-Encoding", b"chunked")]
    assert read_head("POST", b"/", "1.1", lines_of(fields)).framing == CHUNKED


@pytest.mark.parametrize(
    ("method", "target", "version", "headers", "status"),
    [
        ("GET", b"/", "2.0", [HOST], 505),
        ("GET", b"/", "0.9", [HOST], 505),
        ("CONNECT", b"shop.example.org:443", "1.1", [HOST], 501),
        ("GET", b"/" + b"x" * MAX_TARGET, "1.1", [HOST], 414),
        ("GET", b"/", "1.1", [HOST, *[(b"X", b"y")] * MAX_FIELDS], 431),
        ("GET", b"/", "1.1", [], 400),
        ("GET", b"/", "1.1", [HOST, HOST], 400),
        ("GET", b"/", "1.0", [HOST, HOST], 400),
        ("GET", b"/", "1.1", [(b"Host", b"")], 400),
        ("GET", b"/", "1.1", [(b"Host", b"a b")], 400),
        ("GET", b"/", "1.1", [(b"Host", b"a/b")], 400),
        ("GET", b"/", "1.1", [(b"Host", b"user@a")], 400),
        ("GET", b"/", "1.1", [(b"Host", b"a:port")], 400),
        ("GET", b"/", "1.1", [(b"Host", b"a, b")], 400),
        ("GET", b"/", "1.1", [(b"Host", b"\xff")], 400),
        ("GET", b"/%", "1.1", [HOST], 400),
        ("GET", b"*", "1.1", [HOST], 400),
        ("GET", b"http://other.example/", "1.1", [HOST], 400),
        ("GET", b"http://a b/", "1.1", [HOST], 400),
        ("GET", b"http://\xff/", "1.0", [], 400),
        ("POST", b"/", "1.1", [HOST, (b"Content-Length", b"x")], 400),
    ],
)
def test_a_head_that_cannot_be_forwarded_is_answered_by_us(
    method: str, target: bytes, version: str, headers: Headers, status: int
) -> None:
    """RFC 9112 sections 2.5, 3, 3.2 and 6.3; RFC 9110 sections 9.3.6 and 15.5.15."""
    with pytest.raises(HeadError) as refused:
        read_head(method, target, version, lines_of(headers))
    assert refused.value.status == status
    assert refused.value.detail == str(refused.value) != ""


def test_the_largest_head_that_is_read_is_just_within_the_bounds() -> None:
    longest = b"/" + b"x" * (MAX_TARGET - 1)
    fields = [HOST, *[(b"X", b"y")] * (MAX_FIELDS - 1)]
    head = read_head("GET", longest, "1.1", lines_of(fields)).head
    assert len(head.headers) == MAX_FIELDS


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"Shop.Example.ORG", "shop.example.org"),
        (b"shop.example.org:8080", "shop.example.org"),
        (b"127.0.0.1:9000", "127.0.0.1"),
        (b"[::1]:9000", "[::1]"),
        (b"[::1]", "[::1]"),
    ],
)
def test_the_host_is_compared_without_its_port_and_in_lower_case(host: bytes, name: str) -> None:
    assert read_head("GET", b"/", "1.1", lines_of([(b"Host", host)])).head.host == name


def test_an_absolute_target_may_repeat_the_host_in_other_words() -> None:
    """RFC 9112 section 3.2.2; the default port says nothing."""
    head = read_head("GET", b"http://SHOP.example.org:80/x", "1.1", lines_of([HOST])).head
    assert (head.host, head.target.forward) == ("shop.example.org", b"/x")


def test_only_http_1_0_may_leave_the_host_out_and_gets_one() -> None:
    head = read_head("GET", b"/", "1.0", lines_of([(b"Accept", b"*/*")])).head
    assert head.headers == [(b"Host", b""), (b"Accept", b"*/*")]
    head = read_head("GET", b"http://a.example/", "1.0", lines_of([])).head
    assert (head.host, head.headers) == ("a.example", [(b"Host", b"a.example")])


def test_options_may_ask_for_everything() -> None:
    head = read_head("OPTIONS", b"*", "1.1", lines_of([HOST])).head
    assert head.target.path == "*"


def test_a_field_is_found_in_any_case_and_the_first_one_counts() -> None:
    head = read_head(
        "GET", b"/", "1.1", lines_of([HOST, (b"X-USER", b"1"), (b"x-user", b"2")])
    ).head
    assert head.first(b"x-user") == b"1"
    assert head.first(b"cookie") is None
