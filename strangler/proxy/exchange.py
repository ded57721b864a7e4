"""Performs one exchange: asks the primary, streams both bodies, recovers from failed tries.

What to do was decided before (`Decision`), and what to do after a failure is decided elsewhere
(`recovery`); here it is carried out. Memory is bounded on both sides: a slow client pauses the
upstream, a slow upstream pauses the client.
"""

import asyncio
import time
from typing import TYPE_CHECKING, assert_never

from strangler.http.forwarding import ForwardedHead, connection_fields
from strangler.http.framing import BodyKind
from strangler.http.head import HeadError, ReadHead
from strangler.http.message import Headers
from strangler.http.problem import problem_response
from strangler.http.returning import interim_response
from strangler.http.roles import REFERENCE
from strangler.proxy.answered import outcome_of
from strangler.proxy.counters import UNCLAIMED
from strangler.proxy.ejection import GATEWAY_ERRORS, counts_against
from strangler.proxy.failure import Cause, Failure, Stage, cause_of
from strangler.proxy.fetch import Capture
from strangler.proxy.mapped_output import MappedOutput, output_as_seen
from strangler.proxy.pool import TargetPool
from strangler.proxy.recent_writes import Write
from strangler.proxy.recovery import Attempt, Recovery, may_repeat, recover, without_retry
from strangler.proxy.request_body import REPLAYED, RequestBody
from strangler.proxy.request_reader import IncomingRequest
from strangler.proxy.response_output import ResponseOutput, ends_unannounced
from strangler.proxy.response_reader import ResponseHead
from strangler.proxy.tunnel import open_tunnel
from strangler.proxy.upstream import UpstreamConnection
from strangler.routing.decision import Decision
from strangler.routing.table import Route

if TYPE_CHECKING:
    from strangler.proxy.client import ClientConnection
    from strangler.proxy.dry_run import DryRun
    from strangler.proxy.plane import DataPlane


class Exchange:
    """One request and its response passing through us."""

    __slots__ = (
        "_blocked",
        "_body",
        "_capture",
        "_client_blocked",
        "_connecting",
        "_connection",
        "_output",
        "_pool",
        "_reused",
        "_sent",
        "_started_at",
        "_target",
        "_tried",
        "_upstream",
        "_writing",
        "client",
        "decision",
        "dry_run",
        "fields",
        "forwarded",
        "framing",
        "head",
        "label",
        "plane",
        "request",
        "revision",
        "route",
    )

    def __init__(
        self,
        plane: "DataPlane",
        client: "ClientConnection",
        request: IncomingRequest,
        read: ReadHead,
        route: Route | None,
        decision: Decision,
        forwarded: ForwardedHead,
    ) -> None:
        """Know everything that was decided; nothing is sent before `begin`."""
        self._started_at = time.perf_counter()
        self.plane = plane
        self.client = client
        self.request = request
        self.head = read.head
        self.fields = read.fields
        self.framing = read.framing
        self.route = route
        self.label = UNCLAIMED if route is None else route.label  # for counters and findings
        self.revision = plane.revision  # the one that `route` belongs to, whatever comes later
        self.decision = decision
        self.forwarded = forwarded
        self._writing = self._begin_write() if decision.watched else None
        self._capture = None if decision.candidate is None else self._new_capture()
        self._body = None if self.framing.kind is BodyKind.NONE else self._new_body()
        self.dry_run: DryRun | None = None
        self._client_blocked = False
        self._tried: list[TargetPool] = []
        self._target: TargetPool | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._connection: UpstreamConnection | None = None
        self._begin_try(decision.primary)

    def __repr__(self) -> str:
        """Show what is asked, of whom, and how far it has come."""
        state = "committed" if self._committed else "sent" if self._sent else "sending"
        return f"<Exchange {self.head.method} {self.head.target.path} {self._upstream} {state}>"

    @property
    def fell_back(self) -> bool:
        """Whether the fallback answers in the place of the primary."""
        return self._upstream != self.decision.primary

    @property
    def method(self) -> str:
        """The request's method."""
        return self.head.method

    @property
    def waits_at_fence(self) -> bool:
        """Whether nothing of it is sent before another table is live."""
        return False

    @property
    def _committed(self) -> bool:
        return self._output is not None and self._output.committed

    def _new_capture(self) -> Capture:
        return Capture(self.plane.settings.copied_body, self.plane.mirror.budget)

    def _begin_write(self) -> Write | None:
        route, head, plane = self.route, self.head, self.plane
        if route is None:
            return None
        return plane.writes.begin(route.domain, head.method, head.target.path, plane.now())

    def _new_body(self) -> RequestBody:
        if self.decision.sends_body:
            keep = self.plane.settings.copied_request
        else:
            keep = REPLAYED if self._repeatable() else 0
        return RequestBody(self.request, self.framing, keep)

    def _begin_try(self, upstream: str) -> None:
        self._upstream = upstream
        self._pool = self.plane.pools[upstream]
        self._reused = False
        self._sent = False
        self._blocked = False
        self._output: ResponseOutput | MappedOutput | None = None

    # The request, outwards.

    def begin(self) -> None:
        """Ask the primary, or after a failed try whoever comes next."""
        target = self._pool.choose(self._tried, insist=not self._may_fall_back())
        if target is not None:
            self._ask(target, target.take())
            return
        cause = self._pool.wait_for_place(self, insist=not self._may_fall_back())
        if cause is None:
            self.client.wait_for_upstream()
        else:
            self._fail(Stage.CHOOSING, cause, "")

    def place_free(self, target: TargetPool) -> None:
        """Go on after a wait in line."""
        self._ask(target, target.take())

    def waited_too_long(self) -> None:
        """Give up after a wait in line."""
        self._fail(Stage.CHOOSING, Cause.OVERLOADED, "")

    def _ask(self, target: TargetPool, connection: UpstreamConnection | None) -> None:
        self._target = target
        target.in_flight += 1
        if connection is not None:
            self._attach(connection)
        else:
            self.client.wait_for_upstream()
            self._connecting = self.plane.spawn(self._connect(target))

    async def _connect(self, target: TargetPool) -> None:
        try:
            connection = await target.connect(self._pool.upstream.timeouts.connect)
        except OSError as error:
            self._connecting = None
            detail = f"{target.target}: {error or 'timed out'}"
            self._fail(Stage.CONNECTING, cause_of(error), detail)
            return
        self._connecting = None
        self._attach(connection)

    def _attach(self, connection: UpstreamConnection) -> None:
        self._connection = connection
        self._reused = connection.served > 0
        method = self.head.method
        connection.start(self, method)
        if self._capture is not None:
            self._capture.asked()
        octets = self.forwarded.to_bytes(
            method,
            self.head.target.forward
            if self.route is None or self.route.rewrite is None
            else self.route.origin_form(self.head, self._upstream),
            connection_fields(self.fields, self.framing, upgrade=self.request.upgrade),
        )
        if self._body is None:
            self._sent = True
            connection.send_whole(octets)
            self.client.expect_within(self._pool.upstream.timeouts.response)
            if self.decision.beside:
                self._ask_for_dry_run([])
        else:
            self._send(self._body, octets + b"".join(self._body.replay or ()))

    def request_progress(self) -> None:
        """Send what has newly arrived of the request's body."""
        if self._connection is not None and self._body is not None and not self._sent:
            self._send(self._body, b"")

    def _send(self, body: RequestBody, before: bytes) -> None:
        connection = self._connection
        assert connection is not None  # noqa: S101 - callers attach first
        timeouts = self._pool.upstream.timeouts
        if self.request.complete:
            self._sent = True
            if self._capture is not None:
                self._capture.asked()
            connection.send_whole(before + body.take())
            self.client.expect_within(timeouts.response)
            if self.decision.beside:
                self._ask_for_dry_run(body.replay)
        else:
            connection.write(before + body.take())
            self.client.expect_within(timeouts.idle)
            self.client.adjust_reading()

    def _ask_for_dry_run(self, body: list[bytes] | None) -> None:
        """Have the candidate asked now: what the primary changes must not have arrived there."""
        if self.dry_run is None and not self.request.upgrade:
            self.dry_run = self.plane.dry_runs.begin(self, body)

    @property
    def wants_more_body(self) -> bool:
        """Whether the client may go on sending: nobody is blocked and little is waiting."""
        return not self._blocked and (self._body is None or not self._body.waits)

    def upstream_blocked(self, blocked: bool) -> None:
        """Pass the upstream's back-pressure on to the client."""
        self._blocked = blocked
        self.client.adjust_reading()

    # The response, back.

    def interim(self, head: ResponseHead) -> None:
        """Pass a 1xx on: a client that waits for 100 sends no body before it."""
        if self.request.version == "1.1":
            self.client.write(interim_response(head.status, head.reason, head.headers))
        self.client.expect_within(self._pool.upstream.timeouts.response)

    def response_started(self, head: ResponseHead) -> None:
        """Write the head for the client, held back while a fallback could still take over."""
        if not self.request.complete or (self.request.version != "1.1" and ends_unannounced(head)):
            self.client.close_after_response()
        route = self.route
        if REFERENCE in head.fields.noted or (route is not None and route.json_urls):
            self._output = output_as_seen(self, self._pool.upstream, head, self._write)
        else:
            self._output = self._write(head)
        if self._capture is not None:
            self._capture.start(head)

    def _write(self, head: ResponseHead) -> ResponseOutput:
        return self._output_of(head, b"")

    def _output_of(self, head: ResponseHead, more: bytes) -> ResponseOutput:
        return ResponseOutput(
            head,
            via=(self.plane.via if head.version == "1.1" else self.plane.via_older) + more,
            date=self.plane.date,
            request_id=self.forwarded.request_id,
            version=self.request.version,
            connection=self.client.connection_field(),
            may_hold=self._may_fall_back(),
        )

    def response_progress(self, data: bytes, trailers: Headers | None) -> None:
        """Pass a piece of the body on, and keep it where a comparison needs it."""
        output, capture, client = self._output, self._capture, self.client
        assert output is not None  # noqa: S101 - a response that goes on has started
        if trailers is not None:
            self._connection = None  # others may have it already: a slow client must not stop it
        if capture is not None:
            capture.data(data)
        octets = output.progress(data, trailers)
        if octets:
            client.write(octets)
        if trailers is None:
            client.expect_within(self._pool.upstream.timeouts.idle)
        else:
            self._finish(output.head.status)

    def _finish(self, status: int) -> None:
        """Count the answer, hand a copy on, and let the client's next request begin."""
        target, self._target = self._target, None
        assert target is not None  # noqa: S101 - somebody has answered
        target.in_flight -= 1
        if status in GATEWAY_ERRORS:
            target.failed(f"it answered {status}")
        else:
            target.failures = 0
        if self._pool.crowded:
            self._pool.place_freed()
        self._count(status)
        if self._writing is not None:
            self._writing.ended = self.plane.now()
        if self._capture is not None:
            body = [] if self._body is None else self._body.replay
            self.plane.mirror.submit(self, self._capture, body)
        self.client.exchange_done()

    def client_blocked(self, blocked: bool) -> None:
        """Pass the client's back-pressure on to the upstream."""
        self._client_blocked = blocked
        if self._connection is None:
            return
        if blocked:
            self._connection.pause_reading()
        else:
            self._connection.resume_reading()
            self.client.expect_within(self._pool.upstream.timeouts.idle)

    def upgraded(self, head: ResponseHead, rest: bytes) -> None:
        """Turn both connections into a tunnel, if the client asked for one."""
        connection, self._connection = self._connection, None
        assert connection is not None  # noqa: S101 - it has just called
        if not self.request.upgrade or not head.fields.asks_for_websocket:
            connection.abandon()
            self._fail(Stage.READING, Cause.INVALID, "101 to what was not asked for")
            return
        self._leave_target()
        self._count(head.status)
        open_tunnel(self, connection, head, rest, self._pool.upstream.timeouts.idle)

    # When it goes wrong.

    def upstream_failed(self, stage: Stage, cause: Cause, detail: str) -> None:
        """Recover from a connection that broke."""
        self._connection = None
        self._fail(stage, cause, detail)

    def expired(self) -> None:
        """Recover from a deadline: the upstream's, or the client's where it is the slow one."""
        if self._client_blocked:
            self.client.abort()
        elif self._output is not None:
            self._time_out(Stage.READING)
        elif self._sent:
            self._time_out(Stage.WAITING)
        elif self._blocked:
            self._time_out(Stage.SENDING)
        else:
            self.broken_request(HeadError(408, "the request's body did not arrive in time"))

    def _time_out(self, stage: Stage) -> None:
        assert self._connection is not None  # noqa: S101 - connecting has a deadline of its own
        self._connection.abandon()
        self._connection = None
        self._fail(stage, Cause.TIMEOUT, "")

    def broken_request(self, refusal: HeadError) -> None:
        """End an exchange whose body stopped making sense, grew too long or came too slowly."""
        self.plane.counters.refusals[refusal.status] += 1
        if self._committed:
            self.client.abort()
        else:
            self._answer(refusal.status, refusal.detail, {})

    def cancel(self) -> None:
        """Stop: the client has gone. The upstream is told by closing."""
        self.let_go()
        self.plane.counters.cancelled += 1

    def let_go(self) -> None:
        """Close the connection to the upstream, whatever it was doing for us; hold nothing."""
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self._connection is not None:
            self._connection.abandon()
            self._connection = None
        self._leave_target()
        self._pool.leave(self)
        if self._capture is not None:
            self._capture.release()
        if self.dry_run is not None:
            self.dry_run.answered(None)

    def _leave_target(self) -> None:
        if self._target is not None:
            self._target.in_flight -= 1
            if self._pool.crowded:
                self._pool.place_freed()
            if self._target not in self._tried:  # it may have been tried twice
                self._tried.append(self._target)
            self._target = None

    def _fail(self, stage: Stage, cause: Cause, detail: str) -> None:
        failure = Failure(self._upstream, stage, cause, detail)
        self.plane.failed(failure)
        target = self._target
        if target is not None and counts_against(failure, reused=self._reused):
            target.failed(failure.for_log())
        self._leave_target()
        step = self._next_step(failure)
        self.plane.counters.recoveries[self.label, step.name.lower()] += 1
        match step:
            case Recovery.SAME_AGAIN:
                assert target is not None  # noqa: S101 - it had a connection
                self._begin_try(self._upstream)
                self._ask(target, None)
            case Recovery.OTHER_TARGET:
                self._begin_try(self._upstream)
                self.begin()
            case Recovery.FALLBACK:
                assert self.decision.fallback is not None  # noqa: S101 - the attempt said so
                self._begin_try(self.decision.fallback)
                self.begin()
            case Recovery.ANSWER:
                self._answer(failure.status, str(failure), failure.members())
            case Recovery.ABORT:
                if self.decision.measured:
                    self._measure(failure.status, 0.0, unanswered=True)
                self.client.abort()
            case _:
                assert_never(step)

    def _next_step(self, failure: Failure) -> Recovery:
        attempt = self._attempt()
        step = recover(failure, attempt)
        if step is Recovery.OTHER_TARGET and not (failure.unsent or self._pool.spend_retry()):
            return without_retry(attempt)
        return step

    def _attempt(self) -> Attempt:
        return Attempt(
            committed=self._committed,
            reused=self._reused,
            replayable=self._body is None or self._body.replay is not None,
            repeatable=self._repeatable(),
            other_targets=self._pool.choose(self._tried, insist=False) is not None,
            fallback=self._may_fall_back(),
            tried=len(self._tried),
        )

    def _repeatable(self) -> bool:
        effect = None if self.route is None else self.route.effect
        return may_repeat(self.head.method, effect)

    def _may_fall_back(self) -> bool:
        fallback = self.decision.fallback
        return fallback is not None and fallback != self._upstream

    def _answer(self, status: int, detail: str, members: dict[str, str]) -> None:
        """Answer ourselves. A body that is still coming makes this the connection's last answer."""
        if not self.request.complete:
            self.client.close_after_response()
        self.let_go()
        self._count(status, "strangler")
        self.client.write(
            problem_response(
                status,
                detail,
                request_id=self.forwarded.request_id,
                date=self.plane.date,
                close=self.client.closes_after_response,
                body=self.head.method != "HEAD",
                extra=members,
            )
        )
        self.client.exchange_done()

    def _count(self, status: int, answerer: str = "") -> None:
        """Count the answer for whoever gave it: after a fallback that is the other system."""
        if not answerer:
            decision = self.decision
            fell_back = self._upstream != decision.primary
            answerer = decision.stand_in if fell_back else decision.answerer
        seconds = time.perf_counter() - self._started_at
        self.plane.counters.exchange_done(self.label, answerer, status, seconds)
        if self.decision.measured:
            self._measure(status, seconds, unanswered=answerer == "strangler")

    def _measure(self, status: int, seconds: float, *, unanswered: bool) -> None:
        """Count for the gates how the system that was asked first has fared."""
        route, asked = self.route, self.decision.answerer
        outcome = outcome_of(status, unanswered=unanswered, fell_back=self.fell_back)
        if route is not None and outcome is not None:
            self.plane.answered.count(
                route, self.revision, asked, self.head.method, outcome, seconds
            )
