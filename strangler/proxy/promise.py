"""Performs the asking for promises: a service says of itself that a dry run changes nothing.

A promise holds for the connection that it was given on, and for a while. What stands at the other
end of another connection may be a process of another version, which would take a dry run for a
write.
"""

import asyncio
from typing import TYPE_CHECKING, Final

import orjson
import structlog

from strangler.compare.response import Response
from strangler.proxy.failure import Cause, Failure, Stage, cause_of
from strangler.proxy.fetch import Outcome, ask_on
from strangler.proxy.pool import TargetPool
from strangler.proxy.upstream import UpstreamConnection
from strangler.proxy.upstream_pool import UpstreamPool
from strangler.routing.phase import WriteCopying
from strangler.routing.table import Domain, PromiseProbe, RouteTable

if TYPE_CHECKING:
    from strangler.proxy.plane import DataPlane

log = structlog.get_logger()

HEADER: Final = "X-Strangler-Dry-Run"
"""The field, with the value 1, that a dry run carries. No client can send it through us."""

LARGEST: Final = 4096
"""Octets of an answer that are read: a promise needs sixty."""

TRIES: Final = 3
"""Connections that are tried for one dry run: one may have closed while idle, and another dry run
may take the next."""


class NoPromise:
    """Why a target gets no dry run; `why` is for our log."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        """Hold what is wrong."""
        self.why = why

    def __repr__(self) -> str:
        """Show what is wrong."""
        return f"<NoPromise {self.why}>"


def broken_promise(outcome: Outcome) -> str:
    """Say what is wrong with an answer of a service that is asked for its promise; else nothing.

    A promise is a 200 with a JSON object in which `dry_run` is true, `header` is the field that we
    send, and `effects`, the changes that came of dry runs so far, is 0.
    """
    if not isinstance(outcome, Response):
        return f"answered more than {LARGEST} octets" if outcome is None else outcome.for_log()
    if outcome.status != 200:
        return f"answered {outcome.status}"
    try:
        said = orjson.loads(outcome.body)
    except orjson.JSONDecodeError:
        return "answered what is no JSON"
    if not isinstance(said, dict) or said.get("dry_run") is not True:
        return 'did not answer "dry_run": true'
    header = said.get("header")
    if not isinstance(header, str) or header.lower() != HEADER.lower():
        return f'did not answer "header": "{HEADER}"'
    effects = said.get("effects")
    if isinstance(effects, bool) or effects != 0:
        return 'did not answer "effects": 0'
    return ""


class Promises:
    """What the services of one worker's table have promised."""

    __slots__ = ("_plane", "_said", "_watching")

    def __init__(self, plane: "DataPlane") -> None:
        """Know nothing yet."""
        self._plane = plane
        self._said: dict[TargetPool, str] = {}  # what was wrong last time, empty for a promise
        self._watching: dict[tuple[str, TargetPool], tuple[PromiseProbe, asyncio.Task[None]]] = {}

    def __repr__(self) -> str:
        """Show who has promised."""
        kept = sorted(str(target.target) for target, wrong in self._said.items() if not wrong)
        return f"<Promises of {kept}>"

    def follow(self, table: RouteTable) -> None:
        """Ask again and again where the table has dry runs: a lost promise shows at once."""
        wanted = {
            (domain.service, target): domain.dry_run
            for domain in table.domains.values()
            if domain.dry_run is not None and _has_dry_runs(domain)
            for target in self._plane.shadow_pools[domain.service].targets
        }
        for place, (probe, task) in list(self._watching.items()):
            if wanted.get(place) != probe:
                task.cancel()
                del self._watching[place]
                self._said.pop(place[1], None)
        for place, probe in wanted.items():
            if place not in self._watching:
                self._watching[place] = probe, self._plane.spawn(self._watch(*place, probe))

    def refused(self, target: TargetPool) -> bool:
        """Tell whether the last word of a target was none; it is asked again before long."""
        return bool(self._said.get(target))

    async def _watch(self, upstream: str, target: TargetPool, probe: PromiseProbe) -> None:
        while True:
            found = await self.connection(self._plane.shadow_pools[upstream], target, probe)
            if isinstance(found, UpstreamConnection):
                target.put_back(found)
            await asyncio.sleep(probe.every)

    async def connection(
        self, pool: UpstreamPool, target: TargetPool, probe: PromiseProbe
    ) -> UpstreamConnection | NoPromise | Failure:
        """Give a connection on which it was promised not long ago that dry runs change nothing."""
        for _ in range(TRIES):
            connection = target.take()
            if connection is None:
                try:
                    connection = await target.connect(pool.upstream.timeouts.connect)
                except OSError as error:
                    return Failure(
                        pool.upstream.name, Stage.CONNECTING, cause_of(error), str(error)
                    )
            asked_at = self._plane.now()
            if asked_at - connection.promised_at < probe.every:
                return connection
            reused = connection.served > 0
            outcome = await _ask(pool, connection, target, probe)
            if reused and isinstance(outcome, Failure) and outcome.cause is Cause.CLOSED:
                continue
            wrong = broken_promise(outcome)
            self._note(pool.upstream.name, target, wrong)
            if wrong:
                return NoPromise(wrong)
            connection.promised_at = asked_at  # and it lies uppermost, if it stands
        return NoPromise("closes its connections after each answer")

    def _note(self, upstream: str, target: TargetPool, wrong: str) -> None:
        self._plane.counters.promises[upstream, "refused" if wrong else "given"] += 1
        if self._said.get(target) == wrong:
            return
        self._said[target] = wrong
        if wrong:
            log.warning("dry_run_refused", upstream=upstream, target=str(target.target), why=wrong)
        else:
            log.info("dry_run_promised", upstream=upstream, target=str(target.target))


async def _ask(
    pool: UpstreamPool, connection: UpstreamConnection, target: TargetPool, probe: PromiseProbe
) -> Outcome:
    request = b"GET %b HTTP/1.1\r\nHost: %b\r\nUser-Agent: strangler-dry-run\r\n\r\n" % (
        probe.path.encode("ascii"),
        target.target.authority.encode("ascii"),
    )
    try:
        async with asyncio.timeout(probe.timeout):
            return await ask_on(pool, connection, "GET", request, LARGEST)
    except TimeoutError:
        return Failure(pool.upstream.name, Stage.WAITING, Cause.TIMEOUT)


def _has_dry_runs(domain: Domain) -> bool:
    return any(route.writes.outside.writes is WriteCopying.DRY_RUN for route in domain.routes)
