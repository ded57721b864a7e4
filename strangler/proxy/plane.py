"""Holds one worker's data plane together: the live table, the pools, the connections, the counts.

The table is one immutable snapshot and replaced whole; an exchange reads it once, when it begins.
"""

import asyncio
import itertools
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any, Final, assert_never

import structlog

from strangler.http.forwarding import via_line
from strangler.http.head import HeadError
from strangler.http.message import RequestHead
from strangler.http.returning import date_line
from strangler.proxy.admission import Admission
from strangler.proxy.answered import Answered
from strangler.proxy.client import ClientConnection
from strangler.proxy.counters import Counters, Gauges
from strangler.proxy.departed import departed
from strangler.proxy.descriptors import Descriptors, connections_that_fit, descriptor_limit
from strangler.proxy.dry_run import DryRuns
from strangler.proxy.failure import Failure
from strangler.proxy.fence import Fence
from strangler.proxy.health import HealthChecks
from strangler.proxy.lessons import Lessons
from strangler.proxy.mirror import Mirror
from strangler.proxy.read_back import ReadBacks
from strangler.proxy.recent_writes import RecentWrites
from strangler.proxy.resolver import Resolve, system_resolve
from strangler.proxy.settings import Settings
from strangler.proxy.surroundings import Surroundings
from strangler.proxy.traffic import TrafficWatch
from strangler.proxy.tunnel import Tunnel
from strangler.proxy.unreported import Unreported
from strangler.proxy.upstream_pool import UpstreamPool
from strangler.proxy.upstream_tls import UpstreamTls
from strangler.routing.ambiguity import Outcome, ambiguity
from strangler.routing.hold import Hold
from strangler.routing.own_writes import OwnWrites
from strangler.routing.table import Route, RouteTable

log = structlog.get_logger()

SWEEP: Final = 0.1
"""Seconds between two looks at all deadlines: one timer for a worker, not one for an exchange."""

LONGEST_TICK: Final = 2 * SWEEP
"""Seconds by which deadlines come nearer in one sweep at most. While the loop stands still nobody
is served, so nobody's time runs out."""

FAREWELL: Final = 1.0
"""Seconds for which idle connections stay open while we drain. A request that is on its way when
its connection closes is lost, and the client may not ask twice; what comes in this time is answered
with `Connection: close`, so that only those are closed that have been silent for all of it."""

LOG_INTERVAL: Final = 1.0
"""Seconds between two log lines about one thing; what lies between is in the counters."""

TWO_READINGS: Final = (
    "ambiguous request: some servers read this path as another one, for its case, a semicolon or "
    "an encoded slash in it"
)
"""What a client is told; which route the other path belongs to is in the log."""


class DataPlane:
    """One worker's state. Everything in it belongs to the one loop that runs it."""

    def __init__(
        self,
        table: RouteTable,
        revision: int,
        settings: Settings,
        unreported: Unreported,
        resolve: Resolve = system_resolve,
        closed: Callable[[int], None] = lambda _: None,
        hold: Hold | None = None,
    ) -> None:
        """Start with a table; what shadow copies show is left with `unreported`.

        `closed` hears the number of a fence once no write from before it is under way.
        """
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._logged: dict[tuple[str, str], float] = {}
        self._id_prefix = secrets.token_hex(10).encode()
        self._serials = itertools.count(1)
        self.now = self._loop.time
        self.soon = self._loop.call_soon
        self.tick = self.now()
        self.date = date_line(time.time())
        self.via = via_line(settings.name, "1.1")
        self.via_older = via_line(settings.name, "1.0")
        self.draw = random.random
        self.settings = settings
        self.counters = Counters()
        self.answered = Answered()
        self.traffic = TrafficWatch(settings, self.counters, self.draw)
        self.sample = self.traffic.sample
        self.descriptors = Descriptors()
        self.admission = Admission(
            connections_that_fit(settings.connections, descriptor_limit()),
            settings.connections_per_peer,
        )
        self.in_flight = 0  # exchanges
        self.clients: set[ClientConnection] = set()
        self.tunnels: set[Tunnel] = set()
        self.pools: dict[str, UpstreamPool] = {}
        self.shadow_pools: dict[str, UpstreamPool] = {}
        self._tls = UpstreamTls(self.spawn)
        self._surroundings = Surroundings(
            self.now,
            self.spawn,
            self.soon,
            resolve,
            self.draw,
            self.counters,
            self._tls.arguments,
            self.descriptors,
        )
        self.draining = False
        self.caught_up: dict[str, float] = {}  # domain: before when all writes are on both sides
        self.writes = RecentWrites()
        self.lessons = Lessons()
        self.mirror = Mirror(self, unreported)
        self.read_backs = ReadBacks(self)
        self.dry_runs = DryRuns(self)
        self.health = HealthChecks(self)
        self.fence = Fence(self.counters.held, closed)
        self.apply(table, revision, hold)

    def __repr__(self) -> str:
        """Show the revision and the load."""
        return f"<DataPlane revision={self.revision} clients={len(self.clients)}>"

    def apply(self, table: RouteTable, revision: int, hold: Hold | None = None) -> None:
        """Make a table live. Exchanges under way finish on the one they began with.

        With a `hold`, it is a table in which some writes wait, until the next one.
        """
        self._tls.follow(table)
        for pools in (self.pools, self.shadow_pools):
            for name, upstream in table.upstreams.items():
                if name in pools:
                    pools[name].update(upstream)
                else:
                    pools[name] = UpstreamPool(upstream, self._surroundings)
            # Pools of upstreams that left stay for the exchanges that still name them.
            for name in pools.keys() - table.upstreams.keys():
                pools[name].retire()
        self.table = table
        self.revision = revision
        self.mirror.forget()
        self.health.follow(table)
        self.dry_runs.promises.follow(table)
        if hold is not None or self.fence.raised:
            self.fence.turn(hold, self.now())

    def fresh_request_id(self) -> bytes:
        """Give an id that no other worker gives: a random prefix, and a serial number.

        A random number for each would be a system call for each.
        """
        return b"%b%012x" % (self._id_prefix, next(self._serials))

    def may_miss_own_write(self, own: OwnWrites, head: RequestHead) -> bool:
        """Decide whether this client could read a state from before its own last write."""
        at = own.given(head, self.settings.token_key, time.time())
        may = at is not None and own.may_miss(at, self.caught_up.get(own.domain, 0.0))
        self.counters.own_reads[own.domain] += may
        return may

    def catch_up(self, times: Mapping[str, float]) -> None:
        """Hear, by domain, before when all writes are on both sides (Unix time)."""
        self.caught_up.update(times)
        self.read_backs.arrivals.caught_up(times)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something beside the exchanges, and hold on to it until it is done."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def client_opened(self, client: ClientConnection) -> None:
        """Count a client in."""
        self.clients.add(client)
        self.counters.connections += 1

    def client_closed(self, client: ClientConnection) -> None:
        """Count a client out."""
        self.clients.discard(client)

    def failed(self, failure: Failure) -> None:
        """Count a failed try, and log one of many."""
        name = failure.upstream
        self.counters.failures[name, failure.stage.value, failure.cause.value] += 1
        if self._may_log("upstream", name):
            log.warning(
                "upstream_failed",
                upstream=name,
                stage=failure.stage.value,
                cause=failure.cause.value,
                detail=failure.detail,
            )

    def settle(self, head: RequestHead, route: Route | None) -> Route | HeadError | None:
        """Give the route of a request whose path may mean another than the one found, or refuse."""
        found = ambiguity(self.table, head, route)
        if found is None:
            return route
        label, outcome = found.reading.route.label, found.outcome.value
        self.counters.ambiguous_paths[label, outcome] += 1
        if self._may_log("route", label):
            log.warning("ambiguous_path", route=label, read_as=found.reading.path, outcome=outcome)
        match found.outcome:
            case Outcome.REFUSED:
                return HeadError(400, TWO_READINGS)
            case Outcome.ROUTED:
                return found.reading.route
            case Outcome.FORWARDED:
                return route
            case _:
                assert_never(found.outcome)

    def _may_log(self, kind: str, name: str) -> bool:
        """Let one line about a thing through in a while."""
        due = self.now() - self._logged.get((kind, name), -LOG_INTERVAL) >= LOG_INTERVAL
        if due:
            self._logged[kind, name] = self.now()
        return due

    def gauges(self) -> Gauges:
        """Take stock."""
        live = {name: pool for name, pool in self.pools.items() if name in self.table.upstreams}
        return Gauges(
            open_connections=len(self.clients),
            exchanges_in_flight=sum(
                [pool.in_flight for upstream in self.pools.values() for pool in upstream.targets]
            ),
            tunnels=len(self.tunnels),
            copies_in_flight=self.mirror.in_flight,
            copy_octets_held=self.mirror.octets_held,
            healthy_targets={
                name: (sum([pool.healthy for pool in upstream.targets]), len(upstream.targets))
                for name, upstream in live.items()
            },
            targets={
                name: Counter([pool.standing.value for pool in upstream.targets])
                for name, upstream in live.items()
            },
            pending={name: len(upstream.line) for name, upstream in live.items()},
            held=len(self.fence),
        )

    async def sweep(self) -> None:
        """Look at all deadlines, for ever."""
        while True:
            await asyncio.sleep(SWEEP)
            self.tick = now = min(self.now(), self.tick + LONGEST_TICK)
            self.date = date_line(time.time())
            self._look_at_fence()
            self.descriptors.look()
            self.mirror.sweep(now)
            for client in [client for client in self.clients if client.deadline < now]:
                client.expired()
            for client in departed([client for client in self.clients if client.paused]):
                client.transport.abort()
            for tunnel in [tunnel for tunnel in self.tunnels if tunnel.deadline < now]:
                tunnel.expired()
            ends = [end for tunnel in self.tunnels for end in tunnel.ends if end.paused]
            for end in departed(ends):
                end.transport.abort()
            for pools in (self.pools, self.shadow_pools):
                for pool in pools.values():
                    pool.sweep()

    def _look_at_fence(self) -> None:
        if self.fence.raised:
            under_way = [client.exchange for client in self.clients]
            self.fence.look(
                self.now(),
                [one for one in under_way if one is not None and not one.waits_at_fence],
            )

    async def drain(self, arriving: Collection[asyncio.Task[None]] = ()) -> None:
        """Finish what is under way, within the `drain` bound; then close what is left.

        `arriving` are clients who have come and are not here yet.
        """
        self.draining = True
        self.fence.dismiss()
        deadline = self.now() + self.settings.drain
        patience = self.now() + min(FAREWELL, self.settings.drain / 2)
        while self.now() < deadline:
            if not (self.clients or self.tunnels or any(not one.done() for one in arriving)):
                return
            for tunnel in list(self.tunnels):
                tunnel.leave()
            if self.now() >= patience:
                for client in [client for client in self.clients if client.idle]:
                    client.leave()
            await asyncio.sleep(SWEEP / 2)
        for tunnel in list(self.tunnels):
            tunnel.abort()
        for client in list(self.clients):
            client.abort()

    async def close(self) -> None:
        """Stop all work of our own and close every connection."""
        self.mirror.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for pools in (self.pools, self.shadow_pools):
            for pool in pools.values():
                pool.abort()
