"""Performs the forgetting of findings that a route keeps no longer, once in a while."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from strangler.control.live import LiveTable
from strangler.store.errors import StoreError
from strangler.store.store import Store

log = structlog.get_logger()

EVERY = 3600.0
"""Seconds between two looks: ages are told in days."""

HOURS_KEPT = timedelta(days=90)
"""How far back a report can show how it went: as long as findings are kept by default."""


async def forget_old_findings(store: Store, live: LiveTable) -> None:
    """Look for what is over, for ever. A store that is away is looked at next time."""
    while True:
        try:
            await purge_by_table(store, live, datetime.now(UTC))
        except StoreError as error:
            log.warning("findings_not_purged", reason=str(error))
        await asyncio.sleep(EVERY)


async def purge_by_table(store: Store, live: LiveTable, now: datetime) -> int:
    """Take out what the routes of the live table keep no longer; give how many findings."""
    await store.purge_hours(now - HOURS_KEPT)
    gone = 0
    for route in live.table.routes:
        keeps = route.shadow.retention
        before = now - timedelta(seconds=keeps.age)
        gone += await store.purge(route=route.label, before=before, most=keeps.findings)
    if gone:
        log.info("findings_purged", count=gone)
    return gone
