"""Performs active health checks: asks every target of an upstream that has a `health` entry."""

import asyncio
import random
from typing import TYPE_CHECKING

from strangler.compare.response import Response
from strangler.proxy.failure import Cause, Failure
from strangler.proxy.fetch import fetch
from strangler.proxy.pool import PROBE_AFTER, TargetPool
from strangler.routing.table import HealthCheck, RouteTable

if TYPE_CHECKING:
    from strangler.proxy.plane import DataPlane

ANSWER_BOUND = 64 * 1024
"""Octets of a health answer that are read."""

JITTER = 0.1
"""The share by which an interval is longer or shorter, by chance: the checks of many workers and
replicas must not all fall on one moment."""

WORDS = 100
"""Octets of what an ill target says of itself that are logged: the beginning of a sentence."""


class Belief:
    """Whether a target is believed to be healthy, by what its checks have come to so far."""

    __slots__ = ("_check", "_contrary", "healthy")

    def __init__(self, check: HealthCheck) -> None:
        """Believe until there is reason not to."""
        self._check = check
        self._contrary = 0
        self.healthy = True

    def __repr__(self) -> str:
        """Show the belief, and how many checks in a row speak against it."""
        return f"<Belief healthy={self.healthy} contrary={self._contrary}>"

    def learn(self, passed: bool) -> bool:
        """Take one more check into account; gives what is believed now."""
        self._contrary = self._contrary + 1 if passed != self.healthy else 0
        needed = self._check.unhealthy_after if self.healthy else self._check.healthy_after
        if self._contrary >= needed:
            self.healthy = passed
            self._contrary = 0
        return self.healthy


def complaint_of(answer: Response | Failure | None) -> str:
    """Say why a check has failed; empty where it has passed, which is a 2xx."""
    if answer is None:
        return f"its answer is longer than {ANSWER_BOUND} octets"
    if isinstance(answer, Failure):
        return answer.for_log()
    if 200 <= answer.status < 300:
        return ""
    return f"{answer.status} {answer.body[:WORDS].decode('utf-8', 'replace')}".strip()


class HealthChecks:
    """One task for each checked target of the live table."""

    __slots__ = ("_plane", "_running")

    def __init__(self, plane: "DataPlane") -> None:
        """Check nothing yet."""
        self._plane = plane
        self._running: dict[TargetPool, tuple[HealthCheck, asyncio.Task[None]]] = {}

    def __repr__(self) -> str:
        """Show which targets are checked."""
        return f"<HealthChecks {sorted(str(target.target) for target in self._running)}>"

    def follow(self, table: RouteTable) -> None:
        """Check what the table says from now on; unchanged checks go on undisturbed."""
        wanted = {
            target: (name, upstream.health)
            for name, upstream in table.upstreams.items()
            if upstream.health is not None
            for target in self._plane.pools[name].targets
        }
        for target, (check, task) in list(self._running.items()):
            if target not in wanted or wanted[target][1] != check:
                task.cancel()
                del self._running[target]
                target.believe(True)
        for target, (name, check) in wanted.items():
            if target not in self._running:
                task = self._plane.spawn(self._watch(name, target, check))
                self._running[target] = check, task

    async def _watch(self, upstream: str, target: TargetPool, check: HealthCheck) -> None:
        belief = Belief(check)
        while True:
            complaint = await self._ask(upstream, target, check)
            healthy = belief.healthy if complaint is None else belief.learn(not complaint)
            target.believe(healthy, complaint or "")
            pause = check.interval if healthy else min(check.interval, PROBE_AFTER)
            await asyncio.sleep(pause * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - no secret

    async def _ask(self, upstream: str, target: TargetPool, check: HealthCheck) -> str | None:
        """Ask once; gives what is wrong, if anything, or None where it could not be asked."""
        request = b"GET %b HTTP/1.1\r\nHost: %b\r\nUser-Agent: strangler-health\r\n\r\n" % (
            check.path.encode("ascii"),
            target.target.authority.encode("ascii"),
        )
        try:
            async with asyncio.timeout(check.timeout):
                pool = self._plane.pools[upstream]
                answer = await fetch(pool, "GET", request, ANSWER_BOUND, target)
        except TimeoutError:
            return f"no answer within {check.timeout:g} s"
        if isinstance(answer, Failure) and answer.cause is Cause.NO_ROOM:
            return None
        return complaint_of(answer)
