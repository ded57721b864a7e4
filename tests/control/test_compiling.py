"""Tables are compiled beside the loop, once."""

import asyncio
import os
import sys
import threading

import pytest

from strangler.control.compiling import NICENESS, Compiler
from strangler.routing.mistakes import RoutesError
from tests.routing.building import SAMPLE


def told(n: int) -> str:
    return f"{SAMPLE}# {n}\n"


async def test_a_saved_file_that_comes_back_as_a_revision_is_not_compiled_again() -> None:
    compiler = Compiler()
    saved = await compiler.beside(told(1).encode(), "routes.yaml", lambda *_: None)
    assert await compiler.beside(told(1), "revision 7") is saved
    assert compiler.at_once(told(1), "revision 7") is saved


async def test_what_was_compiled_before_the_last_two_is_forgotten() -> None:
    compiler = Compiler()
    first, second = [compiler.at_once(told(n), "x") for n in (1, 2)]
    compiler.at_once(told(1), "x", lambda *_: None)
    compiler.at_once(told(3), "x")
    assert await compiler.beside(told(2), "x") is not second
    assert await compiler.beside(told(1), "x") is not first
    assert repr(compiler) == "<Compiler remembering 2>"


async def test_rules_are_held_against_what_may_be_said_of_them_in_any_case() -> None:
    compiler = Compiler()
    compiler.at_once(SAMPLE, "x")
    with pytest.raises(RoutesError, match="no such rule"):
        compiler.at_once(SAMPLE, "x", lambda *_: "no such rule")
    with pytest.raises(RoutesError, match="no such rule"):
        await compiler.beside(SAMPLE, "x", lambda *_: "no such rule")


async def test_the_loop_goes_on_while_a_table_is_compiled() -> None:
    """And who compiles comes after all others, where the system lets a thread step back."""
    compiling, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    niceness = []

    def wait(*_: object) -> None:
        niceness.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        loop.call_soon_threadsafe(compiling.set)
        assert go_on.wait(10)

    table = asyncio.create_task(Compiler().beside(SAMPLE, "x", wait))
    await asyncio.wait_for(compiling.wait(), 10)
    assert not table.done()
    go_on.set()
    assert (await table).routes
    assert niceness[0] == (NICENESS if sys.platform == "linux" else 0)
