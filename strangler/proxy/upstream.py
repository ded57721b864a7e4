"""Performs one HTTP/1.1 connection to an upstream: requests out, responses on as they come."""

import asyncio
from typing import Protocol, cast

from strangler.http.message import Headers
from strangler.proxy.failure import Cause, Stage
from strangler.proxy.response_reader import ResponseHead, ResponseReader


class Receiver(Protocol):
    """Whoever waits for a response: a client's exchange, a shadow copy, a health check.

    Calls come in this order: any `interim`, one `response_started`, any `response_data`, one
    `response_finished`; `flush` ends each batch. `upstream_failed` may take the place of any.
    """

    def interim(self, head: ResponseHead) -> None:
        """Take a 1xx response."""

    def response_started(self, head: ResponseHead) -> None:
        """Take the head of the final response."""

    def response_data(self, data: bytes) -> None:
        """Take a piece of its body."""

    def response_finished(self, trailers: Headers) -> None:
        """Take note of its end. The connection has been released or closed already."""

    def flush(self) -> None:
        """Pass on what this batch of octets brought."""

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
        "_home",
        "_reader",
        "_receiver",
        "_request_sent",
        "_started",
        "idle_since",
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
        self.idle_since = 0.0
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

    def request_sent(self) -> None:
        """Take note that the request is whole: only then can the connection serve another."""
        self._request_sent = True

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
        if self._receiver is None:
            self.transport.abort()
            return
        self._reader.feed(data)
        self._deliver()

    def eof_received(self) -> bool:
        """Close from our side too."""
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """End an until-close body, or fail whoever still waits."""
        self._home.forget(self)
        if self._receiver is not None:
            self._reader.close(orderly=error is None)
            self._deliver(str(error or ""))

    def pause_writing(self) -> None:
        """Pass back-pressure on to whoever sends the body."""
        if self._receiver is not None:
            self._receiver.upstream_blocked(blocked=True)

    def resume_writing(self) -> None:
        """Release the back-pressure."""
        if self._receiver is not None:
            self._receiver.upstream_blocked(blocked=False)

    def _deliver(self, detail: str = "") -> None:
        reader, receiver = self._reader, self._receiver
        assert receiver is not None  # noqa: S101 - both callers have checked
        if reader.error:
            self._fail(receiver, detail or reader.error)
            return
        for interim in reader.interim:
            receiver.interim(interim)
        reader.interim.clear()
        if reader.head is not None and not self._started:
            self._started = True
            if reader.head.status == 101:
                self._receiver = None
                receiver.upgraded(reader.head, reader.rest or b"")
                return
            receiver.response_started(reader.head)
        if reader.chunks:
            data = reader.chunks[0] if len(reader.chunks) == 1 else b"".join(reader.chunks)
            reader.chunks.clear()
            receiver.response_data(data)
        if reader.complete:
            self._finish(receiver)
        receiver.flush()

    def _finish(self, receiver: Receiver) -> None:
        reader = self._reader
        self._receiver = None
        self.served += 1
        clean = reader.head is not None and reader.head.keep_alive and not reader.surplus
        # A request of which octets still wait here was answered before it was read.
        read = self._request_sent and not self.transport.get_write_buffer_size()
        if clean and read and not self.transport.is_closing():
            self._home.put_back(self)
        else:
            self.transport.abort()
        receiver.response_finished(reader.trailers)

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
