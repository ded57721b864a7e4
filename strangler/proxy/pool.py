"""Performs the choice of a target and the keeping of connections, for one upstream.

Pools outlive route tables: a reload that leaves an upstream's targets alone touches none of its
connections.
"""

import asyncio
import random
from collections.abc import Callable, Iterable

from strangler.proxy.upstream import UpstreamConnection
from strangler.routing.table import Target, Upstream

REST_AFTER_FAILURE = 1.0
"""Seconds that a target is passed over after a failed connection: one second of a returning
server is lost at most, and a dead one costs one connect a second."""


class TargetPool:
    """One address: its idle connections (the newest first), and what is known of its health."""

    __slots__ = (
        "_clock",
        "_connections",
        "_idle",
        "healthy",
        "in_flight",
        "resting_until",
        "retired",
        "target",
    )

    def __init__(self, target: Target, clock: Callable[[], float]) -> None:
        """Start with no connection, believed healthy."""
        self.target = target
        self._clock = clock
        self._idle: list[UpstreamConnection] = []
        self._connections: set[UpstreamConnection] = set()
        self.in_flight = 0
        self.healthy = True
        self.retired = False
        self.resting_until = 0.0

    def __repr__(self) -> str:
        """Show load and health."""
        state = "healthy" if self.healthy else "unhealthy"
        return (
            f"<TargetPool {self.target} {state} in_flight={self.in_flight} idle={len(self._idle)}>"
        )

    def take(self) -> UpstreamConnection | None:
        """Give an idle connection, or None."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.transport.is_closing():
                return connection
        return None

    async def connect(self, timeout: float) -> UpstreamConnection:  # noqa: ASYNC109 - one bound
        """Open a connection. Raises `OSError` (and so `TimeoutError`) where that fails."""
        loop = asyncio.get_running_loop()
        connection = UpstreamConnection(self)
        try:
            async with asyncio.timeout(timeout):
                await loop.create_connection(lambda: connection, self.target.host, self.target.port)
        except BaseException:
            # It may stand already when the wait for it is given up.
            connection.discard()
            raise
        self._connections.add(connection)
        self.resting_until = 0.0
        return connection

    def rest(self) -> None:
        """Pass this target over for a moment: it just refused."""
        self.resting_until = self._clock() + REST_AFTER_FAILURE

    def put_back(self, connection: UpstreamConnection) -> None:
        """Keep a connection for the next request, unless the target has left the table."""
        if self.retired:
            connection.transport.close()
            return
        connection.idle_since = self._clock()
        self._idle.append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """Drop a connection that has closed."""
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def close_idle(self, before: float) -> None:
        """Close the connections that have been idle since `before` or longer."""
        keep = [connection for connection in self._idle if connection.idle_since > before]
        for connection in self._idle:
            if connection.idle_since <= before:
                connection.transport.close()
        self._idle = keep

    def retire(self) -> None:
        """Leave the table: exchanges under way finish, nothing is kept."""
        self.retired = True
        self.close_idle(self._clock())

    def abort(self) -> None:
        """Close every connection at once."""
        for connection in list(self._connections):
            connection.transport.abort()


class UpstreamPool:
    """The targets of one upstream."""

    __slots__ = ("_clock", "targets", "upstream")

    def __init__(self, upstream: Upstream, clock: Callable[[], float]) -> None:
        """Make a pool for each target."""
        self._clock = clock
        self.upstream = upstream
        self.targets = [TargetPool(target, clock) for target in upstream.targets]

    def __repr__(self) -> str:
        """Show the targets."""
        return f"<UpstreamPool {self.upstream.name} {self.targets}>"

    def update(self, upstream: Upstream) -> None:
        """Take a new description over; targets that stay keep their connections."""
        known = {pool.target: pool for pool in self.targets}
        self.targets = [
            known.pop(target) if target in known else TargetPool(target, self._clock)
            for target in upstream.targets
        ]
        self.upstream = upstream
        for pool in self.targets:
            pool.retired = False  # it may have left the table and come back
        for gone in known.values():
            gone.retire()

    def choose(self, tried: Iterable[TargetPool] = (), *, insist: bool = True) -> TargetPool | None:
        """Choose a target for one request: the less loaded of two random available ones.

        The power of two choices (Mitzenmacher 2001). With `insist`, a resting target is better
        than none; without, the caller has a better place to go.
        """
        healthy = [pool for pool in self.targets if pool.healthy and pool not in tried]
        if len(healthy) == 1 and not healthy[0].resting_until:
            return healthy[0]
        now = self._clock()
        awake = [pool for pool in healthy if pool.resting_until <= now]
        if not awake:
            return min(healthy, key=lambda pool: pool.resting_until) if healthy and insist else None
        # In random order, because on a tie the first is taken.
        pair = random.sample(awake, min(2, len(awake)))
        return min(pair, key=lambda pool: pool.in_flight)

    def retire(self) -> None:
        """Leave the table with all targets."""
        for pool in self.targets:
            pool.retire()

    def sweep(self) -> None:
        """Close connections that were idle for longer than `keepalive`."""
        before = self._clock() - self.upstream.timeouts.keepalive
        for pool in self.targets:
            pool.close_idle(before)

    def abort(self) -> None:
        """Close every connection at once."""
        for pool in self.targets:
            pool.abort()
