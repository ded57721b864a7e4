"""Decides which writes of one worker wait at a fence, and when those before it have finished.

While a domain's writer moves, its new writes wait here, up to a bound. Whoever reaches the end of
the time without knowing the outcome is told to come back; nothing is ever guessed.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from strangler.routing.hold import Hold
from strangler.routing.table import Route

log = structlog.get_logger()

FULL = "too many requests wait"
LATE = "it takes longer than planned"
LEAVING = "this proxy goes down"


class Waiter(Protocol):
    """A write that waits."""

    def go_on(self) -> None:
        """Be decided anew."""

    def give_up(self, reason: str) -> None:
        """Answer 503 with Retry-After."""


class UnderWay(Protocol):
    """A request that was decided before the fence, as far as it matters here."""

    @property
    def route(self) -> Route | None:
        """The route in the table of its time."""

    @property
    def method(self) -> str:
        """Its method."""


class Fence:
    """The line of one worker. `held` counts what became of those that waited."""

    def __init__(self, held: Counter[str], closed: Callable[[int], None]) -> None:
        """Be open; `closed` hears a fence's number once no write from before it is under way."""
        self._held = held
        self._closed = closed
        self._hold: Hold | None = None
        self._told = False
        self._late = False
        self._deadline = 0.0
        self._waiting: dict[Waiter, None] = {}
        self._leaving = False

    def __repr__(self) -> str:
        """Show the fence and who waits."""
        number = None if self._hold is None else self._hold.number
        return f"<Fence {number} waiting={len(self._waiting)} told={self._told}>"

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def raised(self) -> bool:
        """Whether some writes wait."""
        return self._hold is not None

    def covers(self, route: Route | None, method: str) -> bool:
        """Decide whether a request waits."""
        return self._hold is not None and self._hold.covers(route, method)

    def turn(self, hold: Hold | None, now: float) -> None:
        """Be raised, or lifted where there is no hold; those that waited are decided anew."""
        if hold != self._hold:
            log.info("fence_raised" if hold else "fence_over", waiting=len(self._waiting))
        self._hold = hold
        self._told = self._late = False
        self._deadline = now + (hold.seconds if hold else 0.0)
        waiting, self._waiting = list(self._waiting), {}
        for waiter in waiting:
            self._held["went on"] += 1
            waiter.go_on()

    def join(self, waiter: Waiter) -> str:
        """Go to the end of the line, or give the reason why not."""
        reason = self._refusal()
        if reason:
            self._held[reason] += 1
        else:
            self._waiting[waiter] = None
        return reason

    def _refusal(self) -> str:
        if self._leaving:
            return LEAVING
        if self._hold is None or self._late:
            return LATE
        return FULL if len(self._waiting) >= self._hold.requests else ""

    def leave(self, waiter: Waiter) -> None:
        """Leave the line, if in it."""
        self._waiting.pop(waiter, None)

    def look(self, now: float, under_way: Iterable[UnderWay]) -> None:
        """Tell once when what is under way from before has finished; end waits that took long."""
        hold = self._hold
        if hold is None:
            return
        if not self._told and not any(hold.covers(one.route, one.method) for one in under_way):
            self._told = True
            self._closed(hold.number)
        if now >= self._deadline:
            self._late = True
            self._send_away(LATE)

    def dismiss(self) -> None:
        """Send everybody away, and whoever comes: this worker ends."""
        self._leaving = True
        self._send_away(LEAVING)

    def _send_away(self, reason: str) -> None:
        for waiter in list(self._waiting):
            self._held[reason] += 1
            waiter.give_up(reason)
