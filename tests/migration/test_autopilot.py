"""What the autopilot does with a domain, and why."""

from datetime import UTC, datetime, timedelta

import pytest

from strangler.migration.autopilot import Action, Position, Recent, decide
from strangler.migration.confidence import Share
from strangler.migration.criteria import Criterion, Outcome
from strangler.migration.gate import Gate
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
