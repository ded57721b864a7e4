"""Performs comparisons: what is small at once, what may take long in a process of its own.

How long a comparison takes shows only when the content-encoding is undone (a kilobyte can hold
megabytes), so the first try in the loop has tight bounds and the other process gets what hits them.
"""

import asyncio
import ctypes
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from strangler.compare.bounds import Bounds
from strangler.compare.compare import compare
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.verdict import Comparison, Verdict

VALUES_IN_LOOP = 5_000
"""JSON values that a comparison in the loop may look at: some milliseconds at the very most."""

_PR_SET_PDEATHSIG = 1  # prctl(2)


class Comparer:
    """Compares pairs of at most `in_loop` octets in the loop, where that is enough."""

    __slots__ = ("_executor", "_in_loop", "_quick")

    def __init__(self, in_loop: int) -> None:
        """Start without the other process; it comes with the first pair that needs it."""
        self._in_loop = in_loop
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
        if len(primary.body) + len(candidate.body) <= self._in_loop:
            comparison = compare(primary, candidate, rules, self._quick)
            if comparison.verdict is not Verdict.INCONCLUSIVE:
                return comparison
        loop = asyncio.get_running_loop()
        executor = self._process()
        try:
            return await loop.run_in_executor(executor, compare, primary, candidate, rules)
        except BrokenProcessPool:
            if self._executor is executor:  # and not the one that took its place already
                self._executor = None
            raise

    def _process(self) -> ProcessPoolExecutor:
        if self._executor is None:
            # Spawned, not forked: a fork would inherit every socket of this worker.
            self._executor = ProcessPoolExecutor(
                1, mp_context=get_context("spawn"), initializer=_end_with_parent
            )
        return self._executor

    def close(self) -> None:
        """End the other process."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None


def _end_with_parent() -> None:
    """Let the kernel end this process with the worker that it compares for, however that ends."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)  # Linux alone has it
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
