"""Performs active health checks: asks every target of an upstream that has a `health` entry."""

import asyncio
from typing import TYPE_CHECKING

import structlog

from strangler.compare.response import Response
from strangler.proxy.fetch import fetch
from strangler.proxy.pool import TargetPool, UpstreamPool
from strangler.routing.table import HealthCheck, RouteTable

if TYPE_CHECKING:
    from strangler.proxy.plane import DataPlane

log = structlog.get_logger()

UNHEALTHY_AFTER = 2
"""Failed checks in a row that make a target unhealthy: one may be an accident."""

ANSWER_BOUND = 64 * 1024
"""Octets of a health answer that are read."""


class HealthChecks:
    """One task for each checked upstream of the live table."""

    __slots__ = ("_plane", "_running")

    def __init__(self, plane: "DataPlane") -> None:
        """Check nothing yet."""
        self._plane = plane
        self._running: dict[str, tuple[HealthCheck, asyncio.Task[None]]] = {}

    def __repr__(self) -> str:
        """Show which upstreams are checked."""
        return f"<HealthChecks {sorted(self._running)}>"

    def follow(self, table: RouteTable) -> None:
        """Check what the table says from now on; unchanged checks go on undisturbed."""
        wanted = {
            name: upstream.health for name, upstream in table.upstreams.items() if upstream.health
        }
        for name in [
            name for name, (check, _) in self._running.items() if wanted.get(name) != check
        ]:
            self._running.pop(name)[1].cancel()
            for target in self._plane.pools[name].targets:
                target.healthy = True
        for name, check in wanted.items():
            if name not in self._running:
                task = self._plane.spawn(self._check(name, check))
                self._running[name] = (check, task)

    async def _check(self, name: str, check: HealthCheck) -> None:
        failures: dict[TargetPool, int] = {}
        while True:
            pool = self._plane.pools[name]
            await asyncio.gather(
                *(self._ask(pool, target, check, failures) for target in pool.targets)
            )
            await asyncio.sleep(check.interval)

    async def _ask(
        self,
        pool: UpstreamPool,
        target: TargetPool,
        check: HealthCheck,
        failures: dict[TargetPool, int],
    ) -> None:
        request = b"GET %b HTTP/1.1\r\nHost: %b\r\nUser-Agent: strangler-health\r\n\r\n" % (
            check.path.encode("ascii"),
            str(target.target).removeprefix("http://").encode("ascii"),
        )
        answer = await fetch(pool, "GET", request, ANSWER_BOUND, target)
        healthy = isinstance(answer, Response) and 200 <= answer.status < 300
        failures[target] = 0 if healthy else failures.get(target, 0) + 1
        believed = healthy or failures[target] < UNHEALTHY_AFTER
        if believed != target.healthy:
            target.healthy = believed
            log.warning(
                "target_health",
                upstream=pool.upstream.name,
                target=str(target.target),
                healthy=believed,
            )
