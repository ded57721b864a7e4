"""Decides for how long a target is passed over that has been failing the requests sent to it.

Passive health, after Envoy's outlier detection: so many failed exchanges in a row, and the target
is left alone for a time that grows with each ejection and shrinks again with good conduct. When it
comes back it is on trial: one more failure, and it is out again.
"""

from strangler.proxy.failure import Cause, Failure, Stage
from strangler.routing.table import EjectionPolicy

FORGIVEN_AFTER = 10.0
"""Seconds of good conduct that take one doubling back: Envoy's outlier detection looks as often."""

EARLIER = 0.2
"""The share by which an ejection may be shorter, by chance: workers and replicas that saw the same
failures must not all come back in the same moment."""

GATEWAY_ERRORS = frozenset({502, 503, 504})
"""Answers that count as failures: what stands behind the target is gone, or it says itself that it
cannot serve. A 500 does not count: it is the answer of a program that is alive, and one broken page
must not take away the machines that serve all others. Envoy draws the same line between its
`consecutive_gateway_failure` and `consecutive_5xx`."""


class Ejection:
    """The ejections of one target: whether one lasts, and how much longer the next would be."""

    __slots__ = ("_doublings", "lasts", "until")

    def __init__(self) -> None:
        """Begin with a clean record."""
        self._doublings = 0
        self.lasts = False
        self.until = 0.0

    def __repr__(self) -> str:
        """Show until when, and what the next one is multiplied by."""
        state = f"until={self.until:.1f}" if self.lasts else "none"
        return f"<Ejection {state} next=x{2**self._doublings}>"

    def begin(self, now: float, policy: EjectionPolicy, draw: float) -> float:
        """Eject from `now` on; gives the seconds. `draw` is a number in [0, 1)."""
        forgiven = int((now - self.until) / FORGIVEN_AFTER)
        self._doublings = max(0, self._doublings - forgiven)
        seconds = policy.shortest * 2.0**self._doublings
        if seconds < policy.longest:
            self._doublings += 1
        seconds = min(seconds, policy.longest) * (1 - EARLIER * draw)
        self.lasts = True
        self.until = now + seconds
        return seconds

    def end(self) -> None:
        """Let the target back; the record stays."""
        self.lasts = False


def counts_against(failure: Failure, *, reused: bool) -> bool:
    """Decide whether a failed try is held against its target; `reused`: its connection was.

    A failed connect is not: it costs nobody anything, and ends the use of the target by itself.
    Nor is the close of a connection that had been idle, which only says how long the target keeps
    them, nor silence in the middle of an answer, as event streams fall silent.
    """
    if failure.unsent:
        return False
    reading = failure.stage is Stage.READING
    if failure.cause is Cause.TIMEOUT:
        return not reading
    return reading or not (reused and failure.cause is Cause.CLOSED)


def may_eject(policy: EjectionPolicy, targets: int, ejected: int) -> bool:
    """Decide whether one more of an upstream's targets may be ejected.

    A single target never is: there is nowhere else to go, and it should be asked as soon as it
    may answer again.
    """
    return targets > 1 and ejected + 1 <= policy.share * targets
