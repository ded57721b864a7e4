"""Tables are compiled beside the loop."""

import asyncio
import os
import sys
import threading

from strangler.control.compiling import NICENESS, Compiler
from tests.routing.building import SAMPLE


async def test_the_loop_goes_on_while_a_table_is_compiled() -> None:
    """And who compiles comes after all others, where the system lets a thread step back."""
    compiling, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    niceness = []

    def wait(*_: object) -> None:
        niceness.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        loop.call_soon_threadsafe(compiling.set)
        assert go_on.wait(10)

    table = asyncio.create_task(Compiler().table_of(SAMPLE, "x", wait))
    await asyncio.wait_for(compiling.wait(), 10)
    assert not table.done()
    go_on.set()
    assert (await table).routes
    assert niceness[0] == (NICENESS if sys.platform == "linux" else 0)
