"""Performs comparisons: what is small at once, what may take long in a process of its own.

How long a comparison takes shows only when the content-encoding is undone (a kilobyte can hold
megabytes), so the first try in the loop has tight bounds and the other process gets what hits them.
It gets, too, what is to be read of many or long texts that never rest.
"""

import asyncio
import ctypes
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from typing import Final, TypeVar

from strangler.compare.bounds import DEFAULT_BOUNDS, Bounds, Inconclusive
from strangler.compare.coding import foretell
from strangler.compare.compare import compare
from strangler.compare.looks import Look
from strangler.compare.noise import Asked, Traced, trace
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.verdict import Comparison, Verdict
from strangler.proxy.lending import CAN_LEND, Loan, compare_lent

T = TypeVar("T")

PICKLED: Final = 256 * 1024
"""Octets of a pair up to which it is pickled, in a fifth of a millisecond; larger ones are lent."""

POLITENESS: Final = 10
"""How far the comparing process stands back (nice(2)) where a core is short: one that serves gets
ten times as much of it. Were it to run on idle cores only, a busy machine would compare nothing."""

VALUES_IN_LOOP = 5_000
"""JSON values that a comparison in the loop may look at: some milliseconds at the very most."""

OCTETS_A_VALUE: Final = 8
"""Of JSON, hardly ever less: a name, a quotation mark or two, a comma, a digit."""

TEXT_IN_LOOP: Final = 500
"""Characters of what differs that are read in the loop, at 2 to 9 µs each: two dates of both
sides, asked for five times. More would hold it for longer than a process takes to be asked."""

_PR_SET_PDEATHSIG = 1  # prctl(2)


class Comparer:
    """Compares pairs of at most `in_loop` octets in the loop, where that is enough.

    Bodies of `largest` octets are compared whatever the bounds of a comparison.
    """

    __slots__ = ("_executor", "_in_loop", "_quick", "_thorough")

    def __init__(self, in_loop: int, largest: int) -> None:
        """Start without the other process; it comes with the first pair that needs it."""
        self._in_loop = in_loop
        body = max(DEFAULT_BOUNDS.body, largest)
        self._thorough = replace(DEFAULT_BOUNDS, body=body, values=body // OCTETS_A_VALUE)
        self._quick = Bounds(body=in_loop, values=VALUES_IN_LOOP)
        self._executor: ProcessPoolExecutor | None = None

    def __repr__(self) -> str:
        """Show whether the other process runs."""
        return f"<Comparer process={self._executor is not None}>"

    def at_once(self, primary: Response, candidate: Response, rules: Rules) -> Comparison:
        """Compare what is small, or of equal octets; inconclusive for what takes longer."""
        return compare(primary, candidate, rules, self._quick)

    async def compare(self, primary: Response, candidate: Response, rules: Rules) -> Comparison:
        """Compare two answers; a broken process raises `BrokenProcessPool` once and is replaced."""
        octets = len(primary.body) + len(candidate.body)
        if octets <= self._in_loop:
            comparison = compare(primary, candidate, rules, self._quick)
            if comparison.verdict is not Verdict.INCONCLUSIVE:
                return comparison
        try:
            foretell(primary, "primary", self._thorough)
            foretell(candidate, "candidate", self._thorough)
        except Inconclusive as reason:
            return Comparison(Verdict.INCONCLUSIVE, reason=str(reason))
        if octets > PICKLED and CAN_LEND:
            return await self._lend(primary, candidate, rules)
        return await self._elsewhere(compare, primary, candidate, rules, self._thorough)

    async def trace(self, look: Look, asked: Asked) -> list[Traced]:
        """Tell what became of each likeness of two answers; raises as `compare` does."""
        if look.characters <= TEXT_IN_LOOP:
            return trace(look, asked)
        return await self._elsewhere(trace, look, asked)

    async def _lend(self, primary: Response, candidate: Response, rules: Rules) -> Comparison:
        loop = asyncio.get_running_loop()
        loan = await loop.run_in_executor(None, Loan, primary, candidate)
        try:
            return await self._elsewhere(compare_lent, loan.lent, rules, self._thorough)
        finally:
            loan.close()

    async def _elsewhere(self, work: Callable[..., T], *args: object) -> T:
        executor = self._process()
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, work, *args)
        except BrokenProcessPool:
            if self._executor is executor:  # and not the one that took its place already
                self._executor = None
            raise

    def _process(self) -> ProcessPoolExecutor:
        if self._executor is None:
            # Spawned, not forked: a fork would inherit every socket of this worker.
            self._executor = ProcessPoolExecutor(
                1, mp_context=get_context("spawn"), initializer=_stand_back
            )
        return self._executor

    def close(self) -> None:
        """End the other process."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None


def _stand_back() -> None:
    """Let those go first who serve; and let the kernel end this process with its worker."""
    os.nice(POLITENESS)
    prctl = getattr(ctypes.CDLL(None), "prctl", None)  # Linux alone has it
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
