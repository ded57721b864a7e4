"""Decides what the autopilot does with a domain: go on, hold, or step back, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from math import isinf

from strangler.migration.confidence import Share, above, bounds
from strangler.migration.criteria import Outcome
from strangler.migration.gate import Gate
from strangler.migration.latency import QuantileBounds, in_words, quantile_bounds
from strangler.routing.phase import Phase
from strangler.routing.table import AutopilotPolicy

ALPHA = 0.01
"""The risk of stepping back for nothing, in each window: five failures in a row are proof enough
that more than 5 % fail, and one is not."""


NOTHING = Share(0, 0)
"""Nothing was seen."""


class Action(StrEnum):
    """What is done."""

    PROMOTE = "promote"
    HOLD = "hold"
    STEP_BACK = "step back"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a domain stands: `threshold` buckets of 10,000 read from the service in the canary.

    `since`: when it came there. `stood_down` says why the autopilot leaves it alone, if it does.
    """

    phase: Phase
    threshold: int
    since: datetime
    stood_down: str = ""


@dataclass(frozen=True, slots=True)
class Recent:
    """What was seen in the last moments: failures of the service, mismatches of comparisons.

    `service` and `monolith` are histograms (`strangler.migration.latency`) of both sides' answers.
    `monolith_before` is what the monolith answered in all of the window, for where it has answered
    too little of late to be compared with.
    """

    failures: Share = NOTHING
    mismatches: Share = NOTHING
    service: Mapping[int, int] = field(default_factory=dict)
    monolith: Mapping[int, int] = field(default_factory=dict)
    monolith_before: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """What to do, why, and where to unless it is to hold; the weight as `routes.yaml` has it."""

    action: Action
    why: str
    phase: Phase | None = None
    weight: str | None = None


def decide(
    policy: AutopilotPolicy, position: Position, gate: Gate | None, recent: Recent, now: datetime
) -> Order:
    """Decide the next step. It never moves the writer: that is for a person.

    A breach takes all readers back to the monolith at once, whatever the weight was.
    """
    if position.phase is Phase.CANARY:
        breach = _breach(policy, recent)
        if breach:
            return Order(Action.STEP_BACK, breach, Phase.SHADOW)
    if position.stood_down:
        return Order(Action.HOLD, position.stood_down)
    if position.phase not in {Phase.SHADOW, Phase.CANARY}:
        return Order(Action.HOLD, f"from {position.phase} on, it is for a person to move")
    here = position.threshold if position.phase is Phase.CANARY else 0
    weight = next((weight for weight, buckets in policy.steps if buckets > here), None)
    if weight is None:
        return Order(Action.HOLD, "it is at the last step: moving the writer is for a person")
    left = position.since + timedelta(seconds=policy.hold) - now
    if left > timedelta(0):
        return Order(Action.HOLD, f"it is held for {left.total_seconds():.0f} s more")
    if gate is None or not gate.is_open:
        return Order(Action.HOLD, _lacking(gate))
    return Order(Action.PROMOTE, f"the gate is open, to {weight}", Phase.CANARY, weight)


def _lacking(gate: Gate | None) -> str:
    if gate is None:
        return "there is no gate to pass"
    said = next(str(one) for one in gate.criteria if one.outcome is not Outcome.OPEN)
    return f"the gate is not open: {said}"


def _breach(policy: AutopilotPolicy, recent: Recent) -> str:
    """Say what is proven to be too bad; empty where nothing is."""
    return next(chain(_too_many(policy, recent), _too_slow(policy, recent)), "")


def _too_many(policy: AutopilotPolicy, recent: Recent) -> Iterator[str]:
    rates = (
        ("requests to the service failed", recent.failures, policy.errors),
        ("comparisons were mismatches", recent.mismatches, policy.mismatches),
    )
    for what, seen, bound in rates:
        if above(seen, bound, alpha=ALPHA, near=bound):
            least = bounds(seen, alpha=ALPHA, near=bound).lower
            yield (
                f"{seen} {what} within {policy.within:g} s: at least {least:.2%}, "
                f"and {bound * 100:.4g}% is the bound"
            )


def _too_slow(policy: AutopilotPolicy, recent: Recent) -> Iterator[str]:
    """Hold the service's slow answers against the monolith's; each side has half of the risk."""
    ours = _quantile(policy, recent.service)
    theirs = _quantile(policy, recent.monolith)
    if isinf(theirs.upper):
        theirs = _quantile(policy, recent.monolith_before)
    allowed = theirs.upper * (1 + policy.slower) + policy.allow
    if ours.lower > allowed:
        yield (
            f"the {policy.quantile:.4g} quantile of the service's latency within "
            f"{policy.within:g} s is at least {in_words(ours.lower)}, of the monolith's at most "
            f"{in_words(theirs.upper)}, which allows {in_words(allowed)}"
        )


def _quantile(policy: AutopilotPolicy, histogram: Mapping[int, int]) -> QuantileBounds:
    return quantile_bounds(histogram, policy.quantile, alpha=ALPHA / 2)
