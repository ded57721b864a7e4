"""Frames a request's body for an upstream as it arrives, and keeps what may be sent again."""

from typing import Final

from strangler.http.forwarding import trailer_section
from strangler.http.framing import BodyKind, Framing
from strangler.http.message import Headers
from strangler.proxy.request_reader import IncomingRequest

HIGH_WATER: Final = 64 * 1024
"""Octets that wait for a connection before the client is paused: asyncio's own mark for writes."""

REPLAYED: Final = 64 * 1024
"""Octets of a body that are kept to send them once more where nothing else needs them."""


class RequestBody:
    """The body of one request on its way out.

    Up to `keep` octets are kept as framed, for a retry, a fallback or a shadow copy; `replay` is
    None once there were more.
    """

    __slots__ = ("_framing", "_keep", "_kept", "_request", "replay")

    def __init__(self, request: IncomingRequest, framing: Framing, keep: int) -> None:
        """Start with nothing sent."""
        self._request = request
        self._framing = framing
        self._keep = keep
        self._kept = 0
        self.replay: list[bytes] | None = []

    def __repr__(self) -> str:
        """Show the framing and how much is kept."""
        return f"<RequestBody {self._framing.kind.value} kept={self._kept}>"

    @property
    def waits(self) -> bool:
        """Whether so much waits unsent that the client should pause."""
        return self._request.held >= HIGH_WATER

    def take(self) -> bytes:
        """Give what has newly arrived, framed for the upstream."""
        data = self._request.take()
        if self._framing.kind is BodyKind.CHUNKED:
            data = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
            if self._request.complete:
                data += last_chunk(self._request.trailers)
        if data and self.replay is not None:
            self._kept += len(data)
            if self._kept > self._keep:
                self.replay = None
            else:
                self.replay.append(data)
        return data


def last_chunk(trailers: Headers) -> bytes:
    """Write the end of a chunked body (RFC 9112 section 7.1)."""
    return b"0\r\n%b\r\n" % (trailer_section(trailers) if trailers else b"")
