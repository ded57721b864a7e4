"""Performs one HTTP/1.1 connection to an upstream: requests out, responses on as they come."""

import asyncio
from typing import Final, Protocol, cast

from strangler.http.message import Headers
from strangler.proxy.failure import Cause, Stage
from strangler.proxy.response_reader import ResponseHead, ResponseReader

NEVER: Final = float("-inf")
"""A moment before all others."""


class Receiver(Protocol):
    """Whoever waits for a response: a client's exchange, a shadow copy, a health check.

    Calls come in this order: any `interim`, one `response_started`, then `response_progress` for
    each batch of octets, the first with the head. `upstream_failed` may take the place of any.
    """

    def interim(self, head: ResponseHead) -> None:
        """Take a 1xx response."""

    def response_started(self, head: ResponseHead) -> None:
        """Take the head of the final response."""

    def response_progress(self, data: bytes, trailers: Headers | None) -> None:
        """Take a piece of its body, maybe empty; `trailers` are not None where it is the last.

        By then the connection has been released or closed.
        """

    def upgraded(self, head: ResponseHead, rest: bytes) -> None:
        """Take over the connection after a 101; `rest` came behind it."""

    def upstream_failed(self, stage: Stage, cause: Cause, detail: str) -> None:
        """Take note that the response will not come, or not whole."""

    def upstream_blocked(self, blocked: bool) -> None:
        """Stop or go on sending the request's body."""


class Home(Protocol):
    """Where a connection goes when a response is over: its target's pool."""

    def put_back(self, connection: "UpstreamConnection") -> None:
        """Keep a connection that may serve again."""

    def forget(self, connection: "UpstreamConnection") -> None:
        """Drop a connection that is gone."""


class UpstreamConnection(asyncio.Protocol):
    """One connection, idle or with exactly one receiver."""

    __slots__ = (
        "_connected",
        "_ended",
        "_home",
        "_reader",
        "_receiver",
        "_request_sent",
        "_started",
        "idle_since",
        "promised_at",
        "served",
        "transport",
    )

    def __init__(self, home: Home) -> None:
        """Belong to a pool; the transport comes with `connection_made`."""
        self._home = home
        self._reader = ResponseReader()
        self._receiver: Receiver | None = None
        self._started = False
        self._request_sent = False
        self._ended = False  # the upstream has said that it sends no more
        self.idle_since = 0.0
        self.promised_at = NEVER  # when it was last said here that dry runs change nothing
        self.served = 0
        self.transport: asyncio.Transport
        self._connected = False

    def __repr__(self) -> str:
        """Show whether it is in use."""
        state = "idle" if self._receiver is None else "busy"
        return f"<UpstreamConnection {state} served={self.served}>"

    # What a receiver asks of it.

    def start(self, receiver: Receiver, method: str) -> None:
        """Take a new request with `method` on; its octets follow through `write`."""
        self._receiver = receiver
        self._started = False
        self._request_sent = False
        self._reader.expect(method)

    def write(self, data: bytes) -> None:
        """Send octets of the request."""
        self.transport.write(data)

    def send_whole(self, data: bytes) -> None:
        """Send the last octets of the request: only now can the connection serve another."""
        self._request_sent = True
        self.transport.write(data)

    def pause_reading(self) -> None:
        """Let the upstream wait: the reader behind us is slow."""
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on."""
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def abandon(self) -> None:
        """Close at once, with the response unread: its receiver no longer wants it."""
        self._receiver = None
        self.transport.abort()

    def discard(self) -> None:
        """Close a connection that nobody waits for any longer, if it stands at all."""
        if self._connected:
            self.transport.abort()

    def hand_over(self) -> asyncio.Transport:
        """Leave the transport to a tunnel."""
        self._receiver = None
        self._home.forget(self)
        return self.transport

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are not subclasses
        self._connected = True

    def data_received(self, data: bytes) -> None:
        """Read on and pass on; octets that nobody asked for close the connection."""
        receiver = self._receiver
        if receiver is None:
            self.transport.abort()
            return
        self._reader.feed(data)
        self._deliver(receiver)

    def eof_received(self) -> bool:
        """Close from our side too."""
        self._ended = True
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """End an until-close body, or fail whoever still waits."""
        self._home.forget(self)
        if self._receiver is not None:
            # Without a word of its end a TLS connection may have been cut by anyone (RFC 9112
            # section 9.8); a plain one has none but FIN, which is `eof_received` too.
            self._reader.close(orderly=error is None and self._ended)
            self._deliver(self._receiver, str(error or ""))

    def pause_writing(self) -> None:
        """Pass back-pressure on to whoever sends the body."""
        if self._receiver is not None:
            self._receiver.upstream_blocked(blocked=True)

    def resume_writing(self) -> None:
        """Release the back-pressure."""
        if self._receiver is not None:
            self._receiver.upstream_blocked(blocked=False)

    def _deliver(self, receiver: Receiver, detail: str = "") -> None:
        reader = self._reader
        if reader.error:
            self._fail(receiver, detail or reader.error)
            return
        if reader.interim:
            self._deliver_interim(receiver)
        head, chunks = reader.head, reader.chunks
        if head is None:
            return
        if not self._started:
            self._started = True
            if head.status == 101:
                self._receiver = None
                receiver.upgraded(head, reader.rest or b"")
                return
            receiver.response_started(head)
        data = b"" if not chunks else chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        if reader.complete:
            self._receiver = None
            self._release(head)
            receiver.response_progress(data, reader.trailers)
        else:
            receiver.response_progress(data, None)

    def _deliver_interim(self, receiver: Receiver) -> None:
        for head in self._reader.interim:
            receiver.interim(head)
        self._reader.interim.clear()

    def _release(self, head: ResponseHead) -> None:
        """Go home after a response, or close where another one could not be trusted."""
        transport = self.transport
        self.served += 1
        if (
            head.keep_alive
            and self._request_sent
            and not self._reader.surplus
            and not transport.is_closing()
            # A request of which octets still wait here was answered before it was read.
            and not transport.get_write_buffer_size()
        ):
            self._home.put_back(self)
        else:
            transport.abort()

    def _fail(self, receiver: Receiver, detail: str) -> None:
        self._receiver = None
        closed = self.transport.is_closing()
        cause = Cause.CLOSED if closed else Cause.INVALID
        if self._started or not closed:
            stage = Stage.READING
        else:
            stage = Stage.WAITING if self._request_sent else Stage.SENDING
        self.transport.abort()
        receiver.upstream_failed(stage, cause, detail)
