"""Decides which requests of a stretch of time are kept, each with the same chance, and how many.

This is algorithm L of K.-H. Li, "Reservoir-Sampling Algorithms of Time Complexity O(n(1 +
log(N/n)))", ACM TOMS 20 (1994): it says beforehand how many requests to pass over, so that one that
is not kept costs a countdown and no random number.
"""

from collections.abc import Callable
from math import exp, floor, log
from typing import Generic, TypeVar

T = TypeVar("T")

NEVER = -1
"""A countdown that has passed zero: it goes on for ever and takes nothing."""


class Reservoir(Generic[T]):
    """Up to `size` items of a stretch. `until` counts down, and 0 means: `take` this one."""

    __slots__ = ("_draw", "_kept", "_passed", "_share", "_size", "_step", "until")

    def __init__(self, size: int, draw: Callable[[], float]) -> None:
        """Keep `size` items of each stretch, 0 for none; `draw` gives numbers in [0, 1)."""
        self._size = size
        self._draw = draw
        self._begin()

    def __repr__(self) -> str:
        return f"<Reservoir {len(self._kept)} of {self._size}, next in {self.until}>"

    def _begin(self) -> None:
        self._kept: list[T] = []
        self._passed = 0
        self._share = 1.0
        self._step = self.until = 1 if self._size else NEVER

    def take(self, item: T) -> None:
        """Keep an item, in the place of another where there are enough, and count down anew."""
        self._passed += self._step
        if len(self._kept) < self._size:
            self._kept.append(item)
        else:
            self._kept[int(self._draw() * self._size)] = item
        if len(self._kept) < self._size:
            self._step = self.until = 1
            return
        # 1 - draw is never 0, of which there is no logarithm.
        self._share *= exp(log(1.0 - self._draw()) / self._size)
        self._step = self.until = floor(log(1.0 - self._draw()) / log(1.0 - self._share)) + 1

    def empty(self) -> tuple[list[T], float]:
        """End the stretch: give what was kept, and for how many requests each of them stands."""
        kept, passed = self._kept, self._passed + self._step - self.until
        if self._size:
            self._begin()
        return kept, passed / len(kept) if kept else 0.0
