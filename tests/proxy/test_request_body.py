"""A request's body leaves as it came, and what may be sent again is kept within a bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.http.fields import lines_of
from strangler.http.framing import CHUNKED, NO_BODY, BodyKind, Framing
from strangler.http.head import read_head
from strangler.proxy.request_body import HIGH_WATER, RequestBody
from strangler.proxy.request_reader import IncomingRequest, RequestReader


def arrived() -> IncomingRequest:
    return IncomingRequest(read_head("POST", b"/", "1.1", lines_of([(b"Host", b"a")])), "1.1")


def arriving(request: IncomingRequest, *pieces: bytes, complete: bool = False) -> None:
    for piece in pieces:
        request.chunks.append(piece)
        request.held += len(piece)
    request.complete = complete


def body_of(framing: Framing, keep: int = 100) -> tuple[IncomingRequest, RequestBody]:
    request = arrived()
    return request, RequestBody(request, framing, keep)


def test_a_body_of_known_length_passes_as_it_is() -> None:
    request, body = body_of(Framing(BodyKind.LENGTH, 5))
    arriving(request, b"he", b"l")
    assert body.take() == b"hel"
    assert body.take() == b""
    arriving(request, b"lo", complete=True)
    assert body.take() == b"lo"


def test_chunks_are_written_anew_with_the_trailers_that_may_cross() -> None:
    request, body = body_of(CHUNKED)
    arriving(request, b"hello", b" world")
    assert body.take() == b"b\r\nhello world\r\n"
    assert body.take() == b""
    request.trailers = [(b"Checksum", b"1"), (b"Content-Length", b"9")]
    arriving(request, complete=True)
    assert body.take() == b"0\r\nChecksum: 1\r\n\r\n"


def test_an_empty_body_is_nothing_unless_it_is_chunked() -> None:
    for framing, octets in [(NO_BODY, b""), (Framing(BodyKind.LENGTH, 0), b"")]:
        request, body = body_of(framing)
        arriving(request, complete=True)
        assert body.take() == octets
    request, body = body_of(CHUNKED)
    arriving(request, complete=True)
    assert body.take() == b"0\r\n\r\n"


@given(st.lists(st.lists(st.binary(min_size=1, max_size=9), min_size=1), max_size=6), st.booleans())
def test_what_leaves_reads_as_what_came(batches: list[list[bytes]], chunked: bool) -> None:
    plain = b"".join(b"".join(batch) for batch in batches)
    request, body = body_of(CHUNKED if chunked else Framing(BodyKind.LENGTH, len(plain)), 10**6)
    sent = b""
    for batch in batches:
        arriving(request, *batch)
        sent += body.take()
    arriving(request, complete=True)
    sent += body.take()
    assert body.replay is not None
    assert b"".join(body.replay) == sent
    field = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(plain)
    reader = RequestReader()
    reader.feed(b"POST / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n%b" % (field, sent))
    assert (reader.requests[0].take(), reader.requests[0].complete) == (plain, True)


@pytest.mark.parametrize(("size", "kept"), [(0, True), (99, True), (100, True), (101, False)])
def test_a_body_is_kept_up_to_the_bound_and_then_not_at_all(size: int, kept: bool) -> None:
    request, body = body_of(Framing(BodyKind.LENGTH, size), keep=100)
    for _ in range(size):
        arriving(request, b"x")
        body.take()
    assert body.replay == ([b"x"] * size if kept else None)


def test_what_is_not_kept_any_longer_still_leaves() -> None:
    request, body = body_of(Framing(BodyKind.LENGTH, 9), keep=3)
    for octets in (b"123", b"456", b"789"):
        arriving(request, octets)
        assert body.take() == octets
    assert body.replay is None


def test_nothing_is_kept_of_a_request_that_is_sent_once() -> None:
    request, body = body_of(Framing(BodyKind.LENGTH, 1), keep=0)
    assert body.replay == []  # nothing was sent, so nothing must be kept to send it again
    arriving(request, b"x")
    body.take()
    assert body.replay is None


def test_a_client_waits_while_much_of_its_body_does() -> None:
    request, body = body_of(Framing(BodyKind.LENGTH, HIGH_WATER))
    arriving(request, b"x" * (HIGH_WATER - 1))
    assert not body.waits
    arriving(request, b"x")
    assert body.waits
    body.take()
    assert not body.waits
