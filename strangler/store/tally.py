"""Adds a batch of observations up before it is written, and cuts it to what may be stored."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from strangler.store.bounds import (
    FINDINGS_PER_ROUTE,
    FINDINGS_TOLD,
    SETS_TOLD,
    UNTOLD,
    fitting,
    storable,
)
from strangler.store.grouping import Grouped, Seen
from strangler.store.observed import Batch, Example, chosen
from strangler.store.records import Finding

Counts: TypeAlias = Counter[tuple[Any, ...]]
"""Counts by domain, route, revision or hour, and what tells apart what is counted."""


@dataclass(frozen=True, slots=True)
class Tally:
    """A batch added up: the counts of verdicts, also by the hour, of rules, and the findings."""

    verdicts: Counts
    hours: Counts
    rules: Counts
    findings: dict[str, Finding]


def tally(
    batch: Batch, grouped: Grouped, sets: Mapping[str, Collection[str]] | None = None
) -> Tally:
    """Add up one batch; the order of its observations does not matter.

    `sets` are the sets of findings by route that mismatches were counted for before.
    """
    verdicts: Counts = Counter()
    hours: Counts = Counter()
    rules: Counts = Counter()
    known = {route: set(told) for route, told in (sets or {}).items()}
    for observation, told in zip(batch.observations, grouped.told, strict=True):
        place = (observation.domain, observation.route, observation.revision)
        kind = (observation.verdict, observation.method, observation.status)
        named = _named(told, known.setdefault(observation.route, set()))
        verdicts[(*place, *kind, named)] += observation.count
        at = (observation.domain, observation.route, observation.hour)
        hours[(*at, observation.verdict)] += observation.count
        for rule in observation.fired:
            rules[(*place, storable(rule))] += observation.count
    found = {id_: _finding(id_, seen) for id_, seen in grouped.seen.items()}
    return Tally(verdicts, hours, rules, found)


def _named(told: frozenset[str] | None, known: set[str]) -> str:
    """Name the findings of one mismatch, or say that they are not told; `known` takes it up."""
    if told is None or len(told) > FINDINGS_TOLD:
        return UNTOLD
    named = " ".join(sorted(told))
    if named and named not in known:
        if len(known) >= SETS_TOLD:
            return UNTOLD
        known.add(named)
    return named


def _finding(id_: str, seen: Sequence[Seen]) -> Finding:
    observation, sighting = seen[0].observation, seen[0].sighting
    revisions = [each.observation.revision for each in seen]
    examples = chosen([example for each in seen for example in each.sighting.examples])
    return Finding(
        id=id_,
        signature=id_.removeprefix("n"),
        domain=observation.domain,
        route=observation.route,
        kind=sighting.kind,
        change=sighting.change,
        paths=tuple(fitting(sighting.paths)),
        noise=sighting.noise,
        first_seen=min(each.observation.at for each in seen),
        last_seen=max(each.observation.last for each in seen),
        revision_first=min(revisions),
        revision_last=max(revisions),
        count=sum(each.observation.count for each in seen),
        examples=tuple(map(_bounded, examples)),
    )


def _bounded(example: Example) -> Example:
    kept = fitting(example.differences)
    return replace(
        example,
        request_id=storable(example.request_id),
        method=storable(example.method),
        target=storable(example.target),
        differences=kept,
        omitted=example.omitted + len(example.differences) - len(kept),
    )


def refused(
    new: Mapping[str, tuple[str, bool]], filled: Mapping[tuple[str, bool], int]
) -> list[str]:
    """Choose the new findings for which there is no room on their routes.

    `new` gives the route of each, and whether it is noise; `filled` says how many there are.
    """
    room = {place: FINDINGS_PER_ROUTE - count for place, count in filled.items()}
    left_out = []
    for id_, place in new.items():
        left = room.get(place, FINDINGS_PER_ROUTE)
        if left <= 0:
            left_out.append(id_)
        else:
            room[place] = left - 1
    return left_out
