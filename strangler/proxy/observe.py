"""Decides what is reported of one compared exchange: redacted, clustered, ready for the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from strangler.compare.bounds import DEFAULT_BOUNDS
from strangler.compare.finding import cluster
from strangler.compare.redact import Redactor
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.verdict import Difference, Verdict
from strangler.http.message import RequestHead
from strangler.proxy.answered import told_apart
from strangler.routing.table import Route
from strangler.store.observed import Example, Observation, Sighting


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a comparison came to, noise told apart from what counts."""

    verdict: Verdict
    fired: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    noise: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """One exchange that was compared, with what the report needs to know of it.

    `label` and `method` are what it is counted under; `route` claims what was asked (`head`).
    """

    route: Route
    label: str
    method: str
    revision: int
    head: RequestHead
    request_id: str
    candidate_upstream: str
    primary: Response
    candidate: Response


def observe(
    compared: Compared, judgement: Judgement, rules: Rules, redactor: Redactor, at: datetime
) -> Observation:
    """Make the observation. No value of either answer is in it that a rule does not allow."""
    return Observation(
        at=at,
        domain=compared.route.domain,
        route=compared.label,
        revision=compared.revision,
        verdict=judgement.verdict.value,
        fired=judgement.fired,
        sightings=(
            *_sightings(compared, judgement.differences, rules, redactor, at, noise=False),
            *_sightings(compared, judgement.noise, rules, redactor, at, noise=True),
        ),
        method=told_apart(compared.method),
        status=f"{compared.primary.status // 100}xx",
        # A comparison that had enough did not look further.
        whole=len(judgement.differences) + len(judgement.noise) < DEFAULT_BOUNDS.differences,
    )


def _sightings(
    compared: Compared,
    differences: Sequence[Difference],
    rules: Rules,
    redactor: Redactor,
    at: datetime,
    *,
    noise: bool,
) -> list[Sighting]:
    if not differences:
        return []
    asked, redaction = compared.head.target, compared.route.shadow.redaction
    target = redactor.target(asked.path, asked.query, compared.route.pattern, redaction)
    request_id = redactor.request_id(compared.request_id)
    return [
        Sighting(
            signature=found.signature,
            kind=found.kind.value,
            paths=found.paths,
            noise=noise,
            examples=(
                Example(
                    at=at,
                    request_id=request_id,
                    method=compared.head.method,
                    target=target,
                    primary_status=compared.primary.status,
                    candidate_status=compared.candidate.status,
                    candidate_upstream=compared.candidate_upstream,
                    differences=redactor.differences(found.differences, rules, redaction),
                ),
            ),
            change=found.change,
        )
        for found in cluster(compared.label, differences)
    ]
