"""What the autopilot does with a domain, and why."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from scipy.stats import binom

from strangler.migration.autopilot import ALPHA, Action, Position, Recent, decide
from strangler.migration.confidence import Share
from strangler.migration.criteria import Criterion, Outcome
from strangler.migration.gate import Gate
from strangler.migration.latency import bucket_of
from strangler.routing.phase import Phase
from strangler.routing.table import AutopilotPolicy

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
POLICY = AutopilotPolicy(steps=(("1%", 100), ("5%", 500), ("25%", 2500)))
CALM = Recent(Share(0, 500), Share(0, 500))
FAILING = Recent(Share(8, 10))


def gate(outcome: Outcome = Outcome.OPEN) -> Gate:
    criterion = Criterion("errors", outcome, "errors of the service: 3 of 9")
    return Gate("lists", Phase.CANARY, Phase.CANARY, 3, (criterion,))


def at(phase: Phase, threshold: int = 100, minutes: float = 60, stood_down: str = "") -> Position:
    return Position(phase, threshold, NOON - timedelta(minutes=minutes), stood_down)


def test_with_an_open_gate_the_shadow_becomes_the_first_step() -> None:
    order = decide(POLICY, at(Phase.SHADOW, threshold=2500), gate(), CALM, NOON)
    assert (order.action, order.phase, order.weight) == (Action.PROMOTE, Phase.CANARY, "1%")


@pytest.mark.parametrize(("threshold", "weight"), [(100, "5%"), (200, "5%"), (500, "25%")])
def test_in_the_canary_the_next_higher_step_follows(threshold: int, weight: str) -> None:
    order = decide(POLICY, at(Phase.CANARY, threshold), gate(), CALM, NOON)
    assert (order.action, order.weight) == (Action.PROMOTE, weight)


def test_the_last_step_is_for_a_person_to_leave() -> None:
    order = decide(POLICY, at(Phase.CANARY, 2500), gate(), CALM, NOON)
    assert (order.action, order.why) == (
        Action.HOLD,
        "it is at the last step: moving the writer is for a person",
    )


@pytest.mark.parametrize("phase", [Phase.MONOLITH, Phase.EXTRACTED, Phase.RETIRED])
def test_it_moves_nothing_outside_shadow_and_canary(phase: Phase) -> None:
    assert decide(POLICY, at(phase), gate(), FAILING, NOON).action is Action.HOLD


def test_a_step_is_held_for_its_time() -> None:
    order = decide(POLICY, at(Phase.CANARY, minutes=9), gate(), CALM, NOON)
    assert (order.action, order.why) == (Action.HOLD, "it is held for 60 s more")
    assert decide(POLICY, at(Phase.CANARY, minutes=10), gate(), CALM, NOON).weight == "5%"


@pytest.mark.parametrize("outcome", [Outcome.SHUT, Outcome.UNKNOWN])
def test_a_gate_that_is_not_open_is_waited_for(outcome: Outcome) -> None:
    order = decide(POLICY, at(Phase.CANARY), gate(outcome), CALM, NOON)
    assert order.action is Action.HOLD
    assert order.why == f"the gate is not open: {outcome}: errors of the service: 3 of 9"


@pytest.mark.parametrize("recent", [FAILING, Recent(mismatches=Share(8, 10))])
def test_a_breach_takes_all_readers_back_at_once(recent: Recent) -> None:
    """Neither the hold nor an open gate, nor that it stood down, keeps it from that."""
    position = at(Phase.CANARY, 2500, minutes=0, stood_down="by somebody")
    order = decide(POLICY, position, gate(), recent, NOON)
    assert (order.action, order.phase, order.weight) == (Action.STEP_BACK, Phase.SHADOW, None)
    assert "8 of 10 (80.00%)" in order.why
    assert order.why.endswith("and 5% is the bound")


@pytest.mark.parametrize("failures", [Share(0, 0), Share(1, 1), Share(2, 40), Share(20, 400)])
def test_what_may_be_chance_is_no_breach(failures: Share) -> None:
    order = decide(POLICY, at(Phase.CANARY), gate(), Recent(failures), NOON)
    assert order.action is Action.PROMOTE


def test_five_failures_in_a_row_are_a_breach() -> None:
    order = decide(POLICY, at(Phase.CANARY), gate(), Recent(Share(5, 5)), NOON)
    assert order.action is Action.STEP_BACK


def test_after_a_step_back_it_waits_for_a_person() -> None:
    order = decide(POLICY, at(Phase.SHADOW, stood_down="it stepped back"), gate(), CALM, NOON)
    assert (order.action, order.why) == (Action.HOLD, "it stepped back")


FAST, SLOW = bucket_of(0.02), bucket_of(0.5)
"""The buckets of 20 ms, whose edge is 21.5 ms, and of half a second."""


def timed(service: dict[int, int], monolith: dict[int, int], before: dict[int, int]) -> Recent:
    return Recent(service=service, monolith=monolith, monolith_before=before)


def test_a_service_that_is_proven_to_be_much_slower_is_a_breach() -> None:
    recent = timed({FAST: 20, SLOW: 20}, {FAST: 500}, {FAST: 9000})
    order = decide(POLICY, at(Phase.CANARY), gate(), recent, NOON)
    assert (order.action, order.phase) == (Action.STEP_BACK, Phase.SHADOW)
    assert order.why.startswith(
        "the 0.95 quantile of the service's latency within 60 s is at least"
    )
    assert "of the monolith's at most 21.5 ms, which allows 143 ms" in order.why


def test_where_the_monolith_has_answered_too_little_of_late_all_of_the_window_counts() -> None:
    recent = timed({SLOW: 20}, {FAST: 3}, {FAST: 500})
    assert decide(POLICY, at(Phase.CANARY), gate(), recent, NOON).action is Action.STEP_BACK


@pytest.mark.parametrize(
    "recent",
    [
        timed({SLOW: 100}, {SLOW: 500}, {FAST: 9000}),  # what both stand on is slow
        timed({FAST: 95, SLOW: 3}, {FAST: 500}, {FAST: 500}),  # a few are always slow
        timed({SLOW: 100}, {}, {FAST: 5}),  # nobody knows how fast the monolith is
        timed({bucket_of(0.05): 100}, {FAST: 500}, {FAST: 500}),  # slower, and nobody minds
    ],
)
def test_what_is_slow_for_another_reason_or_not_proven_is_no_breach(recent: Recent) -> None:
    assert decide(POLICY, at(Phase.CANARY), gate(), recent, NOON).action is Action.PROMOTE


def test_a_service_as_slow_as_the_monolith_is_seldom_sent_back() -> None:
    """However often one looks: at 100 pairs of equal services, 30 times at each."""
    policy = replace(POLICY, slower=0.0, allow=0.0)  # nothing is forgiven
    draw = random.Random(7)
    sent_back = 0
    for _ in range(100):
        service: Counter[int] = Counter()
        monolith: Counter[int] = Counter()
        for _ in range(30):
            for side in (service, monolith):
                side.update(bucket_of(draw.lognormvariate(-3, 1)) for _ in range(40))
            recent = timed(service, monolith, monolith)
            if decide(policy, at(Phase.CANARY), gate(), recent, NOON).action is Action.STEP_BACK:
                sent_back += 1
                break
    assert sent_back <= binom.ppf(0.999, 100, ALPHA)
