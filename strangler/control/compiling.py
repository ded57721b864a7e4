"""Performs the compiling of tables beside the loop, and behind all who serve clients.

A table of a thousand routes takes a tenth of a second of a core, which is the workers' first.
"""

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from strangler.routing.check import Complaint
from strangler.routing.recent import table_of
from strangler.routing.table import RouteTable

NICENESS = 5
"""Of the thread that compiles: beside a worker that wants a whole core it gets a quarter of it."""


class Compiler:
    """What compiles while the loop goes on."""

    def __init__(self) -> None:
        """Have a thread beside, once there is something for it to do."""
        self._beside = ThreadPoolExecutor(1, "compile", initializer=_step_back)

    def __repr__(self) -> str:
        return f"<Compiler niceness={NICENESS}>"

    async def table_of(
        self, text: str | bytes, name: str, complaint: Complaint | None = None
    ) -> RouteTable:
        """Compile a text, unless that was done a moment ago. Raises `RoutesError`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._beside, table_of, text, name, complaint)


def _step_back() -> None:
    # With Linux a thread has a niceness of its own; elsewhere the whole process would step back.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
