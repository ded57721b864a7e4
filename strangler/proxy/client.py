"""Performs one client connection: requests in, in order, one exchange at a time, answers out."""

import asyncio
from math import inf
from typing import TYPE_CHECKING, Final, cast

from strangler.http.forwarding import ForwardedHead, Peer
from strangler.http.head import HeadError
from strangler.http.hops import end_here, own_answer
from strangler.http.problem import problem_response
from strangler.http.roles import MAX_FORWARDS, VIA
from strangler.proxy.admission import LEAVING_AT_ONCE
from strangler.proxy.beginning import exchange_for, route_of
from strangler.proxy.breaking_off import break_off
from strangler.proxy.exchange import Exchange
from strangler.proxy.request_body import HIGH_WATER
from strangler.proxy.request_reader import IncomingRequest, RequestReader
from strangler.proxy.secure_transport import bound_buffers, has_delivered, is_secure

if TYPE_CHECKING:
    from strangler.proxy.plane import DataPlane

PIPELINED: Final = 8
"""Requests that may wait behind the one being answered before reading pauses."""

LINGER: Final = 2.0
"""Seconds of silence until which we read on after a last answer: closing with octets unread would
make the kernel reset the connection, and the answer might be lost (RFC 9112 section 9.6)."""

LONGEST_LINGER: Final = 30.0
"""Seconds after which we read on no longer, whatever comes: nginx's `lingering_time`."""

PATIENCE: Final = 0.75
"""Seconds of silence for which we wait on for a client that has closed its sending side. It may
have closed both, which looks the same until we write to it, and an upstream works for it."""


class ClientConnection(asyncio.Protocol):
    """One connection of a client: between requests, in an exchange, or lingering before its end."""

    __slots__ = (
        "_beginning",
        "_blocked",
        "_ended",
        "_exchange",
        "_head_begun",
        "_last",
        "_lingering",
        "_lingers_until",
        "_paused",
        "_peer",
        "_plane",
        "_reader",
        "_refused",
        "_unsent",
        "begun",
        "deadline",
        "transport",
    )

    def __init__(self, plane: "DataPlane") -> None:
        """Belong to a data plane; the transport comes with `connection_made`."""
        self._plane = plane
        self._reader = RequestReader()  # replaced when the peer is known
        self._exchange: Exchange | None = None
        self._peer = Peer("")
        self._beginning = False
        self._head_begun = False
        self._lingering = False
        self._lingers_until = 0.0
        self._paused = False
        self._blocked = False  # the client reads more slowly than we write
        self._unsent = 0  # octets that waited for a slow client when we last looked
        self._ended = False  # the client sends no more
        self._last = False  # no request after the present one
        self.begun = 0  # requests, on this connection
        self._refused = False  # not let in
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

    @property
    def paused(self) -> bool:
        """Whether nobody reads, so that nobody would notice a reset."""
        return self._paused

    def fileno(self) -> int:
        """Give the socket's descriptor, -1 once it is closed."""
        sock = self.transport.get_extra_info("socket")
        return -1 if sock is None else sock.fileno()

    @property
    def exchange(self) -> Exchange | None:
        """What is under way, if anything."""
        return self._exchange

    @property
    def peer(self) -> Peer:
        """Who sits at the other end."""
        return self._peer

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register with the data plane and wait for a first request."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are not subclasses
        peername = transport.get_extra_info("peername")
        # On a socket for both families an IPv4 client has a mapped address (RFC 4291).
        address = peername[0].removeprefix("::ffff:") if peername else "unknown"
        secure = is_secure(transport)
        if secure:
            bound_buffers(self.transport)
        trusted = self._plane.settings.trusts(address)
        self._peer = Peer(address, "https" if secure else "http", trusted=trusted)
        self._plane.client_opened(self)
        refusal = self._plane.admission.enter(self._peer)
        if refusal:
            self._turn_away(refusal)
            return
        self._reader = RequestReader(self._plane.settings.body, trusted=trusted)
        self.expect_within(self._plane.settings.idle)

    def data_received(self, data: bytes) -> None:
        """Read on; go on with the exchange under way or begin the next."""
        if self._lingering:
            self.deadline = min(self._plane.tick + LINGER, self._lingers_until)
            return
        reader = self._reader
        reader.feed(data)
        exchange = self._exchange
        if exchange is None:
            self._begin_next()
        elif reader.refusal is not None and not exchange.request.complete:
            exchange.broken_request(reader.refusal)
        else:
            exchange.request_progress()
        requests = reader.requests
        if self._paused or len(requests) != 1 or not requests[0].complete or reader.rest:
            self.adjust_reading()

    def eof_received(self) -> bool:
        """Serve what a client asked before it closed its sending side; end the rest."""
        self._ended = True
        requests = self._reader.requests
        answerable = requests and requests[0].complete and not requests[0].upgrade
        if answerable and not self._lingering and self.transport.can_write_eof():
            self.expect_within(PATIENCE)
            return True
        self._cancel()
        self.expect_within(self._plane.settings.idle)  # for what is still to leave
        return False

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Stop what is under way for a client that has gone."""
        self._plane.client_closed(self)
        if self._refused:
            self._plane.admission.leaving -= 1
        else:
            self._plane.admission.leave(self._peer)
        self._cancel()

    def pause_writing(self) -> None:
        """Pass back-pressure on to the upstream."""
        self._blocked = True
        self._unsent = self.transport.get_write_buffer_size()
        if self._ended:
            self.expect_within(self._plane.settings.idle)
        if self._exchange is not None:
            self._exchange.client_blocked(blocked=True)

    def resume_writing(self) -> None:
        """Release the back-pressure, or begin what waited for it."""
        self._blocked = False
        if self._exchange is not None:
            self._exchange.client_blocked(blocked=False)
        else:
            self._begin_next()
            self.adjust_reading()

    def expired(self) -> None:
        """End a connection whose deadline has passed, each state in its own way."""
        if self._reads_on():
            self.expect_within(self._plane.settings.idle)
        elif self._exchange is not None and self._ended:
            # It has gone, for all we can tell. If not, it must not take a part for the whole.
            self._cancel()
            break_off(self.transport)
        elif self._exchange is not None:
            self._exchange.expired()
        elif self._head_begun and not self._lingering:
            self._refuse(HeadError(408, "the request's head did not arrive in time"))
        elif self.idle and not self.transport.is_closing():
            self.expect_within(LINGER)
            self.transport.close()  # under TLS a word to the client, who may answer it
        else:
            self.transport.abort()

    def _reads_on(self) -> bool:
        """Tell whether a slow client has read anything of what waits for it since the last look."""
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
        return (self._blocked or self._lingering) and 0 < self._unsent < before

    # What an exchange asks.

    def write(self, data: bytes) -> None:
        """Send octets of an answer."""
        self.transport.write(data)

    def expect_within(self, seconds: float) -> None:
        """Set the deadline for the next sign of progress."""
        if self._ended and seconds > PATIENCE and self._exchange is not None:
            # Of one that takes what we write, however slowly, we know that it is there.
            seconds = seconds if self._blocked else PATIENCE
        self.deadline = self._plane.tick + seconds

    def wait_for_upstream(self) -> None:
        """Set no deadline: connecting has its own."""
        self.deadline = self._plane.tick + PATIENCE if self._ended else inf

    def close_after_response(self) -> None:
        """Let no other request follow this one."""
        self._last = True

    @property
    def closes_after_response(self) -> bool:
        """Whether the present answer is the last."""
        return self._last or self._plane.draining or (self._ended and not self._another_waits)

    @property
    def _another_waits(self) -> bool:
        requests = self._reader.requests
        return len(requests) > 1 and requests[1].complete

    def connection_field(self) -> bytes:
        """Give the Connection value for an answer: said only where the default differs."""
        self._last = self.closes_after_response
        if self._last:
            return b"close"
        exchange = self._exchange
        return b"keep-alive" if exchange and exchange.request.version == "1.0" else b""

    def adjust_reading(self) -> None:
        """Read only as fast as what was read is used up."""
        exchange, reader = self._exchange, self._reader
        if self._lingering:
            pause = False
        elif exchange is not None and not exchange.request.complete:
            pause = not exchange.wants_more_body
        else:
            pause = len(reader.requests) > PIPELINED or reader.waiting >= HIGH_WATER
        if pause != self._paused and not self.transport.is_closing():
            self._paused = pause
            if pause:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    def exchange_done(self) -> None:
        """Go on with the next request, or end the connection."""
        last = self.closes_after_response
        exchange = self._put_down()
        if exchange is None:
            return
        if exchange.request.complete:
            self._reader.requests.popleft()
        if last or not exchange.request.complete:
            self._end()
            return
        reader = self._reader
        if exchange.request.upgrade:
            reader.decline_upgrade()
        self._head_begun = False
        self.expect_within(self._plane.settings.idle)
        if reader.requests or reader.in_head or reader.refusal is not None:
            self._begin_next()
        if self._paused:
            self.adjust_reading()

    def abort(self) -> None:
        """Break the connection so that nobody takes what was sent for the whole."""
        self._plane.counters.aborted += 1
        exchange = self._put_down()
        if exchange is not None:
            exchange.let_go()
        break_off(self.transport)

    def leave(self) -> None:
        """Close between two requests; of a client that has everything TLS need not hear more."""
        if self.transport.is_closing() and has_delivered(self.transport):
            self.transport.abort()
        else:
            self.transport.close()

    def begin_again(self, forwarded: ForwardedHead) -> None:
        """Ask what to do with the present request once more: the table that held it is gone."""
        request = self._reader.requests[0]
        route = route_of(self._plane, request.read, self.peer)
        if isinstance(route, HeadError):
            self._put_down()
            self._answer_here(request, route)
            self._begin_next()
            return
        self._exchange = exchange = exchange_for(
            self._plane, self, request, request.read, route, forwarded
        )
        exchange.begin()

    def hand_over(self) -> bytes:
        """Leave the connection to a tunnel; give what came behind the request that opened it."""
        self._put_down()
        self._plane.client_closed(self)
        if self._paused:
            self.transport.resume_reading()
        return self._reader.rest or b""

    def _cancel(self) -> None:
        exchange = self._put_down()
        if exchange is not None:
            exchange.cancel()

    def _put_down(self) -> Exchange | None:
        """Have no exchange any more; give the one there was."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            self._plane.in_flight -= 1
        return exchange

    # From bytes to exchanges.

    def _begin_next(self) -> None:
        # An exchange may end within `begin`; the loop then takes the next instead of recursing.
        if self._beginning:
            return
        self._beginning = True
        reader = self._reader
        requests = reader.requests
        while requests and self._may_begin:
            self._begin(requests[0])
        self._beginning = False
        if self._exchange is not None or not self._may_begin:
            return
        if reader.refusal is not None:
            self._refuse(reader.refusal, body=not reader.answers_head)
        elif not self._head_begun and reader.in_head:
            self._head_begun = True
            self.expect_within(self._plane.settings.head)

    @property
    def _may_begin(self) -> bool:
        """Whether the next request's turn has come: what is answered is also being read."""
        return self._exchange is None and not self._lingering and not self._blocked

    def _begin(self, request: IncomingRequest) -> None:
        if self._ended and not request.complete:
            self._end()
            return
        refusal = self._reader.refusal
        if refusal is not None and not request.complete:
            self._refuse(refusal)
            return
        read = request.read
        plane = self._plane
        noted = read.fields.noted
        self.begun += 1
        self._last = (
            not read.fields.keeps_alive(request.version) or self.begun >= plane.settings.requests
        )
        self._head_begun = True
        if plane.in_flight >= plane.settings.in_flight:
            self._answer_here(request, HeadError(503, "too many requests are under way"))
            return
        if VIA in noted or MAX_FORWARDS in noted:
            end = end_here(read, plane.settings.name)
            if end is not None:
                self._answer_here(request, end)
                return
        route = route_of(plane, read, self.peer)
        if isinstance(route, HeadError):
            self._answer_here(request, route)
            return
        plane.in_flight += 1
        self._exchange = exchange = exchange_for(plane, self, request, read, route)
        exchange.begin()

    def _answer_here(self, request: IncomingRequest, answer: HeadError) -> None:
        """Answer a good request that goes no further; what follows it on the connection stands."""
        plane = self._plane
        if not request.complete:
            self._refuse(answer)
            return
        close = self.closes_after_response
        if answer.status != 204:  # which refuses nothing
            plane.counters.refusals[answer.status] += 1
        self.write(own_answer(answer, request.read.head.method, plane.date, close=close))
        self._reader.requests.popleft()
        if close:
            self._end()
            return
        if request.upgrade:
            self._reader.decline_upgrade()
        self._head_begun = False
        self.expect_within(plane.settings.idle)

    def _turn_away(self, reason: str) -> None:
        """Answer a connection that is not let in, and be rid of it soon."""
        plane = self._plane
        self._refused = True
        plane.counters.connections_refused[reason] += 1
        plane.admission.leaving += 1
        self._lingering = True
        if plane.admission.leaving > LEAVING_AT_ONCE:
            self.transport.abort()
            return
        self.write(problem_response(503, f"connections: {reason}", date=plane.date, close=True))
        self._lingers_until = plane.tick + LINGER
        self.expect_within(LINGER)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _refuse(self, refusal: HeadError, *, body: bool = True) -> None:
        """Answer what cannot be forwarded, and end the connection: what follows has no meaning."""
        plane = self._plane
        plane.counters.refusals[refusal.status] += 1
        self.write(
            problem_response(refusal.status, refusal.detail, date=plane.date, close=True, body=body)
        )
        self._end()

    def _end(self) -> None:
        """Close, after a moment of reading on where the client may still be sending."""
        reader = self._reader
        unread = bool(
            reader.requests or reader.refusal is not None or reader.in_head or reader.rest
        )
        self._lingering = True
        self._last = True
        if unread and not self._ended and self.transport.can_write_eof():
            self._lingers_until = self._plane.tick + LONGEST_LINGER
            self.expect_within(LINGER)
            self.transport.write_eof()
            self.adjust_reading()
        else:
            self.expect_within(self._plane.settings.idle)  # for what is still to leave
            self.transport.close()
