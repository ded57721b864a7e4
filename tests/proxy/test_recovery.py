"""What follows a failed try: the whole table."""

from dataclasses import replace
from itertools import product

import pytest

from strangler.proxy.failure import Cause, Failure, Stage
from strangler.proxy.recovery import (
    MAX_TARGETS,
    Attempt,
    Recovery,
    may_repeat,
    recover,
    without_retry,
)
from strangler.routing.phase import Effect

SAME, OTHER, FALLBACK = Recovery.SAME_AGAIN, Recovery.OTHER_TARGET, Recovery.FALLBACK
ANSWER, ABORT = Recovery.ANSWER, Recovery.ABORT

POSSIBLE = [
    (Stage.CHOOSING, Cause.UNAVAILABLE),
    (Stage.CHOOSING, Cause.OVERLOADED),
    (Stage.CONNECTING, Cause.REFUSED),
    (Stage.CONNECTING, Cause.TIMEOUT),
    (Stage.SENDING, Cause.CLOSED),
    (Stage.SENDING, Cause.TIMEOUT),
    (Stage.WAITING, Cause.CLOSED),
    (Stage.WAITING, Cause.TIMEOUT),
    (Stage.READING, Cause.CLOSED),
    (Stage.READING, Cause.INVALID),
    (Stage.READING, Cause.TIMEOUT),
]
"""Every way in which a try fails."""


def after(
    stage: Stage,
    cause: Cause,
    *,
    committed: bool = False,
    reused: bool = False,
    replayable: bool = True,
    repeatable: bool = True,
    others: bool = False,
    fallback: bool = False,
    tried: int = 1,
) -> Recovery:
    """What follows; by default for a GET that failed at the only target there is."""
    attempt = Attempt(committed, reused, replayable, repeatable, others, fallback, tried)
    return recover(Failure("new", stage, cause), attempt)


@pytest.mark.parametrize(
    ("stage", "cause", "alone", "others", "fallback", "both"),
    [
        # What failed                         nothing else | targets | a fallback | both
        (Stage.CHOOSING, Cause.UNAVAILABLE, ANSWER, OTHER, FALLBACK, OTHER),
        (Stage.CHOOSING, Cause.OVERLOADED, ANSWER, OTHER, FALLBACK, OTHER),
        (Stage.CONNECTING, Cause.REFUSED, ANSWER, OTHER, FALLBACK, OTHER),
        (Stage.CONNECTING, Cause.TIMEOUT, ANSWER, OTHER, FALLBACK, OTHER),
        (Stage.SENDING, Cause.CLOSED, ANSWER, OTHER, FALLBACK, OTHER),
        (Stage.SENDING, Cause.TIMEOUT, ANSWER, ANSWER, FALLBACK, FALLBACK),
        (Stage.WAITING, Cause.CLOSED, ANSWER, OTHER, FALLBACK, OTHER),
        (Stage.WAITING, Cause.TIMEOUT, ANSWER, ANSWER, FALLBACK, FALLBACK),
        (Stage.READING, Cause.CLOSED, ANSWER, OTHER, FALLBACK, OTHER),
        (Stage.READING, Cause.INVALID, ANSWER, OTHER, FALLBACK, OTHER),
        (Stage.READING, Cause.TIMEOUT, ANSWER, ANSWER, FALLBACK, FALLBACK),
    ],
)
def test_a_read_goes_where_it_may_still_be_answered(
    stage: Stage,
    cause: Cause,
    alone: Recovery,
    others: Recovery,
    fallback: Recovery,
    both: Recovery,
) -> None:
    assert after(stage, cause) is alone
    assert after(stage, cause, others=True) is others
    assert after(stage, cause, fallback=True) is fallback
    assert after(stage, cause, others=True, fallback=True) is both


@pytest.mark.parametrize(("stage", "cause"), POSSIBLE)
def test_a_write_is_sent_elsewhere_only_if_nothing_of_it_was_sent(
    stage: Stage, cause: Cause
) -> None:
    """RFC 9110 section 9.2.2."""
    step = after(stage, cause, repeatable=False, reused=True, others=True, fallback=True)
    assert step is (OTHER if stage in {Stage.CHOOSING, Stage.CONNECTING} else ANSWER)


@pytest.mark.parametrize(("stage", "cause"), POSSIBLE)
def test_a_request_that_is_not_kept_whole_is_never_sent_again(stage: Stage, cause: Cause) -> None:
    step = after(stage, cause, replayable=False, reused=True, others=True, fallback=True)
    assert step is ANSWER


@pytest.mark.parametrize(("stage", "cause"), POSSIBLE)
def test_a_response_that_has_begun_is_broken_off_and_never_repaired(
    stage: Stage, cause: Cause
) -> None:
    flags = product([False, True], repeat=5)
    for reused, replayable, repeatable, others, fallback in flags:
        attempt = Attempt(True, reused, replayable, repeatable, others, fallback, 1)
        assert recover(Failure("new", stage, cause), attempt) is ABORT


def test_a_connection_that_closed_while_idle_is_replaced_before_anything_else() -> None:
    for stage in (Stage.SENDING, Stage.WAITING, Stage.READING):
        assert after(stage, Cause.CLOSED, reused=True, others=True, fallback=True) is SAME


def test_even_the_last_target_gets_a_fresh_connection_for_one_that_closed_while_idle() -> None:
    assert after(Stage.WAITING, Cause.CLOSED, reused=True, tried=MAX_TARGETS) is SAME


def test_the_last_target_is_left_to_the_fallback() -> None:
    last = MAX_TARGETS - 1
    stage, cause = Stage.CONNECTING, Cause.REFUSED
    assert after(stage, cause, others=True, fallback=True, tried=last) is FALLBACK
    assert after(stage, cause, others=True, tried=last) is OTHER


def test_a_request_is_not_sent_to_targets_without_end() -> None:
    assert after(Stage.CONNECTING, Cause.REFUSED, others=True, tried=MAX_TARGETS) is ANSWER


def test_where_no_budget_pays_for_a_retry_the_fallback_answers_or_an_error() -> None:
    attempt = Attempt(False, False, True, True, True, True, 1)
    assert without_retry(attempt) is FALLBACK
    assert without_retry(replace(attempt, fallback=False)) is ANSWER


@pytest.mark.parametrize(
    ("method", "effect", "harmless"),
    [
        ("GET", None, True),
        ("PUT", None, True),
        ("POST", None, False),
        ("PATCH", None, False),
        ("POST", Effect.READ, True),
        ("GET", Effect.WRITE, False),
        ("PUT", Effect.WRITE, False),
    ],
)
def test_a_route_knows_better_than_a_method_what_does_no_harm_twice(
    method: str, effect: Effect | None, harmless: bool
) -> None:
    assert may_repeat(method, effect) is harmless
