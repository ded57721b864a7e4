"""Holds what was learned of noise until it is reported: one entry a place, however often seen."""

from collections.abc import Iterable
from datetime import UTC, datetime

from strangler.compare.noise_kind import Lesson
from strangler.routing.table import Route
from strangler.store.records import NoiseSeen

BOUND = 2000
"""Places that wait for a report, which comes every quarter of a second; others are met again."""


class Lessons:
    """What was learned since the last report."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], NoiseSeen] = {}

    def __repr__(self) -> str:
        """Show how much waits."""
        return f"<Lessons {len(self._seen)} places>"

    def add(self, route: Route, upstream: str, lessons: Iterable[Lesson], now: float) -> None:
        """Add lessons on a route's noise, as shown by `upstream` at a Unix time."""
        at = datetime.fromtimestamp(now, UTC)
        for each in lessons:
            path, way = each.likeness
            one = NoiseSeen(
                domain=route.domain,
                route=route.label,
                upstream=upstream,
                path=path,
                way=way,
                kind=each.kind.value,
                looks=1,
                moved=int(each.moved),
                primary=each.primary,
                candidate=each.candidate,
                first_seen=at,
                last_seen=at,
            )
            key = (route.label, upstream, path, way)
            there = self._seen.get(key)
            if there is not None:
                self._seen[key] = there.plus(one)
            elif len(self._seen) < BOUND:
                self._seen[key] = one

    def take(self) -> tuple[NoiseSeen, ...]:
        """Give what is held, and begin anew."""
        taken = tuple(self._seen.values())
        self._seen.clear()
        return taken
