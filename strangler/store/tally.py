"""Adds a batch of observations up before it is written, and decides which examples are kept."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import orjson

from strangler.store.records import Batch, Example, Finding, Observation, Sighting

FIRST_EXAMPLES = 2
"""How a finding began is kept for good,"""

NEWEST_EXAMPLES = 3
"""and how it looks now, which says whether a fix helped."""

EXAMPLE_BYTES = 16 * 1024
"""The most that the differences of one example may take, as JSON."""

TEXT_BYTES = 2 * 1024
"""The most of a request's target or id that is kept: both come from clients."""

ExampleKey: TypeAlias = tuple[Any, str]
"""What tells the examples of one finding apart and puts them in order: time and request id."""


@dataclass(frozen=True, slots=True)
class Tally:
    """A batch added up. The keys of the counters are (domain, route, revision, name)."""

    verdicts: Counter[tuple[str, str, int, str]]
    rules: Counter[tuple[str, str, int, str]]
    findings: dict[str, Finding]


def tally(batch: Batch) -> Tally:
    """Add up one batch; the order of its observations does not matter."""
    verdicts: Counter[tuple[str, str, int, str]] = Counter()
    rules: Counter[tuple[str, str, int, str]] = Counter()
    seen: defaultdict[str, list[tuple[Observation, Sighting]]] = defaultdict(list)
    for observation in batch.observations:
        place = (observation.domain, observation.route, observation.revision)
        verdicts[(*place, observation.verdict)] += 1
        rules.update((*place, rule) for rule in observation.fired)
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
    examples = {key_of(each.example): each.example for _, each in pairs}
    return Finding(
        id=id_,
        signature=sighting.signature,
        domain=observation.domain,
        route=observation.route,
        kind=sighting.kind,
        paths=sighting.paths,
        noise=sighting.noise,
        first_seen=min(times),
        last_seen=max(times),
        revision_first=min(revisions),
        revision_last=max(revisions),
        count=len(pairs),
        examples=tuple(bounded(examples[key]) for key in keep(examples)),
    )


def key_of(example: Example) -> ExampleKey:
    """Give what an example is known by within its finding."""
    return (example.at, _cut(example.request_id))


def keep(keys: Iterable[ExampleKey]) -> list[ExampleKey]:
    """Choose the examples to keep, oldest first: whatever comes in parts ends the same."""
    ordered = sorted(keys)
    if len(ordered) <= FIRST_EXAMPLES + NEWEST_EXAMPLES:
        return ordered
    return ordered[:FIRST_EXAMPLES] + ordered[-NEWEST_EXAMPLES:]


def bounded(example: Example) -> Example:
    """Cut an example to what may be stored; what was left out is counted."""
    kept = _fitting(example.differences)
    return replace(
        example,
        request_id=_cut(example.request_id),
        method=_cut(example.method),
        target=_cut(example.target),
        differences=kept,
        omitted=example.omitted + len(example.differences) - len(kept),
    )


def _fitting(differences: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    kept = []
    room = EXAMPLE_BYTES
    for difference in differences:
        room -= len(orjson.dumps(difference))
        if room < 0:
            break
        kept.append(difference)
    return kept


def _cut(text: str) -> str:
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= TEXT_BYTES:
        return encoded.decode()
    return encoded[: TEXT_BYTES - 3].decode("utf-8", "ignore") + "…"
