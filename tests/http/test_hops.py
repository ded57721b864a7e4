"""Which requests end at this hop: those in circles, and those sent to count the hops."""

import pytest

from strangler.http.fields import lines_of
from strangler.http.head import HeadError, ReadHead, read_head
from strangler.http.hops import end_here, own_answer

US = "strangler-1"
DATE = b"Date: Sat, 21 Nov 2026 10:00:00 GMT\r\n"


def asked(method: str, *fields: tuple[bytes, bytes]) -> ReadHead:
    return read_head(method, b"/", "1.1", lines_of([(b"Host", b"a"), *fields]))


def ends(method: str, *fields: tuple[bytes, bytes]) -> int | None:
    end = end_here(asked(method, *fields), US)
    return None if end is None else end.status


@pytest.mark.parametrize(
    ("via", "status"),
    [
        (b"1.1 strangler-1", 508),
        (b"1.0 fred, 1.1 strangler-1 (a comment), 1.1 other", 508),
        (b"HTTP/1.1 strangler-1", 508),
        (b"1.1 strangler-2", None),
        (b"1.1 strangler-11", None),
        (b"1.1 other (strangler-1)", None),
    ],
)
def test_a_request_that_was_here_before_goes_no_further(via: bytes, status: int | None) -> None:
    """RFC 9110 section 7.6.3."""
    assert ends("GET", (b"Via", via)) == status


@pytest.mark.parametrize(
    ("method", "value", "status"),
    [
        ("OPTIONS", b"0", 204),
        ("TRACE", b"0", 405),
        ("OPTIONS", b"1", None),
        ("GET", b"0", None),
        ("OPTIONS", b"-1", None),
        ("OPTIONS", b"0x0", None),
        ("OPTIONS", b"", None),
        ("OPTIONS", b"0" * 11, None),
    ],
)
def test_max_forwards_0_ends_what_counts_hops(
    method: str, value: bytes, status: int | None
) -> None:
    """RFC 9110 section 7.6.2: a recipient may ignore it with other methods."""
    assert ends(method, (b"Max-Forwards", value)) == status


def test_what_goes_on_is_counted_down_and_the_rest_stays_as_it_came() -> None:
    read = asked("OPTIONS", (b"X-First", b"7"), (b"max-forwards", b"010"), (b"X-Last", b"7"))
    assert end_here(read, US) is None
    assert read.fields.crossing[1:] == [
        b"X-First: 7\r\n",
        b"max-forwards: 9\r\n",
        b"X-Last: 7\r\n",
    ]


def test_an_answer_of_this_hop_names_what_is_allowed() -> None:
    head, _, rest = own_answer(HeadError(204, ""), "OPTIONS", DATE, close=False).partition(b"\r\n")
    assert head == b"HTTP/1.1 204 No Content"
    allow, date, end = rest.split(b"\r\n", 2)
    assert {b"GET", b"OPTIONS"} < set(allow.removeprefix(b"Allow: ").split(b", "))
    assert b"TRACE" not in allow
    assert (date + b"\r\n", end) == (DATE, b"\r\n")


@pytest.mark.parametrize(("method", "has_body"), [("GET", True), ("HEAD", False)])
def test_a_refusal_of_this_hop_has_a_body_for_all_but_head(method: str, has_body: bool) -> None:
    octets = own_answer(HeadError(508, "a circle"), method, DATE, close=True)
    head, _, body = octets.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 508 Loop Detected\r\n")
    assert b"Connection: close" in head
    assert (b"a circle" in body) is has_body
