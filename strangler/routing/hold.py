"""Makes the table in which the writes of some domains wait: what a fence is to the data plane.

Only the plans of those writes differ, so that nothing else pays for it. Reads never wait.
"""

from dataclasses import dataclass, replace

from strangler.routing.decision import Plan
from strangler.routing.phase import Effect
from strangler.routing.table import Route, RouteTable, tries

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""The methods that change nothing where no route says otherwise (RFC 9110 section 9.2.1)."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Whose writes wait for fence `number`, and for how long.

    `everything`: also those of all other domains and of requests that no route claims. `seconds`
    are left until those that wait are told to come back; there is no end to the hold itself but
    another table. `requests` may wait in one worker, each with what fits into its buffers.
    """

    number: int
    domains: frozenset[str]
    everything: bool
    seconds: float
    requests: int

    def covers(self, route: Route | None, method: str) -> bool:
        """Decide whether a request of this route, or of none, is a write that waits."""
        if route is None:
            return self.everything and method not in SAFE
        if not self.everything and route.domain not in self.domains:
            return False
        return route.effect_of(method) is Effect.WRITE


def held(table: RouteTable, hold: Hold) -> RouteTable:
    """Give the table with the writes in question waiting; all else in it is as it was."""
    routes = tuple(
        replace(route, writes=_waiting(route.writes))
        if hold.everything or route.domain in hold.domains
        else route
        for route in table.routes
    )
    root, folded = tries(routes)
    fallthrough = _waiting(table.fallthrough) if hold.everything else table.fallthrough
    return replace(table, routes=routes, fallthrough=fallthrough, root=root, folded=folded)


def _waiting(plan: Plan) -> Plan:
    return replace(plan, held=True)
