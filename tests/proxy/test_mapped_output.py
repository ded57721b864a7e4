"""A body whose URLs are mapped is held until it is whole, and no longer than the bound."""

import gzip
import zlib
from collections.abc import Iterator

import brotli
import pytest

from strangler.compare.response import Response
from strangler.http.fields import lines_of, response_fields
from strangler.http.framing import CHUNKED, NO_BODY, UNTIL_CLOSE, BodyKind, Framing
from strangler.http.message import Headers
from strangler.http.reference import Origin
from strangler.proxy.mapped_output import MappedOutput, as_client_sees, mapped_output
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
        self.unmapped = 0
        headers = [JSON, *fields]
        if framing.kind is BodyKind.LENGTH:
            headers.append((b"Content-Length", b"%d" % framing.length))
        read = response_fields(lines_of(headers))
        self.given = ResponseHead(status, b"OK", read, framing, keep_alive=True)
        self.output = mapped_output(self.given, back(), self._write, self._count)

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
        self.unmapped += 1

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
    assert begun.unmapped == 1
    assert begun.output.progress(SAID, None) == b"%x\r\n%b\r\n" % (len(SAID), SAID)
    assert begun.output.progress(b"", ()) == b"0\r\n\r\n"
    assert begun.unmapped == 1


@pytest.mark.parametrize(("length", "held"), [(MAPPED_BODY, True), (MAPPED_BODY + 1, False)])
def test_a_body_that_announces_to_be_unmapped_is_not_held(length: int, held: bool) -> None:
    begun = Begun(Framing(BodyKind.LENGTH, length))
    assert isinstance(begun.output, MappedOutput) is held
    assert begun.unmapped == (not held)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_compressed_body_is_mapped_and_not_compressed_again(coding: str) -> None:
    compress = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}[coding]
    body = compress(SAID)
    framing = Framing(BodyKind.LENGTH, len(body))
    head, told = parted(Begun(framing, (b"Content-Encoding", coding.encode())).all(body))
    assert told == TOLD
    assert b"Content-Encoding" not in head
    assert b"Content-Length: %d" % len(TOLD) in head


def test_a_compressed_body_without_a_url_stays_compressed() -> None:
    body = gzip.compress(b"[1]")
    begun = Begun(CHUNKED, (b"Content-Encoding", b"gzip"))
    head, told = parted(begun.all(body))
    assert b"Content-Encoding: gzip" in head
    assert told == b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    assert begun.unmapped == 0


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", SAID),
        (b"gzip", gzip.compress(SAID)[:-1]),
        (b"gzip", gzip.compress(SAID + b" " * MAPPED_BODY)),
        (b"zstd", SAID),
    ],
)
def test_a_body_that_cannot_be_read_passes_as_it_is(coding: bytes, body: bytes) -> None:
    begun = Begun(Framing(BodyKind.LENGTH, len(body)), (b"Content-Encoding", coding))
    head, told = parted(begun.all(body))
    assert b"Content-Encoding: " + coding in head
    assert told == body
    assert begun.unmapped == 1


def plain() -> Iterator[Begun]:
    yield Begun(NO_BODY)
    yield Begun(NO_BODY, status=304)
    yield Begun(Framing(BodyKind.LENGTH, 2), status=206)
    yield Begun(Framing(BodyKind.LENGTH, 2), (b"Cache-Control", b"no-transform"))


def test_what_is_not_to_be_changed_is_streamed() -> None:
    assert [type(begun.output) for begun in plain()] == [ResponseOutput] * 4


def test_the_head_as_it_came_stays_for_the_comparison() -> None:
    begun = Begun(NO_BODY, (b"Location", b"/v2/x"))
    assert (b"Location", b"/v2/x") in begun.given.headers
    assert b"Location: /api/x" in begun.output.progress(b"", ())


def test_a_whole_answer_is_mapped_for_the_comparison_as_it_is_for_the_client() -> None:
    fields = [JSON, (b"Location", b"/v2/x"), (b"ETag", b'"1"'), (b"Content-Encoding", b"gzip")]
    seen = as_client_sees(Response(201, fields, gzip.compress(SAID)), back())
    assert seen == Response(201, [JSON, (b"Location", b"/api/x"), (b"ETag", b'W/"1"')], TOLD)
    large = SAID + b" " * MAPPED_BODY
    assert as_client_sees(Response(200, [JSON], large), back()) == Response(200, [JSON], large)


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        (b"http://shop.example/orders/7", b"/orders/7"),
        (b"HTTP://Shop.Example:80/orders/7?x=1#top", b"/orders/7?x=1#top"),
        (b"//shop.example/orders/7", b"/orders/7"),
        (b"http://shop.example", b"/"),
        (b"https://shop.example/orders/7", b"https://shop.example/orders/7"),
        (b"http://shop.example:8080/orders/7", b"http://shop.example:8080/orders/7"),
        (b"http://other.example/orders/7", b"http://other.example/orders/7"),
        (b"/orders/7", b"/orders/7"),
        (b"mailto:a@shop.example", b"mailto:a@shop.example"),
    ],
)
def test_a_reference_with_the_clients_own_origin_is_compared_as_one_without(
    written: bytes, compared: bytes
) -> None:
    for name in (b"Location", b"Content-Location"):
        seen = as_client_sees(Response(302, [(name, written)], b""), back())
        assert seen.field(name.lower()) == compared
