"""Writes a response as its client has to see it: its fields at once, a JSON body once it is whole.

A body that cannot be mapped, because it grows beyond the bound or its content-encoding cannot be
undone, is let go as it is: nothing is held back for long or at any size.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from strangler.compare.bounds import Bounds, Inconclusive
from strangler.compare.coding import decoded
from strangler.compare.response import Response
from strangler.http.changed_body import of_new_body
from strangler.http.fields import lines_of, response_fields
from strangler.http.framing import BodyKind, Framing
from strangler.http.message import Headers
from strangler.http.reference import Origin, client_origin, read_authority, read_reference
from strangler.http.roles import REFERENCE
from strangler.proxy.response_output import ResponseOutput
from strangler.proxy.response_reader import ResponseHead
from strangler.routing.map_back import MAPPED_BODY, MapBack, map_back, may_speak_of_itself
from strangler.routing.table import Upstream

if TYPE_CHECKING:
    from strangler.proxy.exchange import Exchange

_REFERENCES = frozenset({b"location", b"content-location"})
_BOUNDS = Bounds(body=MAPPED_BODY)


class MappedOutput:
    """The response of one try whose body is mapped; nothing leaves before it is whole.

    `write` begins the response proper, once its head is known. `unmapped` is called where the body
    passes as it is, though it was to be mapped.
    """

    __slots__ = ("_back", "_output", "_pieces", "_size", "_unmapped", "_write", "head")

    def __init__(
        self,
        head: ResponseHead,
        back: MapBack,
        write: Callable[[ResponseHead], ResponseOutput],
        unmapped: Callable[[], None],
    ) -> None:
        """Hold the head: a body that is changed has other fields."""
        self.head = head
        self._back = back
        self._write = write
        self._unmapped = unmapped
        self._pieces: list[bytes] = []
        self._size = 0
        self._output: ResponseOutput | None = None

    def __repr__(self) -> str:
        """Show how much is held, or what has become of it."""
        return f"<MappedOutput {self._output or f'{self._size} octets held'}>"

    @property
    def committed(self) -> bool:
        """Whether octets of the response have been given away."""
        return self._output is not None and self._output.committed

    def progress(self, data: bytes, trailers: Headers | None) -> bytes:
        """Take a piece of the body, and its end; give what may leave now."""
        if self._output is not None:
            return self._output.progress(data, trailers)
        self._pieces.append(data)
        self._size += len(data)
        if self._size > MAPPED_BODY:
            self._unmapped()
            return self._begin(self.head, self._held(), trailers)
        return b"" if trailers is None else self._whole(self._held(), trailers)

    def _whole(self, body: bytes, trailers: Headers) -> bytes:
        try:
            seen = _mapped(Response(self.head.status, self.head.headers, body), self._back)
        except Inconclusive:
            self._unmapped()
            return self._begin(self.head, body, trailers)
        if seen.body == body:
            return self._begin(self.head, body, trailers)
        head = with_headers(self.head, seen.headers)
        if head.framing.kind is BodyKind.LENGTH:
            head.framing = Framing(BodyKind.LENGTH, len(seen.body))
        return self._begin(head, seen.body, of_new_body(trailers, None))

    def _held(self) -> bytes:
        body = b"".join(self._pieces)
        self._pieces.clear()
        return body

    def _begin(self, head: ResponseHead, body: bytes, trailers: Headers | None) -> bytes:
        self._output = self._write(head)
        return self._output.progress(body, trailers)


def output_as_seen(
    exchange: "Exchange",
    asked: Upstream,
    head: ResponseHead,
    write: Callable[[ResponseHead], ResponseOutput],
) -> ResponseOutput | MappedOutput:
    """Begin a response in which the upstream that was `asked` may speak of itself."""
    if not may_speak_of_itself(head.fields.noted.get(REFERENCE, ()), exchange.route):
        return write(head)

    def unmapped() -> None:
        exchange.plane.counters.unmapped_bodies[exchange.label] += 1

    origin = client_origin(exchange.head, exchange.client.peer)
    back = map_back(asked, exchange.route, exchange.head, origin)
    return mapped_output(head, back, write, unmapped)


def mapped_output(
    head: ResponseHead,
    back: MapBack,
    write: Callable[[ResponseHead], ResponseOutput],
    unmapped: Callable[[], None],
) -> ResponseOutput | MappedOutput:
    """Begin a response as its client has to see it.

    `write` and `unmapped` are as `MappedOutput` has them.
    """
    bodiless = head.framing.kind is BodyKind.NONE
    headers = back.head(head.status, head.headers, bodiless=bodiless)
    seen = head if headers == head.headers else with_headers(head, headers)
    if bodiless or not back.maps_body(head.status, head.headers):
        return write(seen)
    if head.framing.length > MAPPED_BODY:
        unmapped()
        return write(seen)
    return MappedOutput(seen, back, write, unmapped)


def as_client_sees(response: Response, back: MapBack) -> Response:
    """Map a whole response, as a comparison needs it."""
    headers = back.head(response.status, response.headers, bodiless=not response.body)
    seen = Response(response.status, _from_root(headers, back.client), response.body)
    if not back.maps_body(response.status, response.headers):
        return seen
    try:
        return _mapped(seen, back)
    except Inconclusive:  # and so it passed on its way to the client
        return seen


def _from_root(headers: Headers, client: Origin) -> Headers:
    """Leave out of references the client's own origin, with which they mean the same.

    RFC 9110 section 10.2.2: a `Location` may be relative to what was asked.
    """
    named = read_authority(client.authority)
    if named is None:
        return headers
    return [
        (name, _without_origin(value, client.scheme, named))
        if name.lower() in _REFERENCES
        else (name, value)
        for name, value in headers
    ]


def _without_origin(value: bytes, scheme: bytes, named: tuple[str, int | None]) -> bytes:
    found = read_reference(value)
    if found is None or found.scheme not in {b"", scheme}:
        return value
    found = found._replace(scheme=scheme)
    if not found.names(*named):
        return value
    return found._replace(scheme=b"", authority=None, path=found.origin_form).to_bytes()


def with_headers(head: ResponseHead, headers: Headers) -> ResponseHead:
    """Give the same head with other fields."""
    return ResponseHead(
        head.status,
        head.reason,
        response_fields(lines_of(headers)),
        head.framing,
        keep_alive=head.keep_alive,
        version=head.version,
    )


def _mapped(response: Response, back: MapBack) -> Response:
    """Map a JSON body and make the fields true of it. Raises `Inconclusive` if it cannot be read.

    A body in which nothing is to be mapped keeps its content-encoding and its fields.
    """
    document = decoded(response, "body", _BOUNDS)
    changed = back.body(document)
    if changed == document:
        return response
    return Response(response.status, of_new_body(response.headers, len(changed)), changed)
