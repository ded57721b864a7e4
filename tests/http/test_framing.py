"""A message has one length or is refused: RFC 9112 section 6, narrowed."""

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strangler.http.fields import lines_of, request_fields, response_fields
from strangler.http.framing import (
    CHUNKED,
    NO_BODY,
    UNTIL_CLOSE,
    BodyKind,
    Framing,
    FramingError,
    request_framing,
    response_framing,
)
from strangler.http.lines import MalformedError
from strangler.http.message import Headers

NO_ONE_READING = (FramingError, MalformedError)
"""Whichever is the first to see it: framing, or the grammar of lines."""

LENGTH = b"Content-Length"
CODING = b"Transfer-Encoding"


REFUSED: list[tuple[Headers, str, str]] = [
    ([(CODING, b"chunked"), (LENGTH, b"5")], "1.1", "RFC 9112 section 6.1, smuggling"),
    ([(LENGTH, b"5"), (CODING, b"chunked")], "1.1", "the same in the other order"),
    ([(CODING, b"chunked")], "1.0", "section 6.1: HTTP/1.0 has no transfer codings"),
    ([(CODING, b"gzip, chunked")], "1.1", "section 6.1: a coding that we do not undo"),
    ([(CODING, b"chunked, gzip")], "1.1", "section 6.3: chunked is not last"),
    ([(CODING, b"chunked, chunked")], "1.1", "section 6.1: chunked twice"),
    ([(CODING, b"chunked"), (CODING, b"chunked")], "1.1", "the same in two fields"),
    ([(CODING, b"identity")], "1.1", "RFC 7230 took identity away"),
    ([(CODING, b"identity"), (CODING, b"chunked")], "1.1", "the same beside chunked"),
    ([(CODING, b",chunked")], "1.1", "RFC 9110 section 5.6.1: an empty list member"),
    ([(CODING, b"xchunked")], "1.1", "a coding that only looks like chunked"),
    ([(CODING, b"chunked;q=1")], "1.1", "section 7: chunked has no parameters"),
    ([(CODING, b"")], "1.1", "a coding that is not there"),
    ([(CODING, b"\x0bchunked")], "1.1", "RFC 9110 section 5.6.3: a vertical tab is no space"),
    ([(LENGTH, b"5"), (LENGTH, b"5")], "1.1", "section 6.3: a repair that not all make"),
    ([(LENGTH, b"5"), (LENGTH, b"6")], "1.1", "section 6.3, rule 5"),
    ([(LENGTH, b"5, 5")], "1.1", "section 6.3: a repair that not all make"),
    ([(LENGTH, b"+5")], "1.1", "RFC 9110 section 8.6: digits alone"),
    ([(LENGTH, b"-5")], "1.1", "RFC 9110 section 8.6"),
    ([(LENGTH, b"0x5")], "1.1", "RFC 9110 section 8.6"),
    ([(LENGTH, b"010")], "1.1", "eight for whoever reads octal"),
    ([(LENGTH, b"5_0")], "1.1", "what Python's int() would take"),
    ([(LENGTH, b"\xd9\xa5")], "1.1", "what Python's isdigit() would take"),
    ([(LENGTH, b"")], "1.1", "RFC 9110 section 8.6"),
    ([(LENGTH, b"5 5")], "1.1", "RFC 9110 section 8.6"),
    ([(LENGTH, b"9223372036854775808")], "1.1", "RFC 9110 section 8.6: an overflow"),
]


@pytest.mark.parametrize(
    ("headers", "version"), [case[:2] for case in REFUSED], ids=[case[2] for case in REFUSED]
)
def test_framing_with_more_than_one_reading_is_refused(headers: Headers, version: str) -> None:
    with pytest.raises(NO_ONE_READING):
        request_framing(request_fields(lines_of(headers)), version)
    for status, method in [(200, "GET"), (200, "HEAD"), (304, "GET")]:
        with pytest.raises(NO_ONE_READING):
            response_framing(method, status, response_fields(lines_of(headers)), version)


@pytest.mark.parametrize(
    ("headers", "version", "framing"),
    [
        ([], "1.1", NO_BODY),
        ([], "1.0", NO_BODY),
        ([(LENGTH, b"0")], "1.1", Framing(BodyKind.LENGTH, 0)),
        ([(b"content-length", b"12")], "1.0", Framing(BodyKind.LENGTH, 12)),
        ([(b"CONTENT-LENGTH", b"12")], "1.1", Framing(BodyKind.LENGTH, 12)),
        ([(LENGTH, b"9" * 18)], "1.1", Framing(BodyKind.LENGTH, 10**18 - 1)),
        ([(CODING, b"chunked")], "1.1", CHUNKED),
        ([(b"transfer-encoding", b"Chunked\t ")], "1.1", CHUNKED),
        ([(b"Content-Type", b"5"), (b"X-Transfer-Codin", b"x")], "1.1", NO_BODY),
    ],
)
def test_a_request_is_as_long_as_it_says(headers: Headers, version: str, framing: Framing) -> None:
    assert request_framing(request_fields(lines_of(headers)), version) == framing


@pytest.mark.parametrize(
    ("method", "status", "headers", "framing"),
    [
        ("GET", 200, [], UNTIL_CLOSE),
        ("GET", 200, [(LENGTH, b"3")], Framing(BodyKind.LENGTH, 3)),
        ("GET", 404, [(CODING, b"chunked")], CHUNKED),
        ("HEAD", 200, [(LENGTH, b"3")], NO_BODY),
        ("HEAD", 200, [(CODING, b"chunked")], NO_BODY),
        ("HEAD", 404, [], NO_BODY),
        ("GET", 204, [], NO_BODY),
        ("GET", 304, [(LENGTH, b"3")], NO_BODY),
        ("GET", 100, [], NO_BODY),
        ("GET", 101, [], NO_BODY),
    ],
)
def test_a_response_is_as_long_as_the_request_and_its_status_allow(
    method: str, status: int, headers: Headers, framing: Framing
) -> None:
    """RFC 9112 section 6.3, rules 1, 4, 6 and 8."""
    assert response_framing(method, status, response_fields(lines_of(headers)), "1.1") == framing


VALUES = st.sampled_from(
    [b"0", b"5", b"05", b"6", b"5, 5", b"+5", b"5 ", b"chunked", b"Chunked", b"gzip", b"", b"1e1"]
) | st.binary(max_size=3)
FIELDS = st.tuples(st.sampled_from([LENGTH, CODING, b"content-length", b"X"]), VALUES)


@given(st.lists(FIELDS, max_size=3), st.sampled_from(["1.1", "1.0"]))
@example([(LENGTH, b"5")], "1.1")
@example([(CODING, b"chunked")], "1.1")
def test_what_framing_accepts_another_parser_reads_alike(
    headers: list[tuple[bytes, bytes]], version: str
) -> None:
    try:
        framing = request_framing(request_fields(lines_of(headers)), version)
    except NO_ONE_READING:
        return
    body = {BodyKind.NONE: b"", BodyKind.CHUNKED: b"3\r\nabc\r\n0\r\n\r\n"}.get(
        framing.kind, b"x" * min(framing.length, 999)
    )
    fields = b"".join(b"%b: %b\r\n" % field for field in headers if field[0] != b"X")
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(b"POST / HTTP/%b\r\nHost: a\r\n%b\r\n%b" % (version.encode(), fields, body))
    octets = 0
    while not isinstance(event := reader.next_event(), h11.EndOfMessage):
        assert event is not h11.NEED_DATA
        octets += len(event.data) if isinstance(event, h11.Data) else 0
    assert octets == (3 if framing.kind is BodyKind.CHUNKED else framing.length)
    assert reader.trailing_data == (b"", False)
