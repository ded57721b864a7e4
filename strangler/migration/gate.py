"""Decides when a gate opens: which steps have one, and what each asks of the evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from strangler.migration import criteria
from strangler.migration.criteria import Criterion, Judge, Outcome
from strangler.migration.evidence import Evidence
from strangler.routing.phase import Phase
from strangler.routing.table import GatePolicy

_COMPARED: tuple[Judge, ...] = (
    criteria.mismatches,
    criteria.inconclusive,
    criteria.compared_enough,
)
_ANSWERED: tuple[Judge, ...] = (
    criteria.errors,
    criteria.latency,
    criteria.answered_enough,
    criteria.no_proof_against,
)

GATES: Mapping[tuple[Phase, Phase], tuple[Judge, ...]] = MappingProxyType(
    {
        (Phase.SHADOW, Phase.CANARY): _COMPARED,
        (Phase.CANARY, Phase.CANARY): _ANSWERED,  # to more weight
        (Phase.CANARY, Phase.EXTRACTED): _ANSWERED,
        (Phase.EXTRACTED, Phase.RETIRED): (
            criteria.quiet,
            criteria.nobody_lags,
            criteria.explained,
        ),
    }
)
"""The steps that need evidence. From `monolith` to `shadow` there is none to have, nor any risk:
no client sees what the service answers."""


@dataclass(frozen=True, slots=True)
class Gate:
    """How the gate of one step stands: open if all criteria are, shut if one of them is."""

    domain: str
    before: Phase
    after: Phase
    since: int
    criteria: tuple[Criterion, ...]

    @property
    def outcome(self) -> Outcome:
        """Give the worst that a criterion says."""
        told = {criterion.outcome for criterion in self.criteria}
        for worst in (Outcome.SHUT, Outcome.UNKNOWN):
            if worst in told:
                return worst
        return Outcome.OPEN

    @property
    def is_open(self) -> bool:
        """Tell whether the step may be made."""
        return self.outcome is Outcome.OPEN

    def __str__(self) -> str:
        """Write it in one line."""
        return f"{self.domain}: {self.before} → {self.after}: {self.outcome}"

    def report(self) -> dict[str, Any]:
        """Give all of it as plain data, as the ledger keeps it."""
        return {
            "gate": f"{self.before} → {self.after}",
            "outcome": self.outcome.value,
            "since_revision": self.since,
            "criteria": [
                {
                    "name": criterion.name,
                    "outcome": criterion.outcome.value,
                    "said": criterion.said,
                    "numbers": dict(criterion.numbers),
                }
                for criterion in self.criteria
            ],
        }


def gate_of(
    domain: str,
    step: tuple[Phase, Phase],
    evidence: Evidence,
    policy: GatePolicy,
    now: datetime,
) -> Gate | None:
    """Judge the gate of one step; None where the step has no gate."""
    judges = GATES.get(step)
    if judges is None:
        return None
    told = tuple(judge(evidence, policy, now) for judge in judges)
    return Gate(domain, *step, evidence.since, told)
