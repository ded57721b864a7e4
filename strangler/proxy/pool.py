"""Performs the keeping of connections to one target, and knows how the target stands."""

import asyncio
from collections.abc import Collection
from enum import StrEnum
from functools import partial
from sys import maxsize
from typing import Final, Protocol

from strangler.proxy.addresses import Addresses
from strangler.proxy.descriptors import lacks_room
from strangler.proxy.ejection import Ejection
from strangler.proxy.race import race
from strangler.proxy.resolver import is_literal
from strangler.proxy.secure_transport import bound_buffers
from strangler.proxy.surroundings import Surroundings
from strangler.proxy.unsent import keep_little_unsent
from strangler.proxy.upstream import UpstreamConnection
from strangler.routing.table import Target, Upstream

PROBE_AFTER: Final = 0.75
"""Seconds after a failed connect until the next is tried beside all requests: with the tenth of a
second between two looks and the connect itself, a server that returns is used within one second,
and a dead one costs a connect and a fraction a second."""


class Standing(StrEnum):
    """How a target stands; the first that applies. Only an available one is asked, unless none is.

    `UNHEALTHY` is the word of the active check, `EJECTED` that of the exchanges, `UNREACHABLE`
    that of the last connect.
    """

    UNHEALTHY = "unhealthy"
    UNREACHABLE = "unreachable"
    EJECTED = "ejected"
    FULL = "full"
    AVAILABLE = "available"


class Group(Protocol):
    """The upstream that a target belongs to, which chooses by how its targets stand."""

    def target_fell(self, target: "TargetPool", standing: Standing, detail: str) -> None:
        """Take note that a target is to be passed over, and why."""

    def target_rose(self, target: "TargetPool") -> None:
        """Take note that a reason to pass a target over is gone."""

    def target_failing(self, target: "TargetPool", detail: str) -> None:
        """Take note that another exchange in a row has failed."""


class TargetPool:
    """One target: its idle connections (the newest last), its load, and how it stands.

    `bound` is how many requests may be `in_flight`; `failures` counts failed exchanges in a row.
    `warm_since` is when it came back, while it has less than its share for that.
    """

    __slots__ = (
        "_addresses",
        "_connections",
        "_group",
        "_idle",
        "_keeps",
        "_leaving",
        "_probe_at",
        "_probing",
        "_surroundings",
        "_swept_at",
        "bound",
        "ejection",
        "failures",
        "healthy",
        "in_flight",
        "reachable",
        "retired",
        "target",
        "warm_since",
    )

    def __init__(self, target: Target, group: Group, surroundings: Surroundings) -> None:
        """Start with no connection, believed to be well."""
        self.target = target
        self._group = group
        self._surroundings = surroundings
        self._idle: list[UpstreamConnection] = []
        self._connections: dict[UpstreamConnection, str] = {}  # and the address of each
        self._leaving: set[UpstreamConnection] = set()
        self._keeps = True
        self._swept_at = surroundings.clock()
        self._probe_at = 0.0
        self._probing = False
        self.retired = False
        self.in_flight = 0
        self.bound = maxsize
        self.failures = 0
        self.healthy = True
        self.reachable = True
        self.ejection = Ejection()
        self.warm_since: float | None = None
        self._addresses: Addresses | None = None
        if not is_literal(target.host):
            self._addresses = Addresses(
                target.host, target.port, surroundings, self._addresses_changed
            )

    def __repr__(self) -> str:
        """Show load and standing."""
        return (
            f"<TargetPool {self.target} {self.standing} in_flight={self.in_flight} "
            f"idle={len(self._idle)}>"
        )

    # How it stands.

    @property
    def well(self) -> bool:
        """Whether nothing speaks against asking it; it may be full all the same."""
        return self.healthy and self.reachable and not self.ejection.lasts

    @property
    def standing(self) -> Standing:
        """Give the word for how it stands."""
        if not self.healthy:
            return Standing.UNHEALTHY
        if not self.reachable:
            return Standing.UNREACHABLE
        if self.ejection.lasts:
            return Standing.EJECTED
        return Standing.FULL if self.in_flight >= self.bound else Standing.AVAILABLE

    @property
    def badness(self) -> tuple[bool, float, float]:
        """Order the targets that are not well: an ejected one may answer, an unreachable cannot."""
        return not self.reachable, self.ejection.until, self._probe_at

    def believe(self, healthy: bool, detail: str = "") -> None:
        """Take the word of the active check."""
        if healthy == self.healthy:
            return
        self.healthy = healthy
        if healthy:
            self._group.target_rose(self)
        else:
            self._group.target_fell(self, Standing.UNHEALTHY, detail)

    def rest(self, detail: str = "") -> None:
        """Pass this target over: it could not be connected to. Another connect is tried soon."""
        self._probe_at = self._surroundings.clock() + PROBE_AFTER
        if self.reachable:
            self.reachable = False
            self._group.target_fell(self, Standing.UNREACHABLE, detail)

    def failed(self, detail: str) -> None:
        """Count an exchange that failed on a connection; a good one sets `failures` to 0."""
        self.failures += 1
        self._group.target_failing(self, detail)

    # Its connections.

    def take(self) -> UpstreamConnection | None:
        """Give an idle connection, or None."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.transport.is_closing():
                return connection
        return None

    async def connect(self, timeout: float) -> UpstreamConnection:  # noqa: ASYNC109 - one bound
        """Open a connection. Raises `OSError` (and so `TimeoutError`) where that fails.

        Then the target rests, unless it was for want of room here, which says nothing of it.
        """
        try:
            async with asyncio.timeout(timeout):
                connection = await self._connect()
        except OSError as error:
            if not lacks_room(error):
                self.rest(str(error) or "it took too long")
            raise
        self._surroundings.descriptors.look()
        if not self.reachable:
            self.reachable = True
            self._group.target_rose(self)
        return connection

    async def _connect(self) -> UpstreamConnection:
        try:
            return await self._connect_once()
        except OSError as error:
            if not (lacks_room(error) and self._surroundings.descriptors.run_out()):
                raise
        return await self._connect_once()  # with what was kept back for this

    async def _connect_once(self) -> UpstreamConnection:
        if self._addresses is None:
            return await self._connect_to(self.target.host)
        return await self._connect_to_any(self._addresses)

    async def _connect_to_any(self, addresses: Addresses) -> UpstreamConnection:
        to_try = await addresses.to_try()
        attempts = [partial(self._connect_to, address) for address in to_try]
        index, connection = await race(attempts, UpstreamConnection.discard)
        addresses.answered(to_try[index], to_try[:index])
        return connection

    async def _connect_to(self, address: str) -> UpstreamConnection:
        connection = UpstreamConnection(self)
        loop = asyncio.get_running_loop()
        try:
            secure = await self._surroundings.secure(self.target)
            await loop.create_connection(lambda: connection, address, self.target.port, **secure)
            if secure:
                bound_buffers(connection.transport)
            keep_little_unsent(connection.transport)
        except BaseException:
            # It may stand already when the wait for it is given up.
            connection.discard()
            raise
        self._connections[connection] = address
        return connection

    def put_back(self, connection: UpstreamConnection) -> None:
        """Keep a connection for the next request, unless it or its target is to go."""
        if not self._keeps and (self.retired or connection in self._leaving):
            connection.transport.close()
            return
        connection.idle_since = self._swept_at
        self._idle.append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """Drop a connection that has closed."""
        self._connections.pop(connection, None)
        if connection in self._idle:
            self._idle.remove(connection)
        if self._leaving:
            self._leaving.discard(connection)
            self._decide_keeping()

    def retire(self, retired: bool = True) -> None:
        """Leave the table, or come back: exchanges under way finish, nothing is kept meanwhile."""
        self.retired = retired
        self._decide_keeping()
        if retired:
            self._close(list(self._idle))

    def close_idle(self, seconds: float) -> None:
        """Close the connections that have been idle for so long."""
        before = self._swept_at - seconds
        if self._idle and self._idle[0].idle_since <= before:
            self._close([one for one in self._idle if one.idle_since <= before])

    def abort(self) -> None:
        """Close every connection at once."""
        for connection in list(self._connections):
            connection.transport.abort()

    def _decide_keeping(self) -> None:
        self._keeps = not self.retired and not self._leaving

    def _addresses_changed(self, known: Collection[str]) -> None:
        """Let the connections to addresses go that the name no longer leads to."""
        connections = self._connections.items()
        self._leaving = {one for one, address in connections if address not in known}
        self._decide_keeping()
        self._close([one for one in self._idle if one in self._leaving])

    def _close(self, idle: list[UpstreamConnection]) -> None:
        for connection in idle:
            self._idle.remove(connection)
            connection.transport.close()

    # From time to time.

    def sweep(self, now: float, upstream: Upstream) -> None:
        """Close what was idle for too long, try to reach what was not, resolve its name anew."""
        self._swept_at = now
        self.close_idle(upstream.timeouts.keepalive)
        if self.retired:
            return
        if not self.reachable and not self._probing and now >= self._probe_at:
            self._probing = True
            self._surroundings.spawn(self._probe(upstream.timeouts.connect))
        if self._addresses is not None:
            self._addresses.keep_fresh(now, upstream.resolve)

    async def _probe(self, timeout: float) -> None:  # noqa: ASYNC109 - passed on
        """Try a connect that no client waits for, and leave it at that."""
        try:
            connection = await self.connect(timeout)
        except OSError:  # be it for want of room here
            self._probe_at = self._surroundings.clock() + PROBE_AFTER
        else:
            connection.discard()
        finally:
            self._probing = False
