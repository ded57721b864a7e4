"""Performs the forgetting of what nobody asks for any more, once in a while."""

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

REVISIONS_TOLD = timedelta(days=30)
"""How long counts are told by the revision they were made under, once another one is live: for
whoever asks what a change of a rule did. The gates need less (`strangler.store.settling`)."""

REST = 0.05
"""Seconds between two transactions that add counts up: those of the traffic go before."""


async def keep_small(store: Store, live: LiveTable) -> None:
    """Look for what is over, for ever. A store that is away is looked at next time."""
    while True:
        try:
            now = datetime.now(UTC)
            await purge_by_table(store, live, now)
            await settle_counts(store, now)
        except StoreError as error:
            log.warning("store_not_tidied", reason=str(error))
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


async def settle_counts(store: Store, now: datetime) -> int:
    """Add up the counts of old revisions, a part at a time; give how many rows that were."""
    told = 0
    for settlement in await store.unsettled(now - REVISIONS_TOLD):
        told += await store.settle(settlement)
        await asyncio.sleep(REST)
    if told:
        log.info("counts_settled", rows=told)
    return told
