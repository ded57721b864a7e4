"""Decides how a finding stands: what people said of it, what time undid, what its return means."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class FindingState(StrEnum):
    """How a finding stands."""

    OPEN = "open"  # somebody must look at it
    ACCEPTED = "accepted"  # somebody said that it may differ, perhaps until a date
    FIXED = "fixed"  # somebody said that it is gone; it is open again when it is seen again


MOVES: Mapping[FindingState, frozenset[FindingState]] = {
    FindingState.OPEN: frozenset({FindingState.ACCEPTED, FindingState.FIXED}),
    FindingState.ACCEPTED: frozenset(FindingState),  # accepted anew: until another date
    FindingState.FIXED: frozenset({FindingState.OPEN, FindingState.ACCEPTED}),
}
"""What may be said of a finding that stands so."""


class Said(Protocol):
    """One thing that was said of a finding."""

    @property
    def state(self) -> FindingState:
        """How it stands since."""

    @property
    def at(self) -> datetime:
        """When it was said."""

    @property
    def until(self) -> datetime | None:
        """When it ends to hold; None for never."""


def state_at(history: Sequence[Said], now: datetime) -> FindingState:
    """Give the state of a finding: what was said last, unless its time is up; open to begin with.

    `history` is oldest first.
    """
    if not history:
        return FindingState.OPEN
    last = history[-1]
    if last.until is not None and last.until <= now:
        return FindingState.OPEN
    return last.state


def return_of(history: Sequence[Said], seen: datetime) -> str:
    """Say why a finding that is seen at this time is open again; nothing if that is no news."""
    if not history:
        return ""
    last = history[-1]
    if last.state is FindingState.FIXED and last.at < seen:
        return "seen again after it was said to be fixed"
    if last.until is not None and last.until <= seen:
        return f"seen again after {last.until:%Y-%m-%d %H:%M} UTC, until when it was {last.state}"
    return ""
