"""Performs the compiling of tables beside the loop, and behind all who serve clients.

A table of a thousand routes takes a tenth of a second of a core, which is the workers' first.
"""

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from strangler.routing.check import Complaint
from strangler.routing.compile import digest_of, load
from strangler.routing.table import RouteTable

NICENESS = 5
"""Of the thread that compiles: beside a worker that wants a whole core it gets a quarter of it."""

REMEMBERED = 2
"""Tables: the one that is live, and the one that takes its place."""


class Compiler:
    """Compiles, and remembers what it compiled last: a saved file soon comes back as a revision."""

    def __init__(self) -> None:
        """Have a thread beside, once there is something for it to do."""
        self._beside = ThreadPoolExecutor(1, "compile", initializer=_step_back)
        self._tables: dict[str, RouteTable] = {}  # by the digest of its text, the oldest first

    def __repr__(self) -> str:
        """Show how many tables are remembered."""
        return f"<Compiler remembering {len(self._tables)}>"

    def at_once(
        self, text: str | bytes, name: str, complaint: Complaint | None = None
    ) -> RouteTable:
        """Compile here and now: before we serve, nobody waits for anything else.

        Raises `RoutesError`. What is asked for a `complaint` is compiled in any case.
        """
        known = self._tables.get(digest_of(text)) if complaint is None else None
        return known or self._remember(load(text, name, complaint))

    async def beside(
        self, text: str | bytes, name: str, complaint: Complaint | None = None
    ) -> RouteTable:
        """Do the same while the loop goes on."""
        known = self._tables.get(digest_of(text)) if complaint is None else None
        if known is not None:
            return known
        loop = asyncio.get_running_loop()
        table = await loop.run_in_executor(self._beside, load, text, name, complaint)
        return self._remember(table)

    def _remember(self, table: RouteTable) -> RouteTable:
        self._tables.pop(table.digest, None)
        self._tables[table.digest] = table
        if len(self._tables) > REMEMBERED:
            del self._tables[next(iter(self._tables))]
        return table


def _step_back() -> None:
    # With Linux a thread has a niceness of its own; elsewhere the whole process would step back.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
