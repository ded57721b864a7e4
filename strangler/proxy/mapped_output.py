"""Holds a JSON body until it is whole, maps the URLs in it, and then writes the response.

A body that grows beyond the bound is let go as it is: nothing is held back for long or at any size.
"""

from collections.abc import Callable
from copy import copy

from strangler.http.changed_body import of_new_body
from strangler.http.fields import response_fields
from strangler.http.framing import BodyKind, Framing
from strangler.http.message import Headers
from strangler.proxy.response_output import ResponseOutput
from strangler.proxy.response_reader import ResponseHead
from strangler.routing.map_back import MAPPED_BODY, MapBack


class MappedOutput:
    """The response of one try whose body is mapped; nothing leaves before it is whole.

    `write` begins the response proper, once its head is known. `too_large` is called where the body
    passes unmapped.
    """

    __slots__ = ("_back", "_output", "_pieces", "_size", "_too_large", "_write", "head")

    def __init__(
        self,
        head: ResponseHead,
        back: MapBack,
        write: Callable[[ResponseHead], ResponseOutput],
        too_large: Callable[[], None],
    ) -> None:
        """Hold the head: a body that is changed has other fields."""
        self.head = head
        self._back = back
        self._write = write
        self._too_large = too_large
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
            self._too_large()
            return self._begin(self.head, b"".join(self._pieces), trailers)
        if trailers is None:
            return b""
        body = b"".join(self._pieces)
        changed = self._back.body(body)
        if changed == body:
            return self._begin(self.head, body, trailers)
        head = with_headers(self.head, of_new_body(self.head.headers, len(changed)))
        if head.framing.kind is BodyKind.LENGTH:
            head.framing = Framing(BodyKind.LENGTH, len(changed))
        return self._begin(head, changed, of_new_body(trailers, None))

    def _begin(self, head: ResponseHead, body: bytes, trailers: Headers | None) -> bytes:
        self._pieces.clear()
        self._output = self._write(head)
        return self._output.progress(body, trailers)


def mapped_output(
    head: ResponseHead,
    back: MapBack,
    write: Callable[[ResponseHead], ResponseOutput],
    too_large: Callable[[], None],
) -> ResponseOutput | MappedOutput:
    """Begin a response as its client has to see it: its fields at once, its body once it is whole.

    `write` and `too_large` are as `MappedOutput` has them.
    """
    bodiless = head.framing.kind is BodyKind.NONE
    seen = with_headers(head, back.head(head.status, head.headers, bodiless=bodiless))
    if bodiless or not back.maps_body(head.status, head.headers):
        return write(seen)
    if head.framing.length > MAPPED_BODY:
        too_large()
        return write(seen)
    return MappedOutput(seen, back, write, too_large)


def with_headers(head: ResponseHead, headers: Headers) -> ResponseHead:
    """Give the same head with other fields."""
    changed = copy(head)
    changed.headers = list(headers)
    changed.fields = response_fields(headers)
    return changed
