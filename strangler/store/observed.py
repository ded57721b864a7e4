"""What compared exchanges showed; exchanges that showed the same add up, with a few examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from strangler.store.bounds import ExampleKey, keep, storable

Likeness: TypeAlias = tuple[object, ...]
"""What exchanges that add up have in common."""


@dataclass(frozen=True, slots=True)
class Example:
    """One exchange that showed a finding, redacted by whoever made it.

    `omitted` differences were left out because the example would have grown too big.
    """

    at: datetime
    request_id: str
    method: str
    target: str
    primary_status: int
    candidate_status: int
    candidate_upstream: str
    differences: Sequence[Mapping[str, Any]]
    omitted: int = 0

    @property
    def key(self) -> ExampleKey:
        """Give what tells it from others, as it is stored."""
        return (self.at, storable(self.request_id))


@dataclass(frozen=True, slots=True)
class Sighting:
    """One class of differences seen in exchanges that were alike, with some of them as examples.

    `signature` (hex) names the class: its route, kind, change and paths. `noise`: an upstream
    shows the same differences against itself. `change` says what became what, if that matters.
    """

    signature: str
    kind: str
    paths: tuple[str, ...]
    noise: bool
    examples: tuple[Example, ...]
    change: str = ""

    def plus(self, other: "Sighting") -> "Sighting":
        """Add a sighting of the same: of all examples there were, each has the same chance."""
        kept = chosen((*self.examples, *other.examples))
        return self if kept == self.examples else replace(self, examples=kept)


def chosen(examples: Sequence[Example]) -> tuple[Example, ...]:
    """Choose those to keep, oldest first; one that is there twice counts once."""
    by_key = {example.key: example for example in examples}
    return tuple(by_key[key] for key in keep(by_key))


@dataclass(frozen=True, slots=True)
class Observation:
    """What `count` compared exchanges came to, which were alike and of the same hour.

    `fired` names the rules that made something equal. `method` and `status`, the class (`2xx`) of
    what the primary answered, tell what kind of exchange it was. The first of them was `at` this
    time, the last at `until` (None: at the same). `whole`: all that differed is known.
    """

    at: datetime
    domain: str
    route: str
    revision: int
    verdict: str
    fired: tuple[str, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    method: str = ""
    status: str = ""
    count: int = 1
    until: datetime | None = None
    whole: bool = True

    @property
    def hour(self) -> datetime:
        """Give the beginning of the hour it is counted in."""
        return self.at.replace(minute=0, second=0, microsecond=0)

    @property
    def last(self) -> datetime:
        """Give the time of the last of the exchanges."""
        return self.until or self.at

    @property
    def likeness(self) -> Likeness:
        """Give what it has in common with those that may be added to it."""
        shown = tuple([(each.signature, each.noise) for each in self.sightings])
        place = (self.hour, self.domain, self.route, self.revision)
        return (*place, self.verdict, self.fired, self.method, self.status, self.whole, shown)

    def plus(self, other: "Observation") -> "Observation":
        """Add exchanges that were alike."""
        return replace(
            self,
            at=min(self.at, other.at),
            until=max(self.last, other.last),
            count=self.count + other.count,
            sightings=tuple(
                [a.plus(b) for a, b in zip(self.sightings, other.sightings, strict=True)]
            ),
        )


class Gathering:
    """Observations that wait: what is alike as one, in the order in which the first of it came."""

    __slots__ = ("_bound", "_waiting")

    def __init__(self, bound: int) -> None:
        """Hold at most `bound` that are unlike."""
        self._bound = bound
        self._waiting: dict[Likeness, Observation] = {}

    def __repr__(self) -> str:
        """Show how much waits."""
        return f"<Gathering {self.exchanges} of {len(self._waiting)} kinds>"

    def __len__(self) -> int:
        """Say how many observations wait."""
        return len(self._waiting)

    @property
    def exchanges(self) -> int:
        """Say how many exchanges they stand for."""
        return sum([one.count for one in self._waiting.values()])

    def add(self, observation: Observation) -> bool:
        """Hold one more; False where it is unlike all that wait, and there is no room."""
        likeness = observation.likeness
        there = self._waiting.get(likeness)
        if there is not None:
            self._waiting[likeness] = there.plus(observation)
        elif len(self._waiting) < self._bound:
            self._waiting[likeness] = observation
        else:
            return False
        return True

    def take(self, most: int) -> tuple[Observation, ...]:
        """Give at most so many, those that have waited longest, and hold them no longer."""
        taken = list(self._waiting)[:most]
        return tuple([self._waiting.pop(likeness) for likeness in taken])

    def put_back(self, taken: Sequence[Observation]) -> None:
        """Hold what was taken again, before all others and whatever the bound."""
        later, self._waiting = self._waiting, {one.likeness: one for one in taken}
        for likeness, one in later.items():
            there = self._waiting.get(likeness)
            self._waiting[likeness] = one if there is None else there.plus(one)


@dataclass(frozen=True, slots=True)
class Batch:
    """Observations that are written together, in any order."""

    observations: tuple[Observation, ...]
