"""Performs a tunnel: after a 101, octets pass both ways as they come, with back-pressure.

Frames are followed by their lengths alone, so that a Close of ours can stand between two of them.
"""

import asyncio
from typing import TYPE_CHECKING

from strangler.http.forwarding import Peer
from strangler.http.returning import forward_response
from strangler.proxy.frames import FrameCursor, going_away
from strangler.proxy.response_reader import ResponseHead
from strangler.proxy.upstream import UpstreamConnection

if TYPE_CHECKING:
    from strangler.proxy.exchange import Exchange
    from strangler.proxy.plane import DataPlane

FLUSH = 2.0
"""Seconds that what is buffered may still take to leave a tunnel that is closing, and that
both sides have before it to answer our Close."""


class Tunnel:
    """The two ends of one upgraded connection; `deadline` moves on with every octet."""

    __slots__ = (
        "_closing",
        "_idle",
        "_leaving",
        "_peer",
        "_plane",
        "_standing",
        "deadline",
        "ends",
    )

    def __init__(
        self, plane: "DataPlane", peer: Peer, ends: tuple["TunnelEnd", "TunnelEnd"], idle: float
    ) -> None:
        """Tie two ends together and register with the data plane."""
        self._plane = plane
        self._peer = peer
        self._idle = idle
        self._closing = False
        self._leaving = False
        self._standing = len(ends)
        self.ends = ends
        self.deadline = plane.tick + idle
        for end, other in (ends, reversed(ends)):
            end.tunnel = self
            end.other = other
        plane.tunnels.add(self)

    def __repr__(self) -> str:
        """Show whether it is on its way out."""
        return f"<Tunnel {'closing' if self._closing else 'open'} ends={self._standing}>"

    def progress(self) -> None:
        """Take note that octets have passed."""
        if self._leaving:
            self._go_on_leaving()
        elif not self._closing:
            self.deadline = self._plane.tick + self._idle

    def leave(self) -> None:
        """Tell both sides that we go down, and close when they have answered, or soon."""
        if self._closing or self._leaving:
            return
        self._leaving = True
        self.deadline = self._plane.tick + FLUSH
        self._go_on_leaving()

    def _go_on_leaving(self) -> None:
        client, upstream = self.ends
        client.say_goodbye(masked=False)
        upstream.say_goodbye(masked=True)
        if client.sent.closed and upstream.sent.closed:
            self.close()

    def close(self) -> None:
        """Close both ends; what is buffered still leaves, if its reader takes it soon."""
        if self._closing:
            return
        self._closing = True
        self.deadline = self._plane.tick + FLUSH
        for end in self.ends:
            end.transport.close()

    def expired(self) -> None:
        """Close a tunnel in which nothing moves; break one that does not even close."""
        if not self._closing:
            self.close()
            return
        self.abort()

    def abort(self) -> None:
        """Break both ends."""
        for end in self.ends:
            end.transport.abort()

    def end_lost(self) -> None:
        """Close with the first end, leave the data plane with the second."""
        self._standing -= 1
        if not self._standing:
            self._plane.tunnels.discard(self)
            self._plane.admission.leave(self._peer)
        self.close()


class TunnelEnd(asyncio.Protocol):
    """One side of a tunnel: whatever it receives, the other side sends.

    `sent` is where the frames stand that came from here. Once we have said goodbye to this side,
    nothing of the other's is passed on to it.
    """

    __slots__ = ("_told", "ended", "other", "paused", "sent", "transport", "tunnel")

    def __init__(self, transport: asyncio.Transport) -> None:
        """Take an existing transport over; `Tunnel` ties the ends."""
        self.transport = transport
        self.ended = False
        self.paused = False  # nobody reads from here
        self.sent = FrameCursor()
        self._told = False
        self.other: TunnelEnd
        self.tunnel: Tunnel

    def data_received(self, data: bytes) -> None:
        """Pass octets on."""
        self.sent.feed(data)
        self.other.pass_on(data)
        self.tunnel.progress()

    def pass_on(self, data: bytes) -> None:
        """Send what came from the other side."""
        if not self._told:
            self.transport.write(data)

    def say_goodbye(self, *, masked: bool) -> None:
        """Tell this side that we go down, if what it was sent lets a frame of ours stand there."""
        if not self._told and self.other.sent.takes_close and not self.transport.is_closing():
            self.transport.write(going_away(masked=masked))
            self._told = True

    def fileno(self) -> int:
        """Give the socket's descriptor, -1 once it is closed."""
        sock = self.transport.get_extra_info("socket")
        return -1 if sock is None else sock.fileno()

    def __repr__(self) -> str:
        """Show what passes."""
        return f"<TunnelEnd sent={self.sent!r} ended={self.ended} told={self._told}>"

    def eof_received(self) -> bool:
        """Pass the end of one direction on; the other stays open until it ends too.

        With TLS on either side the first end is that of both: it knows no half of a connection.
        """
        self.ended = True
        halves = self.transport.can_write_eof() and self.other.transport.can_write_eof()
        if self.other.ended or not halves:
            self.tunnel.close()
            return False
        if not self.other.transport.is_closing():
            self.other.transport.write_eof()
        return True

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Close the other side too."""
        self.tunnel.end_lost()

    def pause_writing(self) -> None:
        """Let the other side wait."""
        if not self.other.transport.is_closing():
            self.other.paused = True
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Let the other side go on."""
        if not self.other.transport.is_closing():
            self.other.paused = False
            self.other.transport.resume_reading()


def open_tunnel(
    exchange: "Exchange",
    upstream: UpstreamConnection,
    head: ResponseHead,
    first_words: bytes,
    idle: float,
) -> None:
    """Turn an exchange's two connections into one tunnel.

    `head` is the 101 and `first_words` what came behind it; what the client sent behind its request
    leaves for the upstream only now, after the upstream has agreed.
    """
    plane, client = exchange.plane, exchange.client
    ends = TunnelEnd(client.transport), TunnelEnd(upstream.hand_over())
    to_upstream = client.hand_over()
    Tunnel(plane, client.peer, ends, idle)
    for end in ends:
        end.transport.set_protocol(end)
    agreement = forward_response(
        head.status,
        head.reason,
        head.fields,
        ours=plane.via,
        date=plane.date,
        request_id=exchange.forwarded.request_id,
        connection=b"Upgrade\r\nUpgrade: websocket",
    )
    ends[0].transport.write(b"".join(agreement))
    if first_words:
        ends[1].data_received(first_words)
    if to_upstream:
        ends[0].data_received(to_upstream)
