"""Writes one response for the client: its head, its body in the client's framing, its end.

While a fallback could still replace the response, a short one is held back until it is whole: a
service that dies in the middle of an answer is then no error for the client.
"""

from typing import Final

from strangler.http.framing import BodyKind
from strangler.http.message import Headers
from strangler.http.returning import forward_response
from strangler.proxy.request_body import last_chunk
from strangler.proxy.response_reader import ResponseHead

HELD_RESPONSE: Final = 64 * 1024
"""Octets of a response that may be held back: larger ones are streamed at once."""


class ResponseOutput:
    """The response of one try; `committed` once octets of it have been given away."""

    __slots__ = ("_chunked", "_held", "_pieces", "committed", "head")

    def __init__(
        self,
        head: ResponseHead,
        *,
        via: bytes,
        date: bytes,
        request_id: bytes,
        version: str,
        connection: bytes,
        may_hold: bool,
    ) -> None:
        """Write the head; a body of unknown length is chunked for a client that knows chunks."""
        unannounced = ends_unannounced(head)
        self.head = head
        self.committed = False
        self._chunked = unannounced and version == "1.1"
        self._held = may_hold and not unannounced and head.framing.length <= HELD_RESPONSE
        self._pieces = forward_response(
            head.status,
            head.reason,
            head.fields,
            ours=via + b"Transfer-Encoding: chunked\r\n" if self._chunked else via,
            date=date,
            request_id=request_id,
            connection=connection,
        )

    def __repr__(self) -> str:
        """Show the head and whether it has left."""
        return f"<ResponseOutput {self.head!r} committed={self.committed}>"

    def progress(self, data: bytes, trailers: Headers | None) -> bytes:
        """Take a piece of the body, and its end (`trailers` is not None); give what may leave now.

        Nothing leaves while the response is held back.
        """
        pieces = self._pieces
        if self._chunked:
            if data:
                pieces.append(b"%x\r\n%b\r\n" % (len(data), data))
            if trailers is not None:
                pieces.append(last_chunk(trailers))
        else:
            pieces.append(data)
        if self._held and trailers is None:
            return b""
        octets = b"".join(pieces)
        pieces.clear()
        if octets:
            self.committed = True
        return octets


def ends_unannounced(head: ResponseHead) -> bool:
    """Tell whether the body's length is not known beforehand."""
    kind = head.framing.kind
    return kind is BodyKind.CHUNKED or kind is BodyKind.UNTIL_CLOSE
