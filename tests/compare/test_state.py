"""How a finding stands: what was said last, until its time is up."""

from datetime import UTC, datetime, timedelta

import pytest

from strangler.compare.state import MOVES, FindingState, return_of, state_at
from strangler.store.records import StateChange

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPEN, ACCEPTED, FIXED = FindingState


def said(state: FindingState, until: datetime | None = None) -> StateChange:
    return StateChange(NOON, "ada", "because", state, until)


def test_a_finding_of_which_nothing_was_said_is_open() -> None:
    assert state_at([], NOON) is OPEN
    assert return_of([], NOON) == ""


@pytest.mark.parametrize("state", FindingState)
def test_what_was_said_last_holds(state: FindingState) -> None:
    assert state_at([said(ACCEPTED), said(state)], NOON + HOUR) is state


def test_what_was_accepted_until_a_date_is_open_from_then_on() -> None:
    history = [said(ACCEPTED, NOON + HOUR)]
    assert state_at(history, NOON + HOUR - timedelta(seconds=1)) is ACCEPTED
    assert state_at(history, NOON + HOUR) is OPEN
    assert "until when it was accepted" in return_of(history, NOON + HOUR)


def test_what_was_fixed_returns_when_it_is_seen_later_and_not_by_what_was_under_way() -> None:
    history = [said(FIXED)]
    assert return_of(history, NOON + HOUR) == "seen again after it was said to be fixed"
    assert return_of(history, NOON) == ""
    assert return_of([said(FIXED), said(OPEN)], NOON + HOUR) == ""
    assert return_of([said(ACCEPTED)], NOON + HOUR) == ""


def test_every_state_can_be_left_and_reached() -> None:
    assert set(MOVES) == set(FindingState)
    assert {to for reached in MOVES.values() for to in reached} == set(FindingState)
    assert all(moves - {here} for here, moves in MOVES.items())
