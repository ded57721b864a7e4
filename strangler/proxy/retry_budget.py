"""Decides whether a request may be sent a second time: retries must not become a storm.

When everything fails, retries multiply the load on what is failing. The budget allows a share of
the recent requests, and a few a second besides, so that a quiet site can retry too: the design of
Finagle's `RetryBudget`, which Linkerd kept.
"""

from math import exp

from strangler.routing.table import RetryPolicy

RECENT = 10.0
"""Seconds of requests that earn retries, fading: Finagle's and Linkerd's window. A machine that
dies takes all with it that it was working on, and those are retried at once."""

IN_HAND = 10.0
"""Retries in hand after a quiet time, beyond what requests have earned: the few that were under way
on a machine which dies while the site is quiet."""


class RetryBudget:
    """What one upstream's requests have earned and its retries not yet spent."""

    __slots__ = ("_at", "_earned", "_free", "_requests")

    def __init__(self, now: float) -> None:
        """Begin with nothing earned and all in hand."""
        self._at = now
        self._requests = 0
        self._earned = 0.0
        self._free = IN_HAND

    def __repr__(self) -> str:
        """Show what may be spent."""
        return f"<RetryBudget {self._earned + self._free:.1f}>"

    def settle(self, now: float, requests: int, policy: RetryPolicy) -> None:
        """Take note of how many requests there have been in all until `now`.

        Those since the last time are taken as evenly spread. What was earned fades, so that an
        hour of calm does not pay for a storm.
        """
        elapsed = now - self._at
        if elapsed <= 0:
            return
        kept = exp(-elapsed / RECENT)
        rate = (requests - self._requests) / elapsed
        self._earned = self._earned * kept + policy.budget * rate * RECENT * (1 - kept)
        self._free = min(IN_HAND, self._free + policy.floor * elapsed)
        self._at = now
        self._requests = requests

    def spend(self, now: float, requests: int, policy: RetryPolicy) -> bool:
        """Pay for one retry; False, and nothing paid, where too little is left."""
        self.settle(now, requests, policy)
        if self._earned + self._free < 1:
            return False
        earned = min(1.0, self._earned)
        self._earned -= earned
        self._free -= 1 - earned
        return True
