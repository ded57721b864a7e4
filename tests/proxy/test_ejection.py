"""For how long a failing target is passed over; the clock is turned by hand."""

import pytest

from strangler.proxy.ejection import (
    EARLIER,
    FORGIVEN_AFTER,
    Ejection,
    counts_against,
    may_eject,
)
from strangler.proxy.failure import Cause, Failure, Stage
from strangler.routing.table import EjectionPolicy

POLICY = EjectionPolicy(shortest=1.0, longest=30.0)


def ejected(*moments: float, draw: float = 0.0) -> list[float]:
    """Eject one target at these moments; gives for how long each time."""
    ejection = Ejection()
    return [ejection.begin(now, POLICY, draw) for now in moments]


def test_each_ejection_is_twice_as_long_as_the_last_up_to_a_bound() -> None:
    ejection, now, seconds = Ejection(), 100.0, []
    for _ in range(8):
        seconds.append(ejection.begin(now, POLICY, 0.0))
        now = ejection.until
    assert seconds == [1, 2, 4, 8, 16, 30, 30, 30]


def test_good_conduct_takes_one_doubling_back_after_another() -> None:
    ejection, now = Ejection(), 100.0
    for _ in range(4):
        ejection.begin(now, POLICY, 0.0)
        now = ejection.until
    assert ejection.begin(now + FORGIVEN_AFTER, POLICY, 0.0) == 8
    assert ejection.begin(ejection.until + 2 * FORGIVEN_AFTER, POLICY, 0.0) == 4
    assert ejection.begin(ejection.until + 100 * FORGIVEN_AFTER, POLICY, 0.0) == 1


def test_chance_makes_it_shorter_and_never_longer_than_the_bound() -> None:
    assert ejected(100.0, draw=0.5) == [1 - EARLIER / 2]
    longest = EjectionPolicy(shortest=30.0, longest=30.0)
    assert Ejection().begin(100.0, longest, 0.0) == 30.0
    assert 24.0 < Ejection().begin(100.0, longest, 0.999) < 30.0


def test_it_lasts_until_it_is_ended() -> None:
    ejection = Ejection()
    assert not ejection.lasts
    ejection.begin(100.0, POLICY, 0.0)
    assert (ejection.lasts, ejection.until) == (True, 101.0)
    assert repr(ejection) == "<Ejection until=101.0 next=x2>"
    ejection.end()
    assert repr(ejection) == "<Ejection none next=x2>"


NOT_SENT = [
    (Stage.CHOOSING, Cause.UNAVAILABLE),
    (Stage.CHOOSING, Cause.OVERLOADED),
    (Stage.CONNECTING, Cause.REFUSED),
    (Stage.CONNECTING, Cause.TIMEOUT),
]


@pytest.mark.parametrize("reused", [False, True])
@pytest.mark.parametrize(
    ("stage", "cause", "fresh", "after_idling"),
    [
        *((stage, cause, False, False) for stage, cause in NOT_SENT),
        (Stage.SENDING, Cause.CLOSED, True, False),
        (Stage.SENDING, Cause.TIMEOUT, True, True),
        (Stage.WAITING, Cause.CLOSED, True, False),
        (Stage.WAITING, Cause.TIMEOUT, True, True),
        (Stage.READING, Cause.CLOSED, True, True),
        (Stage.READING, Cause.INVALID, True, True),
        (Stage.READING, Cause.TIMEOUT, False, False),
    ],
)
def test_what_a_target_did_to_a_request_counts_against_it(
    stage: Stage, cause: Cause, fresh: bool, after_idling: bool, reused: bool
) -> None:
    expected = after_idling if reused else fresh
    assert counts_against(Failure("new", stage, cause), reused=reused) is expected


@pytest.mark.parametrize(
    ("share", "targets", "ejected", "allowed"),
    [
        (0.5, 2, 0, True),
        (0.5, 2, 1, False),
        (0.5, 3, 0, True),
        (0.5, 3, 1, False),
        (0.1, 3, 0, False),
        (1.0, 3, 2, True),
        (1.0, 1, 0, False),
    ],
)
def test_a_share_of_several_targets_may_be_ejected_and_a_single_one_never(
    share: float, targets: int, ejected: int, allowed: bool
) -> None:
    assert may_eject(EjectionPolicy(share=share), targets, ejected) is allowed
