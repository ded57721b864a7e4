"""Holds what shadow copies have shown until it is reported, within a bound.

Most exchanges show nothing: of those that are alike only the number is kept. Of those that show
the same, it is the number and a few examples. So what is reported and stored does not grow with the
traffic.
"""

from collections import Counter
from datetime import datetime
from typing import TypeAlias

from strangler.store.observed import Gathering, Observation

Alike: TypeAlias = tuple[str, str, int, str, tuple[str, ...], str, str]
"""What tells exchanges that showed nothing apart: domain, route, revision, verdict, the rules that
fired, method, class of status."""


class Unreported:
    """What was seen since the last report."""

    __slots__ = ("_bound", "_counts", "_shown")

    def __init__(self, bound: int) -> None:
        """Hold at most `bound` kinds of what has sightings, and as many of the others."""
        self._bound = bound
        self._shown = Gathering(bound)
        self._counts: Counter[Alike] = Counter()

    def __repr__(self) -> str:
        """Show how much waits."""
        return f"<Unreported {self._shown} and {len(self._counts)} kinds>"

    def add(self, observation: Observation) -> bool:
        """Keep an observation; False where there is no room for it."""
        if not observation.sightings:
            return self.count(
                (
                    observation.domain,
                    observation.route,
                    observation.revision,
                    observation.verdict,
                    observation.fired,
                    observation.method,
                    observation.status,
                )
            )
        return self._shown.add(observation)

    def count(self, alike: Alike) -> bool:
        """Count an exchange that showed nothing; False where there is no room for its kind."""
        if len(self._counts) >= self._bound and alike not in self._counts:
            return False
        self._counts[alike] += 1
        return True

    def take(self, at: datetime) -> tuple[Observation, ...]:
        """Give what is held, and begin anew; what was only counted is said to be of this moment."""
        counted = [
            Observation(at, *told[:5], method=told[5], status=told[6], count=count)
            for told, count in self._counts.items()
        ]
        self._counts.clear()
        return (*self._shown.take(self._bound), *counted)
