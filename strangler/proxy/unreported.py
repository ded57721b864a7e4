"""Holds what shadow copies have shown until it is reported, within a bound.

Most exchanges show nothing: of those that are alike only the number is kept, so that what is
reported and stored does not grow with the traffic.
"""

from collections import Counter
from dataclasses import replace
from typing import TypeAlias

from strangler.store.records import Observation

Alike: TypeAlias = tuple[str, str, int, str, tuple[str, ...], str, str]
"""What tells observations without sightings apart: all of them but the time."""


class Unreported:
    """Observations since the last report."""

    __slots__ = ("_bound", "_counts", "_newest", "_shown")

    def __init__(self, bound: int) -> None:
        """Hold at most `bound` observations with sightings, and as many kinds of the others."""
        self._bound = bound
        self._shown: list[Observation] = []
        self._counts: Counter[Alike] = Counter()
        self._newest: dict[Alike, Observation] = {}

    def __repr__(self) -> str:
        """Show how much waits."""
        return f"<Unreported {len(self._shown)} and {len(self._newest)} kinds>"

    def add(self, observation: Observation) -> bool:
        """Keep an observation; False where there is no room for it."""
        if observation.sightings:
            if len(self._shown) >= self._bound:
                return False
            self._shown.append(observation)
            return True
        alike = (
            observation.domain,
            observation.route,
            observation.revision,
            observation.verdict,
            observation.fired,
            observation.method,
            observation.status,
        )
        if len(self._newest) >= self._bound and alike not in self._newest:
            return False
        self._counts[alike] += 1
        self._newest[alike] = observation
        return True

    def take(self) -> tuple[Observation, ...]:
        """Give what is held, and begin anew."""
        counted = [
            replace(self._newest[alike], count=count) for alike, count in self._counts.items()
        ]
        taken = (*self._shown, *counted)
        self._shown.clear()
        self._counts.clear()
        self._newest.clear()
        return taken
