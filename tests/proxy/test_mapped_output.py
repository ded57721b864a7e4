"""A body whose URLs are mapped is held until it is whole, and no longer than the bound."""

from collections.abc import Iterator

import pytest

from strangler.http.fields import response_fields
from strangler.http.framing import CHUNKED, NO_BODY, UNTIL_CLOSE, BodyKind, Framing
from strangler.http.message import Headers
from strangler.http.reference import Origin
from strangler.proxy.mapped_output import MappedOutput, mapped_output
from strangler.proxy.response_output import ResponseOutput
from strangler.proxy.response_reader import ResponseHead
from strangler.routing.map_back import MAPPED_BODY, MapBack, map_back
from tests.routing.building import ask, table_of

TABLE = table_of([{"path": "/api/**", "rewrite": {"prefix": "/v2", "json_urls": True}}])
SAID = b'["http://127.0.0.1:9101/v2/x"]'
TOLD = b'["http://shop.example/api/x"]'
JSON = (b"Content-Type", b"application/json")


def back() -> MapBack:
    client = Origin(b"http", b"shop.example")
    return map_back(TABLE.upstreams["new"], TABLE.routes[0], ask("GET", "/api/x"), client)


class Begun:
    """One response, and what was counted of it."""

    def __init__(self, framing: Framing, *fields: tuple[bytes, bytes], status: int = 200) -> None:
        self.too_large = 0
        head = ResponseHead()
        head.status, head.reason, head.framing = status, b"OK", framing
        head.headers = [JSON, *fields]
        if framing.kind is BodyKind.LENGTH:
            head.headers.append((b"Content-Length", b"%d" % framing.length))
        head.fields = response_fields(head.headers)
        self.given = head
        self.output = mapped_output(head, back(), self._write, self._count)

    def __repr__(self) -> str:
        return f"<Begun {self.output!r}>"

    def _write(self, head: ResponseHead) -> ResponseOutput:
        return ResponseOutput(
            head,
            via=b"",
            date=b"Date: now\r\n",
            request_id=b"id",
            version="1.1",
            connection=b"",
            may_hold=False,
        )

    def _count(self) -> None:
        self.too_large += 1

    def all(self, *pieces: bytes, trailers: Headers = ()) -> bytes:
        octets = b"".join(self.output.progress(piece, None) for piece in pieces[:-1])
        return octets + self.output.progress(pieces[-1], trailers)


def parted(octets: bytes) -> tuple[bytes, bytes]:
    head, _, body = octets.partition(b"\r\n\r\n")
    return head, body


def test_nothing_leaves_before_the_body_is_whole() -> None:
    output = Begun(Framing(BodyKind.LENGTH, len(SAID))).output
    assert (output.progress(SAID[:9], None), output.committed) == (b"", False)
    head, body = parted(output.progress(SAID[9:], ()))
    assert b"Content-Length: %d" % len(TOLD) in head
    assert (body, output.committed) == (TOLD, True)


@pytest.mark.parametrize("framing", [CHUNKED, UNTIL_CLOSE])
def test_a_body_of_unknown_length_is_chunked_as_ever(framing: Framing) -> None:
    begun = Begun(framing, (b"ETag", b'"1"'), (b"Digest", b"x"))
    trailers = [(b"Digest", b"x"), (b"Took", b"1")]
    head, body = parted(begun.all(SAID[:9], SAID[9:], trailers=trailers))
    assert b"Transfer-Encoding: chunked" in head
    assert b'ETag: W/"1"' in head
    assert b"Digest" not in head
    assert body == b"%x\r\n%b\r\n0\r\nTook: 1\r\n\r\n" % (len(TOLD), TOLD)


def test_a_body_without_a_url_keeps_its_digests() -> None:
    head, body = parted(Begun(CHUNKED, (b"Digest", b"x")).all(b"[1]", trailers=[(b"Took", b"1")]))
    assert b"Digest: x" in head
    assert body == b"3\r\n[1]\r\n0\r\nTook: 1\r\n\r\n"


def test_a_body_that_grows_beyond_the_bound_is_let_go_as_it_is() -> None:
    begun = Begun(CHUNKED)
    assert begun.output.progress(SAID, None) == b""
    body = parted(begun.output.progress(b" " * MAPPED_BODY, None))[1]
    assert SAID in body
    assert begun.too_large == 1
    assert begun.output.progress(SAID, None) == b"%x\r\n%b\r\n" % (len(SAID), SAID)
    assert begun.output.progress(b"", ()) == b"0\r\n\r\n"
    assert begun.too_large == 1


@pytest.mark.parametrize(("length", "held"), [(MAPPED_BODY, True), (MAPPED_BODY + 1, False)])
def test_a_body_that_announces_to_be_too_large_is_not_held(length: int, held: bool) -> None:
    begun = Begun(Framing(BodyKind.LENGTH, length))
    assert isinstance(begun.output, MappedOutput) is held
    assert begun.too_large == (not held)


def plain() -> Iterator[Begun]:
    yield Begun(NO_BODY)
    yield Begun(NO_BODY, status=304)
    yield Begun(Framing(BodyKind.LENGTH, 2), status=206)
    yield Begun(Framing(BodyKind.LENGTH, 2), (b"Content-Encoding", b"gzip"))


def test_what_is_not_to_be_changed_is_streamed() -> None:
    assert [type(begun.output) for begun in plain()] == [ResponseOutput] * 4


def test_the_head_as_it_came_stays_for_the_comparison() -> None:
    begun = Begun(NO_BODY, (b"Location", b"/v2/x"))
    assert (b"Location", b"/v2/x") in begun.given.headers
    assert b"Location: /api/x" in begun.output.progress(b"", ())
