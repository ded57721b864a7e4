"""The bytes of a client connection give the same requests however they are cut."""

from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.http.head import MAX_HEAD
from strangler.http.target import parse_target
from strangler.proxy.request_reader import EMPTY_LINES, RequestReader


class Read(NamedTuple):
    """What was read of one request."""

    method: str
    target: bytes
    version: str
    headers: list[tuple[bytes, bytes]]
    trailers: list[tuple[bytes, bytes]]
    body: bytes
    complete: bool


class Outcome(NamedTuple):
    """What a reader has come to."""

    requests: list[Read]
    status: int
    rest: bytes | None
    in_head: bool


def fed(pieces: list[bytes]) -> Outcome:
    reader = RequestReader()
    for piece in pieces:
        reader.feed(piece)
    requests = [
        Read(
            one.read.head.method,
            one.read.head.target.forward,
            one.version,
            list(one.read.head.headers),
            one.trailers,
            one.take(),
            one.complete,
        )
        for one in reader.requests
    ]
    status = 0 if reader.refusal is None else reader.refusal.status
    return Outcome(requests, status, reader.rest, reader.in_head)


STREAMS = {
    "a request": b"GET /a?b HTTP/1.1\r\nHost: a\r\nX: \t y z \r\nEmpty:\r\n\r\n",
    "blank lines before it": b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "chunks and trailers": (
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\nChecksum: 1\r\nOther: 2 \r\n\r\n"
    ),
    "three in a row": (
        b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
        b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
        b"HEAD /3 HTTP/1.1\r\nHost: a\r\n\r\n"
    ),
    "half a head behind a body": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /next HTTP/1.1\r\nHo"
    ),
    "half a body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello",
    "an upgrade": (
        b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        b"\x81\x05hello"
    ),
    "HTTP/1.0": b"GET / HTTP/1.0\r\n\r\n",
    "octets behind the last request": (
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    ),
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "a folded field": b"GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
    "a bare line feed": b"GET / HTTP/1.1\nHost: a\n\n",
    "an unknown method": b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a chunk that is too long": (
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n"
    ),
    "nonsense": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_one_cut_anywhere_changes_nothing(stream: bytes) -> None:
    whole = fed([stream])
    for cut in range(1, len(stream)):
        assert fed([stream[:cut], stream[cut:]]) == whole, cut


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_single_octets_give_what_the_whole_gives(stream: bytes) -> None:
    assert fed([stream[at : at + 1] for at in range(len(stream))]) == fed([stream])


NAMES = st.sampled_from([b"Accept", b"X-Custom", b"x-lower", b"Cookie"])
VALUES = st.binary(max_size=20).map(
    lambda value: bytes(octet for octet in value if octet >= 0x20 and octet != 0x7F).strip()
)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=4)


class Sent(NamedTuple):
    """A request to write, and what is to be read of it."""

    octets: bytes
    read: Read


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    method = draw(st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS"]))
    target = draw(st.sampled_from([b"/", b"/a/b?c=d", b"http://a/x", b"/" + b"x" * 300]))
    fields, trailers = [(b"Host", b"a"), *draw(FIELDS)], []
    chunks = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=4))
    framing = draw(st.sampled_from(["none", "length", "chunked"]))
    body = b"" if framing == "none" else b"".join(chunks)
    octets = body
    if framing == "length":
        fields.append((b"Content-Length", b"%d" % len(body)))
    if framing == "chunked":
        fields.append((b"Transfer-Encoding", b"chunked"))
        trailers = draw(FIELDS)
        framed = b"".join(b"%X\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
        octets = framed + b"0\r\n" + b"".join(b"%b: %b\r\n" % f for f in trailers) + b"\r\n"
    head = b"%b %b HTTP/1.1\r\n" % (method.encode(), target)
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    forward = parse_target(target).forward
    read = Read(method, forward, "1.1", fields, trailers, body, complete=True)
    return Sent(head + lines + b"\r\n" + octets, read)


def cut(octets: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(octets) + 1) for place in places}), len(octets)]
    return [octets[start:end] for start, end in pairwise(edges)]


@given(st.lists(requests(), min_size=1, max_size=4), st.lists(st.integers(0, 10_000), max_size=12))
def test_what_was_sent_is_read_in_every_chunking(sent: list[Sent], places: list[int]) -> None:
    octets = b"".join(one.octets for one in sent)
    outcome = fed(cut(octets, places))
    assert outcome.requests == [one.read for one in sent]
    assert (outcome.status, outcome.rest, outcome.in_head) == (0, None, False)


def pieces_of(octets: bytes, size: int) -> list[bytes]:
    return [octets[at : at + size] for at in range(0, len(octets), size)]


START = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"
TOO_MUCH = b"x" * (2 * MAX_HEAD)
FIELD = b"X: " + b"y" * 1000 + b"\r\n"


@pytest.mark.parametrize(
    "octets",
    [
        START + b"X: " + TOO_MUCH + b"\r\n\r\n",
        START + TOO_MUCH + b": x\r\n\r\n",
        START + FIELD * (MAX_HEAD // 1000 + 1) + b"\r\n",
        CHUNKED + b"0\r\nX: " + TOO_MUCH + b"\r\n\r\n",
        CHUNKED + b"0\r\n" + FIELD * (MAX_HEAD // 1000 + 1) + b"\r\n",
    ],
    ids=["a value", "a name", "many fields", "a trailer", "many trailers"],
)
@pytest.mark.parametrize("size", [1000, 16 * 1024, 10**6])
def test_what_a_parser_would_keep_without_end_is_refused(octets: bytes, size: int) -> None:
    """Whole as it is, or in pieces of which none ends."""
    outcome = fed(pieces_of(octets, size))
    assert outcome.status == 431
    assert not [one for one in outcome.requests if one.complete]


def test_a_target_without_end_is_refused() -> None:
    for size in (100, 10**6):
        outcome = fed(pieces_of(b"GET /" + TOO_MUCH, size))
        assert outcome.status == 414


def test_a_body_is_of_any_size() -> None:
    body = b"x" * (8 * MAX_HEAD)
    octets = START + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    for size in (1000, 10**6):
        outcome = fed(pieces_of(octets + b"GET /next HT", size))
        assert (outcome.requests[0].body, outcome.status) == (body, 0)
        assert outcome.in_head


def test_empty_lines_before_a_request_are_passed_over_but_not_without_end() -> None:
    """RFC 9112 section 2.2."""
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    assert fed([b"\r\n" * EMPTY_LINES + request]).status == 0
    assert fed([b"\r\n" * (EMPTY_LINES + 1) + request]).status == 400


def test_what_cannot_become_a_head_is_refused_before_its_end() -> None:
    """Who speaks TLS or SSH to us waits for an answer before it says more."""
    for beginning in (
        b"\x16\x03\x01",
        b"SSH-2.0-x\r\n",
        b"GET / HTTP/1.1\n",
        b"GET / HTTP/1.1\r\r",
    ):
        assert fed([beginning]).status == 400, beginning


def test_only_a_websocket_is_waited_for() -> None:
    """RFC 9110 section 7.8: an Upgrade may be ignored; h2c is."""
    ignored = UPGRADE.replace(b"websocket", b"h2c") + b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
    assert len(fed([ignored]).requests) == 2


def test_a_method_that_nobody_registered_is_not_implemented() -> None:
    """RFC 9110 section 15.6.2."""
    assert fed([b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n"]).status == 501


def test_a_body_is_taken_as_it_comes() -> None:
    reader = RequestReader()
    reader.feed(START + b"Content-Length: 5\r\n\r\nhe")
    (request,) = reader.requests
    assert (request.held, request.take(), request.held, request.complete) == (2, b"he", 0, False)
    reader.feed(b"l")
    reader.feed(b"lo")
    assert (request.held, request.take(), request.take(), request.complete) == (
        3, b"llo", b"", True
    )  # fmt: skip


def targets(reader: RequestReader) -> list[bytes]:
    return [one.read.head.target.forward for one in reader.requests]


UPGRADE = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def test_what_follows_a_declined_upgrade_is_http_again() -> None:
    """RFC 9110 section 7.8."""
    reader = RequestReader()
    reader.feed(UPGRADE + b"GET /nex")
    reader.feed(b"t HTTP/1.1\r\nHost: a\r\n\r\n")
    assert targets(reader) == [b"/ws"]
    reader.decline_upgrade()
    assert targets(reader) == [b"/ws", b"/next"]
    assert reader.rest is None


def test_octets_behind_the_first_request_are_known_to_wait() -> None:
    reader = RequestReader()
    reader.feed(START + b"Content-Length: 5\r\n\r\nhello")
    assert reader.waiting == 0
    reader.feed(START + b"Content-Length: 50\r\n\r\nhello")
    assert reader.waiting == 5
    upgrading = RequestReader()
    upgrading.feed(UPGRADE + b"hello")
    assert upgrading.waiting == 5
