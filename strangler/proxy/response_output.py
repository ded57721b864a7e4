"""Writes one response for the client: its head, its body in the client's framing, its end.

While a fallback could still replace the response, a short one is held back until it is whole: a
service that dies in the middle of an answer is then no error for the client.
"""

from strangler.http.forwarding import end_to_end, forward_response
from strangler.http.framing import BodyKind
from strangler.http.message import Headers
from strangler.proxy.request_body import last_chunk
from strangler.proxy.response_reader import ResponseHead

HELD_RESPONSE = 64 * 1024
"""Octets of a response that may be held back: larger ones are streamed at once."""


class ResponseOutput:
    """The response of one try; `committed` once octets of it have been given away."""

    __slots__ = ("_chunked", "_pieces", "committed", "head", "holding")

    def __init__(self) -> None:
        """Start before the head."""
        self._pieces: list[bytes] = []
        self._chunked = False
        self.committed = False
        self.holding = False
        self.head: ResponseHead | None = None

    def __repr__(self) -> str:
        """Show the head and whether it has left."""
        return f"<ResponseOutput {self.head!r} committed={self.committed}>"

    def start(
        self,
        head: ResponseHead,
        *,
        request_id: bytes,
        version: str,
        connection: bytes,
        may_hold: bool,
    ) -> None:
        """Write the head; a body of unknown length is chunked for a client that knows chunks."""
        self.head = head
        self._chunked = ends_unannounced(head) and version == "1.1"
        self.holding = (
            may_hold and not ends_unannounced(head) and head.framing.length <= HELD_RESPONSE
        )
        self._pieces.append(
            forward_response(
                head.status,
                head.reason,
                head.headers,
                request_id=request_id,
                chunked=self._chunked,
                connection=connection,
            )
        )

    def data(self, data: bytes) -> None:
        """Write a piece of the body."""
        self._pieces.append(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def finish(self, trailers: Headers) -> None:
        """Write the end; nothing is held back any longer."""
        if self._chunked:
            self._pieces.append(last_chunk(trailers))
        self.holding = False

    def take(self) -> bytes:
        """Give what may leave now, empty while the response is held back."""
        pieces = self._pieces
        if not pieces or self.holding:
            return b""
        self.committed = True
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        return data


def ends_unannounced(head: ResponseHead) -> bool:
    """Tell whether the body's length is not known beforehand."""
    return head.framing.kind in {BodyKind.CHUNKED, BodyKind.UNTIL_CLOSE}


def interim_head(head: ResponseHead) -> bytes:
    """Write a 1xx response: its own fields and nothing of ours, least of all a body's length."""
    fields = b"".join(
        b"%b: %b\r\n" % (name, value)
        for name, value in end_to_end(head.headers)
        if name.lower() != b"content-length"
    )
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (head.status, head.reason, fields)
