"""Adds a batch of observations up before it is written, and cuts it to what may be stored."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from strangler.store.bounds import FINDINGS_PER_ROUTE, ExampleKey, fitting, keep, storable
from strangler.store.records import Batch, Example, Finding, Observation, Sighting

Counts: TypeAlias = Counter[tuple[str | int, ...]]
"""Counts by domain, route, revision and what tells apart what is counted."""


@dataclass(frozen=True, slots=True)
class Tally:
    """A batch added up: the counts of verdicts and of rules, and the findings by id."""

    verdicts: Counts
    rules: Counts
    findings: dict[str, Finding]


def tally(batch: Batch) -> Tally:
    """Add up one batch; the order of its observations does not matter."""
    verdicts: Counts = Counter()
    rules: Counts = Counter()
    seen: defaultdict[str, list[tuple[Observation, Sighting]]] = defaultdict(list)
    for observation in batch.observations:
        place = (observation.domain, observation.route, observation.revision)
        kind = (observation.verdict, observation.method, observation.status)
        verdicts[(*place, *kind)] += observation.count
        for rule in observation.fired:
            rules[(*place, storable(rule))] += observation.count
        for sighting in observation.sightings:
            seen[finding_id(sighting)].append((observation, sighting))
    return Tally(verdicts, rules, {id_: _finding(id_, pairs) for id_, pairs in seen.items()})


def finding_id(sighting: Sighting) -> str:
    """Name a finding: noise and what is real are told apart by a letter that no hex has."""
    return f"n{sighting.signature}" if sighting.noise else sighting.signature


def _finding(id_: str, pairs: Sequence[tuple[Observation, Sighting]]) -> Finding:
    observation, sighting = pairs[0]
    times = [each.at for each, _ in pairs]
    revisions = [each.revision for each, _ in pairs]
    examples = {_key(each.example): each.example for _, each in pairs}
    return Finding(
        id=id_,
        signature=sighting.signature,
        domain=observation.domain,
        route=observation.route,
        kind=sighting.kind,
        paths=tuple(fitting(sighting.paths)),
        noise=sighting.noise,
        first_seen=min(times),
        last_seen=max(times),
        revision_first=min(revisions),
        revision_last=max(revisions),
        count=len(pairs),
        examples=tuple(_bounded(examples[key]) for key in keep(examples)),
    )


def _key(example: Example) -> ExampleKey:
    return (example.at, storable(example.request_id))


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


def admitted(
    seen: Sequence[Finding], known: Collection[str], filled: Mapping[tuple[str, bool], int]
) -> list[Finding]:
    """Choose the findings that are written: the known ones, and new ones while there is room.

    `filled` says how many findings there are by route and noise.
    """
    room = {place: FINDINGS_PER_ROUTE - count for place, count in filled.items()}
    chosen = []
    for finding in seen:
        place = (finding.route, finding.noise)
        if finding.id not in known:
            left = room.get(place, FINDINGS_PER_ROUTE)
            if left <= 0:
                continue
            room[place] = left - 1
        chosen.append(finding)
    return chosen
