"""Performs shadow copies: asks the candidate what the primary was asked, within bounds.

Nothing here is on a client's path: a copy starts after the client has its answer, on connections of
its own, within bounds on copies and octets; what does not fit is dropped and counted. Most answers
are alike, so that is found out at once, in the callback that brings the answer; whatever is more
work goes on beside, as a task. Writes that are judged go their own ways (`read_back`, `dry_run`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from strangler.compare.redact import Redactor
from strangler.compare.response import Response
from strangler.compare.verdict import Comparison, Verdict
from strangler.http.reference import client_origin
from strangler.http.roles import REFERENCE, response_role
from strangler.proxy.breaker import Breaker
from strangler.proxy.budget import Budget
from strangler.proxy.copy import Copy
from strangler.proxy.failure import Cause, Failure, Stage, cause_of
from strangler.proxy.fetch import Capture, Fetch, Outcome, fetch
from strangler.proxy.judge import Judge
from strangler.proxy.mapped_output import as_client_sees
from strangler.proxy.observe import Judgement
from strangler.proxy.pool import TargetPool
from strangler.proxy.slots import Slots
from strangler.proxy.unreported import Unreported
from strangler.proxy.upstream import UpstreamConnection
from strangler.proxy.upstream_pool import UpstreamPool
from strangler.routing.map_back import map_back
from strangler.routing.phase import WriteCopying
from strangler.routing.table import Route

if TYPE_CHECKING:
    from strangler.proxy.exchange import Exchange
    from strangler.proxy.plane import DataPlane

log = structlog.get_logger()

ANSWERED: Final = "answered"
TOO_LARGE: Final = "dropped: too large"
TOO_MANY_OCTETS: Final = "dropped: too many octets held"
EARLY: Final = "dropped: answered before the request was whole"

CANDIDATE: Final = b"candidate"

BROKEN_OFF: Final = Response(502, (), b"")
"""What a client would be given in the place of an answer that breaks off, or is no HTTP."""


class Mirror:
    """The shadow work of one worker."""

    __slots__ = (
        "_asked",
        "_breakers",
        "_broken_off",
        "_plane",
        "_slots",
        "_to_ask",
        "budget",
        "judge",
    )

    def __init__(self, plane: "DataPlane", unreported: Unreported) -> None:
        """Leave what is seen with `unreported`."""
        self._plane = plane
        self.judge = Judge(plane, self, unreported, Redactor(plane.settings.redaction_key))
        self._breakers: dict[str, Breaker] = {}
        self._broken_off: dict[str, Copy] = {}  # by the route's label
        self._to_ask: list[Copy] = []
        self._asked: dict[Copy, UpstreamConnection] = {}
        self.budget = Budget(plane.settings.copy_octets)
        self._slots = Slots(plane.settings.copies_in_flight)

    def __repr__(self) -> str:
        """Show what is held."""
        return f"<Mirror {self._slots} {self.budget}>"

    @property
    def in_flight(self) -> int:
        """Copies under way."""
        return self._slots.taken

    @property
    def octets_held(self) -> int:
        """Octets that captures and copies hold."""
        return self.budget.held

    # A copy is taken on.

    def submit(self, exchange: "Exchange", capture: Capture, body: list[bytes] | None) -> None:
        """Take a copy of a finished exchange on, or drop it and say why.

        Whatever goes wrong here is no matter of the client's, whose exchange this ends.
        """
        if capture.is_long:
            self._plane.spawn(self._submit_later(exchange, capture, body))
        else:
            self._submit(exchange, capture, capture.response(), body)

    async def _submit_later(
        self, exchange: "Exchange", capture: Capture, body: list[bytes] | None
    ) -> None:
        try:
            primary = await asyncio.get_running_loop().run_in_executor(None, capture.response)
        except Exception as error:  # noqa: BLE001 - ours, and told
            capture.release()
            self.faulted(exchange.label, error)
            return
        self._submit(exchange, capture, primary, body)

    def _submit(
        self,
        exchange: "Exchange",
        capture: Capture,
        primary: Response | None,
        body: list[bytes] | None,
    ) -> None:
        try:
            self._take_on(exchange, capture, primary, body)
        except Exception as error:  # noqa: BLE001 - ours, and told
            self.faulted(exchange.label, error)

    def faulted(self, label: str, error: Exception) -> None:
        """Count and log a fault of ours, which says nothing of a service."""
        self._plane.counters.comparator_faults += 1
        log.error("comparator_fault", route=label, exc_info=error)

    def _take_on(
        self,
        exchange: "Exchange",
        capture: Capture,
        primary: Response | None,
        body: list[bytes] | None,
    ) -> None:
        route, candidate = exchange.route, exchange.decision.candidate
        capture.release()  # the copy accounts for it from here on
        if route is None or candidate is None:
            return
        if exchange.fell_back:
            self._count(route, "dropped: the candidate itself answered")
            return
        decision, dry_run = exchange.decision, exchange.dry_run
        if decision.beside:  # it has been asked already, or never will be
            if dry_run is None:
                self._count(route, EARLY)
                return
            dry_run.answered(primary)
        if primary is None or (body is None and decision.sends_body):
            self._count(route, TOO_MANY_OCTETS if capture.crowded_out else TOO_LARGE)
            return
        if decision.beside:
            return
        mapped = capture.refers or route.json_urls
        whole = b"".join(body or ())
        waited = capture.waited
        copy = Copy(exchange, route, candidate, whole, primary, mapped=mapped, waited=waited)
        if decision.writes is WriteCopying.READ_BACK:
            self._plane.read_backs.take(copy)
        elif self.admits(copy):
            if not self._to_ask:
                self._plane.soon(self._ask_all)  # once those are served who wait for an answer
            self._to_ask.append(copy)

    def admits(self, copy: Copy) -> bool:
        """Take a copy on, within the bounds; else count why it is dropped."""
        reason = self._reason_to_drop(copy)
        if reason:
            self.count(copy, reason)
            return False
        return True

    async def carry_out(self, copy: Copy, work: Callable[[Copy], Awaitable[None]]) -> None:
        """Do the work of a copy that was taken on; it is over after that."""
        try:
            await work(copy)
        except Exception as error:  # noqa: BLE001 - ours, and told
            self.faulted(copy.label, error)
        finally:
            self._end(copy)

    def _reason_to_drop(self, copy: Copy) -> str:
        settings = self._plane.settings
        if self._plane.draining:
            return "dropped: draining"
        if self._plane.in_flight > settings.in_flight // 2 or self._plane.descriptors.short:
            return "dropped: busy"  # long before a client is shed
        if not self._slots.take(copy.label):
            return "dropped: too many in flight"
        if not self.budget.take(copy.octets):
            reason = TOO_MANY_OCTETS
        elif not self._breaker(copy).allows(self._plane.now()):
            self.budget.give_back(copy.octets)
            reason = "dropped: candidate is failing"
        else:
            return ""
        self._slots.give_back(copy.label)
        return reason

    # The candidate is asked: by calls where a connection stands ready, else by a task.

    def _ask_all(self) -> None:
        copies, self._to_ask = self._to_ask, []
        for copy in copies:
            self._begin(copy)

    def _begin(self, copy: Copy) -> None:
        pool: UpstreamPool = self._plane.shadow_pools[copy.candidate]
        target = pool.choose(insist=False)
        connection = None if target is None else target.take()
        if connection is None:
            self._plane.spawn(self._run(copy, pool, target))
        else:
            self._ask_on(copy, connection, pool)

    def _ask_on(self, copy: Copy, connection: UpstreamConnection, pool: UpstreamPool) -> None:
        copy.deadline = self._plane.tick + pool.upstream.timeouts.response
        limit = self._plane.settings.copied_body
        try:
            request = copy.request_to(copy.candidate, CANDIDATE)
        except Exception as error:  # noqa: BLE001 - ours, and told
            connection.abandon()
            self.faulted(copy.label, error)
            self._end(copy)
            return
        self._asked[copy] = connection
        asked = Fetch(connection, copy.candidate, limit, partial(self._came, copy))
        copy.asked = asked
        connection.start(asked, copy.head.method)
        connection.send_whole(request)

    def sweep(self, now: float) -> None:
        """Give those up that have waited for the candidate's answer for too long."""
        for copy in [copy for copy in self._asked if copy.deadline < now]:
            if copy.asked is not None:
                copy.asked.took_too_long()

    def _came(self, copy: Copy, outcome: Outcome) -> None:
        """Take what came of asking the candidate, and end what needs no more work."""
        connection = self._asked.pop(copy, None)
        if connection is None:
            return  # we are closing
        reused = connection.served > 0
        asked, copy.asked = copy.asked, None
        if isinstance(outcome, Response):
            if asked is not None:
                self._plane.answered.time(copy, asked.waited)
            if self._is_alike(copy, outcome):
                if self.judge.is_watched(copy):
                    self._plane.spawn(self.carry_out(copy, self.judge.watch))
                else:
                    self._end(copy)
                return
        elif asked is None or not asked.complete:
            connection.abandon()  # what still comes is read by nobody
        if reused and isinstance(outcome, Failure) and outcome.cause is Cause.CLOSED:
            pool = self._plane.shadow_pools[copy.candidate]
            # The connection may have closed while idle.
            self._plane.spawn(self._run(copy, pool, pool.choose(insist=False)))
        else:
            self._plane.spawn(self._go_on(copy, outcome))

    def _is_alike(self, copy: Copy, answer: Response) -> bool:
        """Judge an answer whose body is the primary's, if no address in it is mapped.

        What else goes wrong is ours, and told: the connection on which it came is not to suffer.
        """
        primary = copy.primary
        if copy.mapped or primary.body != answer.body or primary.status != answer.status:
            return False
        try:
            if not self.judge.found_alike(copy, answer):
                return False
        except Exception as error:  # noqa: BLE001 - ours, and told
            self.faulted(copy.label, error)
            return True
        self._breaker(copy).succeeded()
        self.count(copy, ANSWERED)
        return True

    async def _run(self, copy: Copy, pool: UpstreamPool, target: TargetPool | None) -> None:
        """Ask on a connection that is made first."""
        if target is None:
            unavailable = Failure(copy.candidate, Stage.CHOOSING, Cause.UNAVAILABLE)
            await self._go_on(copy, unavailable)
            return
        try:
            connection = await target.connect(pool.upstream.timeouts.connect)
        except OSError as error:
            failure = Failure(copy.candidate, Stage.CONNECTING, cause_of(error), str(error))
            await self._go_on(copy, failure)
            return
        self._ask_on(copy, connection, pool)

    async def _go_on(self, copy: Copy, outcome: Outcome) -> None:
        """Judge what came of asking the candidate; the copy is over after that."""
        await self.carry_out(copy, partial(self._compare, outcome))

    async def _compare(self, outcome: Outcome, copy: Copy) -> None:
        candidate = self.settle(copy, copy.candidate, outcome)
        if candidate is not None:
            copy.primary = self.as_seen(copy, copy.decision.primary, copy.primary)
            await self.judge.judge(copy, candidate)

    def _end(self, copy: Copy) -> None:
        if self._broken_off and self._broken_off.get(copy.label) is copy:
            del self._broken_off[copy.label]
        self._slots.give_back(copy.label)
        self.budget.give_back(copy.octets)

    # Either side is asked again, and what came of it is accounted for.

    async def ask(self, copy: Copy, upstream: str, role: bytes) -> Response | None:
        """Ask one side, and conclude where it does not answer as it should."""
        return self.settle(copy, upstream, await self._fetch(copy, upstream, role), again=True)

    async def ask_aside(self, copy: Copy, upstream: str, role: bytes) -> Response | None:
        """Ask one side for what no verdict hangs on."""
        outcome = await self._fetch(copy, upstream, role)
        answer = self.account(copy, upstream, outcome, again=True)
        return None if answer is None else self.as_seen(copy, upstream, answer)

    async def _fetch(self, copy: Copy, upstream: str, role: bytes) -> Outcome:
        pool: UpstreamPool = self._plane.shadow_pools[upstream]
        request = copy.request_to(upstream, role)
        return await fetch(pool, copy.head.method, request, self._plane.settings.copied_body)

    def settle(
        self, copy: Copy, upstream: str, outcome: Outcome, *, again: bool = False
    ) -> Response | None:
        """Account for what came; a failure is an inconclusive exchange.

        But where the candidate breaks off, or answers no HTTP, that is compared as its client would
        get it: a service that fails at some requests differs in these. Of each route one such copy
        at a time: to look into it costs either side several requests.
        """
        answer = self.account(copy, upstream, outcome, again=again)
        broke_off = answer is None and upstream == copy.candidate and _broke_off(outcome)
        if broke_off and self._broken_off.setdefault(copy.label, copy) is copy:
            return BROKEN_OFF
        if answer is None:
            self.judge.conclude(copy, copy.primary, Judgement(Verdict.INCONCLUSIVE))
            return None
        return self.as_seen(copy, upstream, answer)

    def account(
        self, copy: Copy, upstream: str, outcome: Outcome, *, again: bool = False
    ) -> Response | None:
        """Count what came, and hold it if it is an answer.

        A copy is counted once; what is asked `again` for its sake is counted apart.
        """
        if isinstance(outcome, Failure):
            failed = outcome.cause is not Cause.NO_ROOM
            became = f"failed: {outcome.cause}"
        else:
            failed = outcome is None
            became = self.hold(copy, outcome)
        if failed and upstream == copy.candidate:
            self._breaker(copy).failed(self._plane.now())
        if again:
            self._plane.counters.asks[copy.label, became] += 1
        else:
            self.count(copy, became)
        return outcome if isinstance(outcome, Response) and became == ANSWERED else None

    def heard(self, copy: Copy, candidate: Response, first: Comparison) -> None:
        """Take note whether the candidate's answer was fit to be compared.

        One that passes what a comparison may unpack costs more than it tells: such a candidate is
        left in peace for a while, as one that fails otherwise.
        """
        if first.exceeded_by_candidate:
            self._breaker(copy).failed(self._plane.now())
        elif candidate is not BROKEN_OFF:
            self._breaker(copy).succeeded()

    def hold(self, copy: Copy, answer: Response | None) -> str:
        """Account for an answer, and say what it makes of its copy."""
        if answer is None:
            return TOO_LARGE
        if not self.budget.take(len(answer.body)):
            return TOO_MANY_OCTETS
        copy.octets += len(answer.body)
        return ANSWERED

    def let_go(self, copy: Copy, *answers: Response) -> None:
        """Hold answers no longer that were compared."""
        octets = sum([len(answer.body) for answer in answers])
        self.budget.give_back(octets)
        copy.octets -= octets

    def as_seen(self, copy: Copy, upstream: str, answer: Response) -> Response:
        """Give an answer as the client would see it: a path of the service's own is no finding."""
        roles = [response_role(name) for name, _ in answer.headers]
        if not copy.route.json_urls and REFERENCE not in roles:
            return answer
        asked: UpstreamPool = self._plane.shadow_pools[upstream]
        origin = client_origin(copy.head, copy.peer)
        return as_client_sees(answer, map_back(asked.upstream, copy.route, copy.head, origin))

    # Around it.

    def forget(self) -> None:
        """Drop what is known of routes: another table is live."""
        self._breakers.clear()
        self.judge.forget()

    def close(self) -> None:
        """Wait for nothing any longer, and end the comparing process."""
        self._to_ask.clear()
        self._asked.clear()
        self.judge.close()

    def _breaker(self, copy: Copy) -> Breaker:
        """Give that of the route: a service that fails on one may be well on all others."""
        breaker = self._breakers.get(copy.label)
        if breaker is None:
            breaker = self._breakers[copy.label] = Breaker()
        return breaker

    def count(self, copy: Copy, outcome: str) -> None:
        """Count what became of a copy."""
        self._plane.counters.copies[copy.label, outcome] += 1

    def _count(self, route: Route, outcome: str) -> None:
        self._plane.counters.copies[route.label, outcome] += 1


def _broke_off(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) and outcome.broke_off
