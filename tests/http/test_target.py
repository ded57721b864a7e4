"""A path is read once for matching and once for forwarding, and the two never disagree."""

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from strangler.http.message import RequestTarget
from strangler.http.target import TargetError, normalise_literal, parse_target

ESCAPED_CONTROL = re.compile("%(?:[01][0-9A-F]|7F)")
PCHAR = b"ABCZabcz0189._~!$&'()*+,;=:@-"
AS_IS = set(range(0x21, 0x100)) - set(b"/?#%\\\x7f")
"""The octets that a segment may hold unescaped: `pchar`, and what clients send all the same."""


def spellings_of(octet: int) -> st.SearchStrategy[bytes]:
    """Every way to write one octet of a segment."""
    escapes = [b"%%%02X" % octet, b"%%%02x" % octet]
    return st.sampled_from([*escapes, bytes([octet])] if octet in AS_IS else escapes)


@st.composite
def respelt(draw: st.DrawFn, segments: list[bytes]) -> bytes:
    """One of the spellings of a path: escapes, duplicate slashes, detours through dot segments."""
    path = b""
    for segment in segments:
        path += draw(
            st.sampled_from([b"", b"/", b"/.", b"/%2e", b"/x/..", b"/x/%2E%2e", b"/x/.%2E/"])
        )
        path += b"/" + b"".join(draw(spellings_of(octet)) for octet in segment)
    return path


def is_dots(segment: bytes) -> bool:
    """Tell whether any reader could take the segment, or a part of it, for a dot segment."""
    pieces = re.split(rb"[/\\]", segment)
    pieces[-1] = pieces[-1].partition(b";")[0]
    return not {b".", b".."}.isdisjoint(pieces)


# Control characters are refused in every spelling.
OCTETS = st.integers(0x20, 0xFF).filter(lambda octet: octet != 0x7F) | st.sampled_from(PCHAR)
SEGMENT = st.lists(OCTETS, min_size=1, max_size=6).map(bytes).filter(lambda s: not is_dots(s))
PATHS = st.lists(SEGMENT, min_size=1, max_size=4)

PIECES = st.sampled_from(
    [
        b"/",
        b"//",
        b".",
        b"..",
        b"%2e",
        b"%2E",
        b"%2F",
        b"%5c",
        b"%25",
        b";",
        b"a",
        b"%41",
        b"%c3",
        b"?",
        b"\xff",
    ]
)
TARGETS = (
    st.lists(PIECES | OCTETS.map(lambda octet: bytes([octet])), max_size=12).map(b"".join)
).map(lambda rest: b"/" + rest)


def parsed(raw: bytes) -> RequestTarget:
    try:
        return parse_target(raw)
    except TargetError:
        assume(False)
        raise


@given(TARGETS)
@example(b"/a/%2e%2e/../b//c/.")
@example(b"/%252e%252e/x")
def test_what_is_forwarded_names_the_path_that_was_matched(raw: bytes) -> None:
    target = parsed(raw)
    again = parse_target(target.forward)
    assert again.path == target.path
    assert again.query == target.query
    assert again.forward == target.forward


@given(TARGETS)
def test_normalising_a_normal_path_changes_nothing(raw: bytes) -> None:
    path = parsed(raw).path
    assert parse_target(path.encode()).path == path


@given(TARGETS)
def test_a_normal_path_has_no_dot_segment_and_no_empty_one_inside(raw: bytes) -> None:
    first, *inside, last = parsed(raw).path.split("/")
    assert first == ""
    assert "" not in inside
    assert not {".", ".."} & {*inside, last}


@given(TARGETS)
@example(b"/a/%2e.%5Cb")
@example(b"/a%2f..?b")
def test_a_reader_that_decodes_first_finds_no_dot_segment_either(raw: bytes) -> None:
    path = parsed(raw).forward.partition(b"?")[0]
    assert not {b".", b".."} & set(re.split(rb"[/\\]", unquote_to_bytes(path)))


@given(st.data(), PATHS)
def test_every_spelling_of_a_path_is_matched_alike(
    data: st.DataObject, segments: list[bytes]
) -> None:
    one, other = data.draw(respelt(segments)), data.draw(respelt(segments))
    assert parse_target(one).path == parse_target(other).path


@given(PATHS, PATHS)
def test_different_paths_stay_different(one: list[bytes], other: list[bytes]) -> None:
    def path_of(segments: list[bytes]) -> str:
        escaped = b"".join(b"/" + b"".join(b"%%%02x" % octet for octet in s) for s in segments)
        return parse_target(escaped).path

    assert (path_of(one) == path_of(other)) == (one == other)


@given(st.text(min_size=1).filter(lambda text: not set(text) & set("/?%#\\")))
def test_a_literal_of_a_route_is_spelt_like_the_path_that_asks_for_it(text: str) -> None:
    literal = normalise_literal(text)
    assume(literal not in {".", ".."} and not ESCAPED_CONTROL.search(literal))
    assume(not is_dots(text.encode()))
    escaped = b"".join(b"%%%02x" % octet for octet in text.encode())
    assert parse_target(b"/" + escaped).path == "/" + literal


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/", "/"),
        (b"/api/v1", "/api/v1"),
        (b"//api///v1", "/api/v1"),
        (b"/api/v1/", "/api/v1/"),
        (b"/api//", "/api/"),
        (b"/./api/./v1", "/api/v1"),
        (b"/x/../api", "/api"),
        (b"/../../api", "/api"),
        (b"/a/b/..", "/a/"),
        (b"/a/.", "/a/"),
        (b"/a//../b", "/a/b"),  # RFC 3986 takes the empty segment away, and that is forwarded
        (b"/%61pi", "/api"),
        (b"/%7Euser", "/~user"),
        (b"/a%2fb", "/a%2Fb"),
        (b"/a%2Fb", "/a%2Fb"),
        (b"/a%252Fb", "/a%252Fb"),
        (b"/%2e%2e/api", "/api"),
        (b"/x/%2E./api", "/api"),
        (b'/"', "/%22"),
        (b"/caf\xc3\xa9", "/caf%C3%A9"),
        (b"/caf%c3%a9", "/caf%C3%A9"),
        (b"/...", "/..."),
        (b"/..a", "/..a"),
        (b"/a;x=1/b", "/a;x=1/b"),
    ],
)
def test_a_path_is_normalised_for_matching(raw: bytes, path: str) -> None:
    assert parse_target(raw).path == path


@pytest.mark.parametrize(
    ("raw", "forward"),
    [
        (b"/api?q=%2e%2e/./x", b"/api?q=%2e%2e/./x"),
        (b"//api//v1", b"//api//v1"),
        (b"/%61pi/%c3", b"/%61pi/%c3"),
        (b"/a/../b?c", b"/b?c"),
        (b"/a/%2e%2E/%62?", b"/%62?"),
        (b"/a/..", b"/"),
        (b"*", b"*"),
        (b"http://shop.example", b"/"),
        (b"http://shop.example?q", b"/?q"),
        (b"HTTP://shop.example/a/../b", b"/b"),
    ],
)
def test_only_dot_segments_are_missing_from_what_is_forwarded(raw: bytes, forward: bytes) -> None:
    assert parse_target(raw).forward == forward


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"api",
        b"?q",
        b"ftp://shop.example/",
        b"http://",
        b"http:///path",
        b"http://user@shop.example/",
        b"shop.example:443",
        b"/a b",
        b"/a\x00",
        b"/a%00",
        b"/a%0D%0Ab",
        b"/a%1f",
        b"/a%7F",
        b"/a\x7f",
        b"/a\\..\\b",
        b"/a%",
        b"/a%4",
        b"/a%zz",
        b"/a#b",
        b"/a?b#c",
        b"/a?b c",
        b"/..;/admin",
        b"/%2e%2E;x=1/admin",
        b"/.;/admin",
        b"/a/..%2Fadmin",
        b"/a%2f../admin",
        b"/a%2F%2e%2E",
        b"/a%5C..;x/admin",
        b"/a/.%5cb",
        b"**",
    ],
)
def test_a_target_that_two_parsers_may_read_differently_is_refused(raw: bytes) -> None:
    with pytest.raises(TargetError):
        parse_target(raw)


def test_an_absolute_target_tells_its_authority_in_lower_case() -> None:
    assert parse_target(b"http://Shop.Example:8080/x").authority == "shop.example:8080"
    assert parse_target(b"/x").authority is None


def test_the_query_is_kept_apart_and_untouched() -> None:
    assert parse_target(b"/a?b=%2F&c=\xff?d").query == "b=%2F&c=\xff?d"
    assert parse_target(b"/a?").query == ""
