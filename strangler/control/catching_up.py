"""Performs the watching of lags: until when both sides of a domain have all writes."""

import asyncio
import time

from strangler.control.lag import ask_lag
from strangler.control.live import LiveTable
from strangler.control.supervisor import Supervisor
from strangler.routing.phase import WriteCopying
from strangler.routing.table import Domain, LagProbe, RouteTable

LOOK = 0.5
"""Seconds between two questions: for so much longer clients read from the writer."""


async def watch_lags(live: LiveTable, supervisor: Supervisor) -> None:
    """Tell the workers what the probes say, for ever; domains that need no telling are not asked.

    A probe that fails or reports a lag tells nothing: clients read from the writer for longer.
    """
    while True:
        await asyncio.sleep(LOOK)
        table = live.table
        asked = [(domain.name, domain.lag) for domain in table.domains.values() if _strays(domain)]
        times = await asyncio.gather(*(_caught_up(lag, table) for _, lag in asked if lag))
        known = {name: at for (name, _), at in zip(asked, times, strict=True) if at is not None}
        if known:
            supervisor.caught_up(known)


def _strays(domain: Domain) -> bool:
    """Decide whether somebody waits for writes to arrive, and a probe could tell when they have.

    That are readers that could miss their own write, and writes that are read back.
    """
    return domain.lag is not None and any(
        route.reads.fresh is not None or route.writes.outside.writes is WriteCopying.READ_BACK
        for route in domain.routes
    )


async def _caught_up(lag: LagProbe, table: RouteTable) -> float | None:
    """Give the time at which we asked, if nothing was on its way then."""
    at = time.time()
    readings = await ask_lag(lag, table)
    return at if all(reading.settled for reading in readings) else None
