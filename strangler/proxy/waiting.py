"""Decides who gets the next free place at an upstream whose targets are all full.

First come, first served, within a bound on how many wait and how long. A queue that is allowed to
grow only moves the failure to where more has been spent on it: the newest are turned away at once.
"""

from collections import OrderedDict
from typing import Protocol

from strangler.proxy.pool import TargetPool
from strangler.routing.table import Limits


class Waiter(Protocol):
    """A request that waits for a place. One of the two calls comes, unless it leaves before."""

    def place_free(self, target: TargetPool) -> None:
        """Go on with this target. The place has to be taken before this returns."""

    def waited_too_long(self) -> None:
        """Give up."""


class WaitingLine:
    """The requests that wait for a place at one upstream."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        """Begin with nobody."""
        self._waiters: OrderedDict[Waiter, float] = OrderedDict()

    def __repr__(self) -> str:
        """Show how many wait."""
        return f"<WaitingLine {len(self)}>"

    def __len__(self) -> int:
        return len(self._waiters)

    def join(self, waiter: Waiter, now: float, limits: Limits) -> bool:
        """Go to the end of the line; False where it is full."""
        if len(self._waiters) >= limits.pending:
            return False
        self._waiters[waiter] = now + limits.wait
        return True

    def leave(self, waiter: Waiter) -> None:
        """Leave the line, if in it: the client has gone."""
        self._waiters.pop(waiter, None)

    def first(self) -> Waiter:
        """Take the one out that has waited the longest."""
        return self._waiters.popitem(last=False)[0]

    def give_up(self, now: float) -> list[Waiter]:
        """Take those out that have waited too long."""
        late = [waiter for waiter, until in self._waiters.items() if until <= now]
        for waiter in late:
            del self._waiters[waiter]
        return late
