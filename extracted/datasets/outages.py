"""What both ties to the monolith do about an outage: wait a bounded time, then keep trying."""

import sqlite3
from collections.abc import Iterator

from extracted.datasets.monolith import MonolithError

PATIENCE = 2.0  # seconds that a request waits for the other side, at most

# Of the monolith, of the disk, of the database: each may pass, so each is tried again.
OUTAGES = (MonolithError, OSError, sqlite3.Error)


def pauses() -> Iterator[float]:
    """Give the seconds to wait before each further attempt: doubling, from 0.1 up to 2."""
    pause = 0.1
    while True:
        yield pause
        pause = min(pause * 2, 2.0)
