"""Performs one request of our own and collects its whole answer: shadow copies, health checks."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeAlias

from strangler.compare.response import Response
from strangler.http.fields import end_to_end
from strangler.http.message import Headers
from strangler.http.roles import REFERENCE
from strangler.proxy.budget import Budget
from strangler.proxy.failure import Cause, Failure, Stage, cause_of
from strangler.proxy.pool import TargetPool
from strangler.proxy.response_reader import ResponseHead
from strangler.proxy.upstream import UpstreamConnection
from strangler.proxy.upstream_pool import UpstreamPool

MOUTHFUL: Final = 128 * 1024
"""Octets read at once, after which the loop goes round: uvloop reads up to 256 KiB 32 times before
it looks at another connection, and 10 MB that come fast would hold all others for that long."""

JOINED_AT_ONCE: Final = 1024 * 1024
"""Octets of a body that are put together in the loop, in a fraction of a millisecond. What is more
is put together in a thread: from here on Python's `join` lets others run meanwhile."""

Outcome: TypeAlias = Response | Failure | None
"""A whole answer, a failure, or None for an answer that was too large."""


class Capture:
    """A response as it is collected; `response` is None once there was more than may be held.

    That is `limit` octets of body, and what a shared `budget` still allows; `crowded_out` tells
    that it was the budget which did not. `asked_at` and `began_at` are when the whole request had
    left, and when the answer's head came.
    """

    __slots__ = (
        "_budget",
        "_chunks",
        "_head",
        "_limit",
        "_size",
        "asked_at",
        "began_at",
        "crowded_out",
    )

    def __init__(self, limit: int, budget: Budget | None = None) -> None:
        """Begin with nothing; whoever gives a budget calls `release` in the end."""
        self._limit = limit
        self._budget = budget
        self._size = 0
        self.asked_at = 0.0
        self.began_at = 0.0
        self.crowded_out = False
        self._head: ResponseHead | None = None
        self._chunks: list[bytes] | None = []

    def __repr__(self) -> str:
        """Show how much is held."""
        return f"<Capture {self._head!r} {self._size} octets>"

    def start(self, head: ResponseHead) -> None:
        """Begin, or begin anew: another try may have been captured before."""
        self.release()
        self.began_at = time.perf_counter()
        self.crowded_out = False
        self._head = head
        # What says that it is too large is believed: not an octet of it is waited for.
        self._chunks = None if head.framing.length > self._limit else []

    def data(self, data: bytes) -> None:
        """Hold a piece of the body, or nothing any longer where it grows past the bound."""
        if self._chunks is None:
            return
        if self._size + len(data) > self._limit:
            self.release()
        elif self._budget is not None and not self._budget.take(len(data)):
            self.crowded_out = True
            self.release()
        else:
            self._size += len(data)
            self._chunks.append(data)

    def release(self) -> None:
        """Hold nothing any longer."""
        if self._budget is not None:
            self._budget.give_back(self._size)
        self._size = 0
        self._chunks = None

    def asked(self) -> None:
        """Take note that the whole request has left."""
        self.asked_at = time.perf_counter()

    @property
    def waited(self) -> float:
        """Seconds until the answer's head came: neither a slow client nor a large body is in it."""
        return self.began_at - self.asked_at

    @property
    def is_long(self) -> bool:
        """Whether `response` takes so long that it does not belong into the loop."""
        return self._size > JOINED_AT_ONCE

    @property
    def too_large(self) -> bool:
        """Whether there was more than may be held."""
        return self._chunks is None

    @property
    def refers(self) -> bool:
        """Whether the answer's fields may speak of addresses, which are mapped for the client."""
        return self._head is not None and REFERENCE in self._head.fields.noted

    def response(self) -> Response | None:
        """Freeze what was captured."""
        if self._head is None or self._chunks is None:
            return None
        return Response(self._head.status, end_to_end(self._head.headers), b"".join(self._chunks))


class Fetch:
    """The receiver of one answer of our own asking; it tells what came of it, once.

    It is made when the request is sent. What comes fast is read a mouthful at a time, between which
    others have their turn. `complete`: all of the answer is there, and the connection others' by
    now, though perhaps it was not told yet.
    """

    __slots__ = ("_capture", "_connection", "_tell", "_upstream", "complete")

    def __init__(
        self,
        connection: UpstreamConnection,
        upstream: str,
        limit: int,
        tell: Callable[[Outcome], object],
    ) -> None:
        """Wait for an answer of at most `limit` octets, and `tell` of it."""
        self._connection = connection
        self._upstream = upstream
        self._capture = Capture(limit)
        self._capture.asked()
        self._tell: Callable[[Outcome], object] | None = tell
        self.complete = False

    def __repr__(self) -> str:
        """Show whether the answer is there."""
        return f"<Fetch {self._upstream} done={self._tell is None}>"

    @property
    def waited(self) -> float:
        """Seconds until the answer's head came."""
        return self._capture.waited

    def interim(self, head: ResponseHead) -> None:
        """Pass 1xx over."""

    def response_started(self, head: ResponseHead) -> None:
        """Begin to collect."""
        self._capture.start(head)

    def response_progress(self, data: bytes, trailers: Headers | None) -> None:
        """Collect, and give the answer in the end; what does not fit is not read to its end."""
        self._capture.data(data)
        if self._capture.too_large:
            self._settle(None)
        elif trailers is not None:
            self.complete = True
            if self._capture.is_long:
                joining = asyncio.get_running_loop().run_in_executor(None, self._capture.response)
                joining.add_done_callback(self._joined)
            else:
                self._settle(self._capture.response())
        elif len(data) >= MOUTHFUL:
            self._connection.pause_reading()
            asyncio.get_running_loop().call_soon(self._connection.resume_reading)

    def _joined(self, joining: "asyncio.Future[Response | None]") -> None:
        # Without memory for it, it was too large.
        gone = joining.cancelled() or joining.exception() is not None
        self._settle(None if gone else joining.result())

    def upgraded(self, head: ResponseHead, rest: bytes) -> None:  # noqa: ARG002 - `Receiver`
        """Refuse: nothing of ours asks for an upgrade."""
        self.upstream_failed(Stage.READING, Cause.INVALID, "101 without a request for it")

    def upstream_failed(self, stage: Stage, cause: Cause, detail: str) -> None:
        """Give the failure."""
        self._settle(Failure(self._upstream, stage, cause, detail))

    def upstream_blocked(self, blocked: bool) -> None:
        """Do nothing: what we send is small and already in memory."""

    def took_too_long(self) -> None:
        """Wait no longer for what is not there."""
        if not self.complete:
            self._settle(Failure(self._upstream, Stage.WAITING, Cause.TIMEOUT))

    def _settle(self, outcome: Outcome) -> None:
        tell, self._tell = self._tell, None
        if tell is not None:
            tell(outcome)


async def fetch(
    pool: UpstreamPool, method: str, octets: bytes, limit: int, target: TargetPool | None = None
) -> Outcome:
    """Send one whole request (`octets`) and give its whole answer, a failure, or None if too large.

    Nothing is retried but a connection that had closed while idle. The whole is bounded by the
    upstream's `response` timeout.
    """
    name = pool.upstream.name
    chosen = target or pool.choose(insist=False)
    if chosen is None:
        return Failure(name, Stage.CHOOSING, Cause.UNAVAILABLE)
    outcome: Outcome = None
    connection = chosen.take()
    if connection is not None:
        outcome = await ask_on(pool, connection, method, octets, limit)
        if not (isinstance(outcome, Failure) and outcome.cause is Cause.CLOSED):
            return outcome
    try:
        connection = await chosen.connect(pool.upstream.timeouts.connect)
    except OSError as error:
        return Failure(name, Stage.CONNECTING, cause_of(error), str(error))
    return await ask_on(pool, connection, method, octets, limit)


async def ask_on(
    pool: UpstreamPool, connection: UpstreamConnection, method: str, octets: bytes, limit: int
) -> Outcome:
    """Send one whole request on one connection of a pool, and give what comes of it."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Outcome] = loop.create_future()
    receiver = Fetch(connection, pool.upstream.name, limit, answer.set_result)
    connection.start(receiver, method)
    connection.send_whole(octets)
    bound = loop.call_later(pool.upstream.timeouts.response, receiver.took_too_long)
    outcome: Outcome = None
    try:
        outcome = await answer
    finally:
        bound.cancel()
        if not receiver.complete:
            connection.abandon()  # what still comes is read by nobody
    return outcome
