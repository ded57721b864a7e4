"""Decides which finding a sighting belongs to: every path of a route belongs to exactly one.

Paths that were first seen together are one finding. A later sighting counts for every finding
that has one of its paths, and only the paths that nobody has yet make a new one. So a field that
is not in every answer does not scatter one cause over many findings, there are never more of them
than paths, and what somebody accepted never grows.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from strangler.compare.finding import signature, spot
from strangler.store.observed import Batch, Observation, Sighting

Owners: TypeAlias = Mapping[str, str]
"""The id of the finding that has a spot, by spot."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What exchanges that were alike showed of one finding."""

    observation: Observation
    sighting: Sighting


@dataclass(frozen=True, slots=True)
class Grouped:
    """A batch whose sightings are told apart by finding.

    `claims` are the spots that nobody had before, with their new findings. `told` gives, for each
    observation in the batch's order, its findings that are not noise, None where not all are known.
    """

    seen: dict[str, list[Seen]] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    told: list[frozenset[str] | None] = field(default_factory=list)


def spots_of(batch: Batch) -> set[str]:
    """Name all spots that a batch speaks of."""
    return {
        each
        for observation in batch.observations
        for sighting in observation.sightings
        for each in _spots(observation, sighting).values()
    }


def group(batch: Batch, owners: Owners) -> Grouped:
    """Group a batch; of observations that come together the oldest is the first to claim a path."""
    grouped = Grouped(told=[None] * len(batch.observations))
    numbered = enumerate(batch.observations)
    for number, observation in sorted(numbered, key=lambda pair: pair[1].at):
        told = set()
        for sighting in observation.sightings:
            for id_, part in _parts(observation, sighting, owners, grouped.claims):
                grouped.seen.setdefault(id_, []).append(Seen(observation, part))
                if not sighting.noise:
                    told.add(id_)
        if observation.whole:
            grouped.told[number] = frozenset(told)
    return grouped


def _parts(
    observation: Observation, sighting: Sighting, owners: Owners, claims: dict[str, str]
) -> Iterator[tuple[str, Sighting]]:
    """Part a sighting by the findings that have its paths; unclaimed paths make one together."""
    spots = _spots(observation, sighting)
    fresh = tuple(path for path, at in spots.items() if at not in owners and at not in claims)
    if fresh:
        named = sighting.signature
        if len(fresh) < len(spots):
            named = signature(observation.route, sighting.kind, sighting.change, fresh)
        claims |= {spots[path]: finding_id(named, noise=sighting.noise) for path in fresh}
    paths: dict[str, list[str]] = {}
    for path, at in spots.items():
        paths.setdefault(claims[at] if at in claims else owners[at], []).append(path)
    for id_, listed in paths.items():
        yield id_, (sighting if len(paths) == 1 else _narrowed(sighting, listed))


def finding_id(signature: str, *, noise: bool) -> str:
    """Name a finding: noise and what is real are told apart by a letter that no hex has."""
    return f"n{signature}" if noise else signature


def _narrowed(sighting: Sighting, paths: list[str]) -> Sighting:
    """Cut a sighting down to some of its paths, and its examples to what differs there."""
    examples = [
        replace(one, differences=[each for each in one.differences if each.get("path") in paths])
        for one in sighting.examples
    ]
    return replace(sighting, paths=tuple(paths), examples=tuple(examples))


def _spots(observation: Observation, sighting: Sighting) -> dict[str, str]:
    return {
        path: spot(observation.route, sighting.kind, sighting.change, path, noise=sighting.noise)
        for path in sighting.paths
    }


def without(grouped: Grouped, refused: Iterable[str]) -> Grouped:
    """Take findings out for which there is no room: who showed them is not wholly known then."""
    gone = frozenset(refused)
    return Grouped(
        seen={id_: seen for id_, seen in grouped.seen.items() if id_ not in gone},
        claims={at: id_ for at, id_ in grouped.claims.items() if id_ not in gone},
        told=[None if told is None or told & gone else told for told in grouped.told],
    )
