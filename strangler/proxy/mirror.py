"""Performs shadow copies: asks the candidate what the primary was asked, compares, reports.

Nothing here is on a client's path: a copy starts after the client has its answer, on connections of
its own, within bounds on copies and octets; what does not fit is dropped and counted. A fault of
the comparator is ours and is counted apart from every verdict.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog

from strangler.compare.habits import Habits
from strangler.compare.noise import confirm
from strangler.compare.redact import Redactor
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.verdict import Comparison, Verdict
from strangler.http.forwarding import connection_fields
from strangler.http.reference import client_origin
from strangler.http.roles import REFERENCE, response_role
from strangler.proxy.breaker import Breaker
from strangler.proxy.budget import Budget
from strangler.proxy.comparer import Comparer
from strangler.proxy.failure import Cause, Failure
from strangler.proxy.fetch import Capture, fetch
from strangler.proxy.mapped_output import as_client_sees
from strangler.proxy.observe import Compared, Judgement, observe
from strangler.proxy.upstream_pool import UpstreamPool
from strangler.routing.map_back import map_back
from strangler.routing.table import Route
from strangler.store.records import Observation

if TYPE_CHECKING:
    from strangler.proxy.exchange import Exchange
    from strangler.proxy.plane import DataPlane

log = structlog.get_logger()

RECHECKED: Final = 0.1
"""The share of known noise that is checked all the same: habits change."""

ANSWERED: Final = "answered"
TOO_LARGE: Final = "dropped: too large"
TOO_MANY_OCTETS: Final = "dropped: too many octets held"

_ROLE: Final = b"X-Strangler-Shadow: %b\r\n"


class Copy:
    """One request to be asked again, and what the primary answered, as the client saw it.

    `octets` tells how much memory it holds, about: the request, and every answer that has come.
    """

    __slots__ = (
        "body",
        "candidate",
        "decision",
        "fields",
        "forwarded",
        "framing",
        "head",
        "octets",
        "peer",
        "primary",
        "revision",
        "route",
    )

    def __init__(
        self, exchange: "Exchange", route: Route, candidate: str, body: bytes, primary: Response
    ) -> None:
        """Take what is needed of an exchange that is over."""
        self.route = route
        self.revision = exchange.revision
        self.decision = exchange.decision
        self.candidate = candidate
        self.peer = exchange.client.peer
        self.head = exchange.head
        self.fields = exchange.fields
        self.forwarded = exchange.forwarded
        self.framing = exchange.framing
        self.body = body
        self.primary = primary
        self.octets = len(self.forwarded.fields) + len(body) + len(primary.body)

    def __repr__(self) -> str:
        """Show what is asked of whom."""
        return f"<Copy {self.head!r} of {self.candidate}>"

    def request_to(self, upstream: str, role: bytes) -> bytes:
        """Write the whole request; the upstream is told that nobody waits for the answer."""
        extra = connection_fields(self.fields, self.framing, upgrade=False)
        origin_form = self.route.origin_form(self.head, upstream)
        head = self.forwarded.to_bytes(self.head.method, origin_form, extra + _ROLE % role)
        return head + self.body


class Mirror:
    """The shadow work of one worker."""

    __slots__ = (
        "_breakers",
        "_comparer",
        "_habits",
        "_plane",
        "_redactor",
        "_report",
        "_rules",
        "budget",
        "in_flight",
    )

    def __init__(self, plane: "DataPlane", report: Callable[[Observation], None]) -> None:
        """Hand observations to `report`."""
        self._plane = plane
        self._report = report
        self._redactor = Redactor(plane.settings.redaction_key)
        self._rules: dict[str, Rules] = {}  # by the route's label
        self._breakers: dict[str, Breaker] = {}
        self._habits: dict[str, Habits] = {}
        self._comparer = Comparer(plane.settings.in_loop)
        self.budget = Budget(plane.settings.copy_octets)
        self.in_flight = 0

    def __repr__(self) -> str:
        """Show what is held."""
        return f"<Mirror in_flight={self.in_flight} {self.budget}>"

    @property
    def octets_held(self) -> int:
        """Octets that captures and copies hold."""
        return self.budget.held

    def submit(self, exchange: "Exchange", capture: Capture, body: list[bytes] | None) -> None:
        """Take a copy of a finished exchange on, or drop it and say why."""
        route, candidate = exchange.route, exchange.decision.candidate
        primary = capture.response()
        capture.release()  # the copy accounts for it from here on
        if route is None or candidate is None:
            return
        if exchange.fell_back:
            self._count(route, "dropped: the candidate itself answered")
            return
        if primary is None or body is None:
            self._count(route, TOO_MANY_OCTETS if capture.crowded_out else TOO_LARGE)
            return
        copy = Copy(exchange, route, candidate, b"".join(body), primary)
        reason = self._reason_to_drop(copy)
        if reason:
            self._count(route, reason)
            return
        self.in_flight += 1
        self._plane.spawn(self._run(copy))

    def _reason_to_drop(self, copy: Copy) -> str:
        settings = self._plane.settings
        if self._plane.draining:
            return "dropped: draining"
        if self._plane.in_flight > settings.in_flight // 2 or self._plane.descriptors.short:
            return "dropped: busy"  # long before a client is shed
        if self.in_flight >= settings.copies_in_flight:
            return "dropped: too many in flight"
        if not self.budget.take(copy.octets):
            return TOO_MANY_OCTETS
        if not self._breaker(copy.candidate).allows(self._plane.now()):
            self.budget.give_back(copy.octets)
            return "dropped: candidate is failing"
        return ""

    async def _run(self, copy: Copy) -> None:
        try:
            copy.primary = self._as_seen(copy, copy.decision.primary, copy.primary)
            candidate = await self._ask(copy, copy.candidate, b"candidate")
            if candidate is not None:
                await self._judge(copy, candidate)
        except Exception:
            self._plane.counters.comparator_faults += 1
            log.exception("comparator_fault", route=copy.route.label)
        finally:
            self.in_flight -= 1
            self.budget.give_back(copy.octets)

    async def _ask(self, copy: Copy, upstream: str, role: bytes) -> Response | None:
        """Ask one side; a failure is an inconclusive exchange, and counted by what failed."""
        pool: UpstreamPool = self._plane.shadow_pools[upstream]
        outcome = await fetch(
            pool,
            copy.head.method,
            copy.request_to(upstream, role),
            self._plane.settings.copied_body,
        )
        breaker = self._breaker(upstream)
        if isinstance(outcome, Failure):
            if outcome.cause is not Cause.NO_ROOM:
                breaker.failed(self._plane.now())
            became = f"failed: {outcome.cause}"
        else:
            breaker.succeeded()
            became = self._hold(copy, outcome)
        self._count(copy.route, became)
        if isinstance(outcome, Response) and became == ANSWERED:
            return self._as_seen(copy, upstream, outcome)
        self._conclude(copy, copy.primary, Judgement(Verdict.INCONCLUSIVE))
        return None

    def _as_seen(self, copy: Copy, upstream: str, answer: Response) -> Response:
        """Give an answer as the client would see it: a path of the service's own is no finding."""
        roles = [response_role(name) for name, _ in answer.headers]
        if not copy.route.json_urls and REFERENCE not in roles:
            return answer
        asked: UpstreamPool = self._plane.shadow_pools[upstream]
        origin = client_origin(copy.head, copy.peer)
        return as_client_sees(answer, map_back(asked.upstream, copy.route, copy.head, origin))

    def _hold(self, copy: Copy, answer: Response | None) -> str:
        """Account for an answer, and say what it makes of its copy."""
        if answer is None:
            return TOO_LARGE
        if not self.budget.take(len(answer.body)):
            return TOO_MANY_OCTETS
        copy.octets += len(answer.body)
        return ANSWERED

    async def _judge(self, copy: Copy, candidate: Response) -> None:
        rules = self._rules_of(copy.route)
        first = await self._comparer.compare(copy.primary, candidate, rules)
        judgement: Judgement | None = Judgement(first.verdict, first.fired, first.differences)
        if first.verdict is Verdict.MISMATCH and copy.route.shadow.confirm:
            judgement = await self._told_apart(copy, candidate, first, rules)
        if judgement is not None:
            self._conclude(copy, candidate, judgement)

    async def _told_apart(
        self, copy: Copy, candidate: Response, first: Comparison, rules: Rules
    ) -> Judgement | None:
        """Tell noise from what counts: by what is known of the route, else by asking again."""
        habits = self._habits.setdefault(copy.route.label, Habits())
        if habits.explain(first) and self._plane.draw() >= RECHECKED:
            return Judgement(Verdict.IGNORED, first.fired, noise=first.differences)
        return await self._confirm(copy, candidate, first, rules, habits)

    async def _confirm(
        self, copy: Copy, candidate: Response, first: Comparison, rules: Rules, habits: Habits
    ) -> Judgement | None:
        """Ask both sides once more: what either also shows against itself is noise."""
        await asyncio.sleep(self._plane.settings.confirm_after)
        primary_again = await self._ask(copy, copy.decision.primary, b"primary")
        if primary_again is None:
            return None
        candidate_again = await self._ask(copy, copy.candidate, b"candidate")
        if candidate_again is None:
            return None
        compare = self._comparer.compare
        with_itself = await compare(copy.primary, primary_again, rules)
        habits.learn(first, with_itself)
        confirmation = confirm(
            first,
            with_itself,
            await compare(candidate, candidate_again, rules),
            await compare(primary_again, candidate_again, rules),
        )
        verdict = confirmation.comparison.verdict
        return Judgement(verdict, first.fired, confirmation.confirmed, confirmation.noise)

    def _conclude(self, copy: Copy, candidate: Response, judgement: Judgement) -> None:
        self._plane.counters.verdicts[copy.route.label, judgement.verdict.value] += 1
        compared = Compared(
            copy.route,
            copy.revision,
            copy.head,
            copy.forwarded.request_id.decode("ascii"),
            copy.candidate,
            copy.primary,
            candidate,
        )
        rules = self._rules_of(copy.route)
        self._report(observe(compared, judgement, rules, self._redactor, datetime.now(UTC)))

    def _rules_of(self, route: Route) -> Rules:
        rules = self._rules.get(route.label)
        if rules is None:
            shadow = route.shadow
            rules = Rules.compile(shadow.ignore, shadow.unordered, shadow.plaintext)
            self._rules[route.label] = rules
        return rules

    def forget(self) -> None:
        """Drop compiled rules and what is known of routes: another table is live."""
        self._rules.clear()
        self._habits.clear()

    def close(self) -> None:
        """End the comparing process."""
        self._comparer.close()

    def _breaker(self, upstream: str) -> Breaker:
        return self._breakers.setdefault(upstream, Breaker())

    def _count(self, route: Route, outcome: str) -> None:
        self._plane.counters.copies[route.label, outcome] += 1
