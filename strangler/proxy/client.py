"""Performs one client connection: requests in, in order, one exchange at a time, answers out."""

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, cast

from strangler.http.forwarding import (
    Peer,
    asks_for_websocket,
    forward_request,
    keeps_alive,
)
from strangler.http.framing import BodyKind, Framing
from strangler.http.head import HeadError, read_head
from strangler.http.message import RequestHead
from strangler.http.problem import problem_response
from strangler.proxy.exchange import Exchange
from strangler.proxy.request_reader import IncomingRequest, RequestReader
from strangler.routing.decision import Decision, decide
from strangler.routing.table import Route

if TYPE_CHECKING:
    from strangler.proxy.plane import DataPlane

PIPELINED = 8
"""Requests that may wait behind the one being answered before reading pauses."""

LINGER = 2.0
"""Seconds that we read on after a last answer: closing with octets unread would make the kernel
reset the connection, and the answer might be lost (RFC 9112 section 9.6)."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER, on, no time: a truncated answer ends in RST


class ClientConnection(asyncio.Protocol):
    """One connection of a client: between requests, in an exchange, or lingering before its end."""

    __slots__ = (
        "_beginning",
        "_exchange",
        "_head_begun",
        "_last",
        "_lingering",
        "_paused",
        "_peer",
        "_plane",
        "_reader",
        "blocked",
        "deadline",
        "transport",
    )

    def __init__(self, plane: "DataPlane") -> None:
        """Belong to a data plane; the transport comes with `connection_made`."""
        self._plane = plane
        self._reader = RequestReader()
        self._exchange: Exchange | None = None
        self._peer = Peer("")
        self._beginning = False
        self._head_begun = False
        self._lingering = False
        self._paused = False
        self._last = False  # no request after the present one
        self.blocked = False  # the client reads more slowly than we write
        self.deadline = 0.0
        self.transport: asyncio.Transport

    def __repr__(self) -> str:
        """Show the peer and what goes on."""
        state = "lingering" if self._lingering else repr(self._exchange or "idle")
        return f"<ClientConnection {self._peer.address} {state}>"

    @property
    def idle(self) -> bool:
        """Whether nothing is under way: such a connection may be closed without loss."""
        return self._exchange is None and not self._head_begun and not self._lingering

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register with the data plane and wait for a first request."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are not subclasses
        peername = transport.get_extra_info("peername")
        address = peername[0] if peername else "unknown"
        self._peer = Peer(address, trusted=self._plane.settings.trusts(address))
        self._plane.client_opened(self)
        self.expect_within(self._plane.settings.idle)

    def data_received(self, data: bytes) -> None:
        """Read on; go on with the exchange under way or begin the next."""
        if self._lingering:
            return
        self._reader.feed(data)
        exchange, reader = self._exchange, self._reader
        if exchange is None:
            self._begin_next()
        elif reader.error and not exchange.request.complete:
            exchange.broken_request(reader.error)
        else:
            exchange.request_progress()
        self.adjust_reading()

    def eof_received(self) -> bool:
        """Serve a client that has only closed its sending side; end the rest."""
        if self._lingering or self._exchange is None:
            return False
        if not self._exchange.request.complete:
            self._exchange.cancel()
            self._exchange = None
            return False
        self._last = True
        return True

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Stop what is under way for a client that has gone."""
        self._plane.client_closed(self)
        if self._exchange is not None:
            self._exchange.cancel()
            self._exchange = None

    def pause_writing(self) -> None:
        """Pass back-pressure on to the upstream."""
        self.blocked = True
        if self._exchange is not None:
            self._exchange.client_blocked(blocked=True)

    def resume_writing(self) -> None:
        """Release the back-pressure."""
        self.blocked = False
        if self._exchange is not None:
            self._exchange.client_blocked(blocked=False)

    def expired(self) -> None:
        """End a connection whose deadline has passed, each state in its own way."""
        if self._exchange is not None:
            self._exchange.expired()
        elif self._head_begun and not self._lingering:
            self._refuse(408, "the request's head did not arrive in time")
        else:
            self.transport.abort()

    # What an exchange asks.

    def write(self, data: bytes) -> None:
        """Send octets of an answer."""
        self.transport.write(data)

    def expect_within(self, seconds: float) -> None:
        """Set the deadline for the next sign of progress."""
        self.deadline = self._plane.now() + seconds

    def close_after_response(self) -> None:
        """Let no other request follow this one."""
        self._last = True

    @property
    def closes_after_response(self) -> bool:
        """Whether the present answer is the last."""
        return self._last or self._plane.draining

    def connection_field(self) -> bytes:
        """Give the Connection value for an answer: said only where the default differs."""
        self._last = self.closes_after_response
        if self._last:
            return b"close"
        exchange = self._exchange
        return b"keep-alive" if exchange and exchange.request.version == "1.0" else b""

    def adjust_reading(self) -> None:
        """Read only as fast as what was read is used up."""
        exchange = self._exchange
        blocked = exchange is not None and (
            not exchange.wants_more_body
            if not exchange.request.complete
            else len(self._reader.requests) > PIPELINED
        )
        if blocked != self._paused and not self.transport.is_closing():
            self._paused = blocked
            if blocked:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    def exchange_done(self) -> None:
        """Go on with the next request, or end the connection."""
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        self._reader.requests.popleft()
        if self.closes_after_response or not exchange.request.complete:
            self._end(more_may_come=not exchange.request.complete)
            return
        if self._reader.rest is not None:
            self._reader.decline_upgrade()
        self._head_begun = False
        self.expect_within(self._plane.settings.idle)
        self._begin_next()
        self.adjust_reading()

    def abort(self) -> None:
        """Break the connection so that nobody takes what was sent for the whole."""
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._plane.counters.aborted += 1
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.let_go()
        self.transport.abort()

    def hand_over(self) -> bytes:
        """Leave the connection to a tunnel; give what came behind the request that opened it."""
        self._exchange = None
        self._plane.client_closed(self)
        return self._reader.rest or b""

    # From bytes to exchanges.

    def _begin_next(self) -> None:
        # An exchange may end within `begin`; the loop then takes the next instead of recursing.
        if self._beginning:
            return
        self._beginning = True
        reader = self._reader
        while self._exchange is None and reader.requests and not self._lingering:
            self._begin(reader.requests[0])
        self._beginning = False
        if self._exchange is not None or self._lingering:
            return
        if reader.error:
            self._refuse(reader.error_status, f"malformed request: {reader.error}")
        elif not self._head_begun and reader.in_head:
            self._head_begun = True
            self.expect_within(self._plane.settings.head)

    def _begin(self, request: IncomingRequest) -> None:
        if self._reader.error and not request.complete:
            self._refuse(self._reader.error_status, f"malformed request: {self._reader.error}")
            return
        try:
            head, framing = read_head(
                request.method, request.target, request.version, request.headers
            )
        except HeadError as error:
            self._refuse(error.status, error.detail)
            return
        if request.upgrade and not self._accept_upgrade(request, framing):
            return
        self._last = not keeps_alive(request.headers, request.version)
        self._head_begun = True
        self._exchange = self._exchange_for(request, head, framing)
        self._exchange.begin()

    def _accept_upgrade(self, request: IncomingRequest, framing: Framing) -> bool:
        """Decide an Upgrade: WebSockets become tunnels, others are ignored, bodies are refused.

        False where the request was refused. RFC 9110 section 7.8 lets a server ignore an Upgrade;
        one with a body has two readings of what follows.
        """
        if framing.kind is not BodyKind.NONE:
            self._refuse(400, "an Upgrade with a body")
            return False
        if request.method != "GET" or not asks_for_websocket(request.headers):
            request.upgrade = False
            self._reader.decline_upgrade()
        return True

    def _exchange_for(
        self, request: IncomingRequest, head: RequestHead, framing: Framing
    ) -> Exchange:
        plane = self._plane
        route = plane.table.match(head)
        return Exchange(
            plane,
            self,
            request,
            head,
            framing,
            route,
            self._decide(route, head),
            forward_request(head.headers, self._peer, plane.fresh_request_id()),
        )

    def _decide(self, route: Route | None, head: RequestHead) -> Decision:
        plan = self._plane.table.fallthrough if route is None else route.plan_for(head.method)
        key = None
        if plan.threshold and route is not None and route.canary is not None:
            key = route.canary.key.key_of(head, self._peer.address)
        return decide(plan, key, self._plane.draw())

    def _refuse(self, status: int, detail: str) -> None:
        """Answer what cannot be forwarded, and end the connection: what follows has no meaning."""
        self._plane.counters.refusals[status] += 1
        self.write(problem_response(status, detail, close=True))
        self._end(more_may_come=True)

    def _end(self, *, more_may_come: bool) -> None:
        """Close, after a moment of reading on where the client may still be sending."""
        self._lingering = True
        self._last = True
        self.adjust_reading()
        if more_may_come and self.transport.can_write_eof():
            self.expect_within(LINGER)
            self.transport.write_eof()
        else:
            self.transport.close()
