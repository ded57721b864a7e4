"""The bytes of an upstream connection give the same response however they are cut."""

from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.http.head import MAX_HEAD
from strangler.http.message import Headers
from strangler.proxy.response_reader import ResponseReader


class Outcome(NamedTuple):
    """What a reader has come to; nothing of a failed response is to be believed."""

    failed: bool
    interim: list[int] | None = None
    status: int | None = None
    headers: Headers | None = None
    trailers: Headers | None = None
    body: bytes | None = None
    complete: bool | None = None
    keep_alive: bool | None = None
    surplus: bool | None = None
    rest: bytes | None = None


def outcome_of(reader: ResponseReader) -> Outcome:
    head = reader.head
    if reader.error:
        return Outcome(failed=True)
    return Outcome(
        False,
        [interim.status for interim in reader.interim],
        head and head.status,
        head and list(head.headers),
        list(reader.trailers),
        b"".join(reader.chunks),
        reader.complete,
        head and head.keep_alive,
        reader.surplus,
        reader.rest,
    )


def fed(pieces: list[bytes], method: str = "GET", *, closed: bool = False) -> Outcome:
    reader = ResponseReader()
    reader.expect(method)
    for piece in pieces:
        reader.feed(piece)
        if reader.rest is not None or reader.error:
            break  # the connection is a tunnel's now, or nobody's
    if closed:
        reader.close(orderly=True)
    return outcome_of(reader)


OK = b"HTTP/1.1 200 OK\r\nX: y z \r\n"
STREAMS = {
    "a length": ("GET", OK + b"Content-Length: 5\r\n\r\nhello"),
    "no body": ("GET", OK + b"Content-Length: 0\r\n\r\n"),
    "chunks and trailers": (
        "GET",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5;x=1\r\nhello\r\n0\r\nChecksum: 1\r\n\r\n",
    ),
    "until close": ("GET", OK + b"\r\nhello"),
    "HTTP/1.0": ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
    "half a body": ("GET", OK + b"Content-Length: 50\r\n\r\nhello"),
    "an interim one first": (
        "POST",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        + OK
        + b"Content-Length: 2\r\n\r\nhi",
    ),
    "for HEAD with a length": ("HEAD", OK + b"Content-Length: 500\r\n\r\n"),
    "for HEAD with a coding": ("HEAD", OK + b"Transfer-Encoding: chunked\r\n\r\n"),
    "for HEAD with neither": ("HEAD", OK + b"\r\n"),
    "204": ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n"),
    "304 with a length": ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
    "no reason phrase": ("GET", b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"),
    "two lengths": ("GET", OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    "a length and a coding": (
        "GET",
        OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "a coding that we do not undo": ("GET", OK + b"Transfer-Encoding: gzip\r\n\r\nhello"),
    "an interim body": (
        "GET",
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello" + OK + b"\r\n",
    ),
    "nonsense": ("GET", b"SSH-2.0-OpenSSH_9.2\r\n"),
}


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize(("method", "stream"), STREAMS.values(), ids=STREAMS)
def test_one_cut_anywhere_changes_nothing(method: str, stream: bytes, closed: bool) -> None:
    whole = fed([stream], method, closed=closed)
    for at in range(1, len(stream)):
        assert fed([stream[:at], stream[at:]], method, closed=closed) == whole, at


@pytest.mark.parametrize(("method", "stream"), STREAMS.values(), ids=STREAMS)
def test_single_octets_give_what_the_whole_gives(method: str, stream: bytes) -> None:
    assert fed([stream[at : at + 1] for at in range(len(stream))], method) == fed([stream], method)


@given(
    st.binary(max_size=100),
    st.sampled_from(["length", "chunked", "until close"]),
    st.lists(st.integers(0, 10_000), max_size=12),
)
def test_what_was_sent_is_read_in_every_chunking(
    body: bytes, framing: str, places: list[int]
) -> None:
    octets = {
        "length": OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body),
        "chunked": OK
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"1\r\n%c\r\n" % octet for octet in body)
        + b"0\r\nT: 1\r\n\r\n",
        "until close": OK + b"\r\n" + body,
    }[framing]
    edges = [0, *sorted({place % (len(octets) + 1) for place in places}), len(octets)]
    pieces = [octets[start:end] for start, end in pairwise(edges) if start < end]
    outcome = fed(pieces, closed=True)
    assert (outcome.status, outcome.body, outcome.complete) == (200, body, True)
    assert outcome.trailers == ([(b"T", b"1")] if framing == "chunked" else [])
    assert outcome.keep_alive is (framing != "until close")
    assert not outcome.surplus


WHOLE = OK + b"Content-Length: 2\r\n\r\nhi"


@pytest.mark.parametrize(
    ("method", "octets"),
    [
        ("GET", WHOLE + b"\r\n\r\nHTTP"),
        ("GET", WHOLE + WHOLE),
        ("GET", WHOLE + b"nonsense"),
        ("HEAD", OK + b"Content-Length: 2\r\n\r\nhi"),
        ("HEAD", OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
        ("HEAD", OK + b"\r\nhi"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\nhi"),
    ],
)
def test_octets_behind_a_response_spoil_the_connection_and_not_the_response(
    method: str, octets: bytes
) -> None:
    """They would be read as the answer to somebody else's request."""
    for pieces in ([octets], [octets[:-1], octets[-1:]]):
        outcome = fed(pieces, method)
        assert not outcome.failed
        assert outcome.complete
        assert outcome.surplus
        assert outcome.body in {b"hi", b""}


def test_a_connection_reads_one_response_after_another() -> None:
    reader = ResponseReader()
    for method in ("HEAD", "GET", "HEAD", "HEAD", "GET"):
        reader.expect(method)
        reader.feed(OK + b"Content-Length: 2\r\n\r\n" + (b"hi" if method == "GET" else b""))
        assert (reader.complete, reader.error, reader.surplus) == (True, "", False)
        assert b"".join(reader.chunks) == (b"hi" if method == "GET" else b"")
        reader.chunks.clear()


@pytest.mark.parametrize(
    ("octets", "orderly", "whole"),
    [
        (OK + b"\r\nhello", True, True),
        (OK + b"\r\nhello", False, False),
        (OK + b"Content-Length: 9\r\n\r\nhello", True, False),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", True, False),
        (OK, True, False),
        (b"", True, False),
    ],
)
def test_only_the_orderly_end_of_a_connection_ends_a_body_of_unknown_length(
    octets: bytes, orderly: bool, whole: bool
) -> None:
    """RFC 9112 section 8; a reset says that something is missing."""
    reader = ResponseReader()
    reader.feed(octets)
    reader.close(orderly=orderly)
    assert (reader.complete, bool(reader.error)) == (whole, not whole)


SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def test_what_follows_a_101_is_not_http() -> None:
    for pieces in ([SWITCH + b"\x81\x02hi"], [SWITCH[:-1], SWITCH[-1:] + b"\x81\x02hi"]):
        outcome = fed(pieces)
        assert (outcome.status, outcome.rest) == (101, b"\x81\x02hi")


def test_a_101_that_names_no_protocol_is_no_response() -> None:
    """RFC 9110 section 15.2.2."""
    assert fed([b"HTTP/1.1 101 Switching Protocols\r\n\r\n"]).failed


TOO_MUCH = b"x" * (2 * MAX_HEAD)


@pytest.mark.parametrize(
    "octets",
    [
        OK + b"X: " + TOO_MUCH,
        OK + TOO_MUCH,
        OK + (b"X: " + b"y" * 1000 + b"\r\n") * (MAX_HEAD // 1000 + 1),
        OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + TOO_MUCH,
        b"HTTP/1.1 200 " + TOO_MUCH,
    ],
    ids=["a value", "a name", "many fields", "a trailer", "a reason phrase"],
)
@pytest.mark.parametrize("size", [1000, 16 * 1024])
def test_what_a_parser_would_keep_without_end_is_refused(octets: bytes, size: int) -> None:
    assert fed([octets[at : at + size] for at in range(0, len(octets), size)]).failed


def test_a_body_is_of_any_size() -> None:
    body = b"x" * (8 * MAX_HEAD)
    octets = OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    for size in (1000, 10**6):
        pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
        assert fed(pieces).body == body
