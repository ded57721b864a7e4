"""Decides whether shadow copies may be sent to a candidate that has been failing."""

from typing import Final

FAILURES: Final = 5
"""Failures in a row that open the breaker."""

REST: Final = 5.0
"""Seconds it stays open before one copy may try again."""


class Breaker:
    """Closed (copies pass), open (none do), or trying (one has passed since the rest ended)."""

    __slots__ = ("_failures", "_open_until")

    def __init__(self) -> None:
        """Start closed."""
        self._failures = 0
        self._open_until = 0.0

    def __repr__(self) -> str:
        """Show how many failures it has seen in a row."""
        return f"<Breaker failures={self._failures} open_until={self._open_until:.1f}>"

    def allows(self, now: float) -> bool:
        """Decide one copy; after a rest exactly one may try."""
        if self._failures < FAILURES:
            return True
        if now < self._open_until:
            return False
        self._open_until = now + REST
        return True

    def succeeded(self) -> None:
        """Close."""
        self._failures = 0

    def failed(self, now: float) -> None:
        """Count a failure; open at the fifth in a row."""
        self._failures += 1
        if self._failures >= FAILURES:
            self._open_until = now + REST
