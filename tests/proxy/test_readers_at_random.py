"""Both readers on generated octets: no cut changes what they read, and h11 reads it alike.

The same octets cross a real proxy in `tests/wire/test_fuzz.py`; here there are many more of them.
"""

from hypothesis import example, given
from hypothesis import strategies as st

from strangler.http.message import Headers
from strangler.proxy.request_reader import RequestReader
from strangler.proxy.response_reader import ResponseReader
from tests.wire.octets import ANSWERED, SENT, cut, tried
from tests.wire.readings import Reading, requests_in, response_in

TRIED = tried(700)  # some 4 s for each test


@given(sent=SENT)
@example(sent=b"\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
@TRIED
def test_requests_that_are_read_are_those_that_h11_reads(sent: bytes) -> None:
    ours, theirs = requests_of((sent,)), requests_in(sent).whole

    assert len(ours) <= len(theirs)
    assert ours == [plain(reading) for reading in theirs[: len(ours)]]


@given(sent=SENT, data=st.data())
@TRIED
def test_requests_are_the_same_however_they_are_cut(sent: bytes, data: st.DataObject) -> None:
    whole = requests_of((sent,))

    assert requests_of(cut(data, sent)) == whole
    assert requests_of(tuple(bytes([octet]) for octet in sent)) == whole


@given(sent=ANSWERED, method=st.sampled_from(["GET", "HEAD"]))
@TRIED
def test_responses_that_are_read_are_those_that_h11_reads(sent: bytes, method: str) -> None:
    ours, theirs = response_of((sent,), method), response_in(sent, method.encode()).final

    if ours is not None:
        assert theirs is not None
        assert theirs.whole
        assert ours == plain(theirs, without_length=theirs.first == (b"204",))


@given(sent=ANSWERED, data=st.data())
@TRIED
def test_a_response_is_the_same_however_it_is_cut(sent: bytes, data: st.DataObject) -> None:
    whole = response_of((sent,), "GET")

    assert response_of(cut(data, sent), "GET") == whole
    assert response_of(tuple(bytes([octet]) for octet in sent), "GET") == whole


Plain = tuple[tuple[bytes, ...], bytes, list[tuple[bytes, bytes]], list[tuple[bytes, bytes]]]
"""Method and target or the status, the body, the fields, the trailers; names in lower case."""


def plain(reading: Reading, *, without_length: bool = False) -> Plain:
    """Give what h11 read; a 204 has no length to tell, and ours tells none."""
    fields = [f for f in reading.fields if not (without_length and f[0] == b"content-length")]
    return reading.first, reading.body, fields, list(reading.trailers)


def lowered(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Give the fields that came; the empty Host is ours, for an HTTP/1.0 request without one."""
    fields = [(name.lower(), value) for name, value in headers]
    return [field for field in fields if field != (b"host", b"")]


def requests_of(pieces: tuple[bytes, ...]) -> list[Plain]:
    """Give the whole requests that our reader finds."""
    reader = RequestReader()
    for piece in pieces:
        reader.feed(piece)
    return [
        (
            (request.read.head.method.encode(), request.read.head.target.forward),
            request.take(),
            lowered(request.read.head.headers),
            lowered(request.trailers),
        )
        for request in reader.requests
        if request.complete
    ]


def response_of(pieces: tuple[bytes, ...], method: str) -> Plain | None:
    """Give the response that our reader finds before an orderly end, if it is whole."""
    reader = ResponseReader()
    reader.expect(method)
    for piece in pieces:
        reader.feed(piece)
    reader.close(orderly=True)
    if reader.error or reader.head is None or not reader.complete:
        return None
    head = reader.head
    return (
        (b"%d" % head.status,),
        b"".join(reader.chunks),
        lowered(head.headers),
        lowered(reader.trailers),
    )
