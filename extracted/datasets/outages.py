"""What both ties to the monolith do about an outage: wait a bounded time, then keep trying."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterator

from extracted.datasets.monolith import MonolithError

PATIENCE = 2.0  # seconds that a request waits for the other side, at most

# Of the monolith, of the disk, of the database: each may pass. A timeout is an OSError.
OUTAGES = (MonolithError, OSError, sqlite3.Error)

logger = logging.getLogger(__name__)


async def persist(attempt: Callable[[], Awaitable[None]], goal: str) -> None:
    """Try until it succeeds; say why it does not, once for each reason."""
    told = ""
    for pause in pauses():
        try:
            await attempt()
        except OUTAGES as outage:
            if str(outage) != told:
                told = str(outage)
                logger.warning("cannot %s, will keep trying: %s", goal, told)
            await asyncio.sleep(pause)
        else:
            return


def pauses() -> Iterator[float]:
    """Give the seconds to wait before each further attempt: doubling, from 0.1 up to 2."""
    pause = 0.1
    while True:
        yield pause
        pause = min(pause * 2, 2.0)
