"""Decides what follows a failed try: again, elsewhere, our own answer, or a broken connection."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from strangler.proxy.failure import Cause, Failure
from strangler.routing.phase import Effect

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
"""RFC 9110 section 9.2.2: what a proxy may repeat by itself."""

MAX_TARGETS: Final = 3
"""Targets that one request is sent to, all upstreams together: a first, another, a fallback."""


class Recovery(Enum):
    """What to do next."""

    SAME_AGAIN = "the same target on a fresh connection"
    OTHER_TARGET = "another target of the same upstream"
    FALLBACK = "the fallback upstream"
    ANSWER = "an error response of ours"
    ABORT = "break the client's connection"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What recovery needs to know of the try that failed.

    `committed`: octets of a response have gone to the client. `reused`: the connection had served
    before, so it may have been closed while ours was on its way. `replayable`: the whole request
    so far can be sent again. `repeatable`: sending it twice does no harm. `other_targets`: the
    upstream has targets not tried yet. `fallback`: the decision names one that was not tried yet.
    `tried`: how many targets were.
    """

    committed: bool
    reused: bool
    replayable: bool
    repeatable: bool
    other_targets: bool
    fallback: bool
    tried: int


def may_repeat(method: str, effect: Effect | None) -> bool:
    """Decide whether a request does no harm twice: by its route's word, else by its method."""
    return method in IDEMPOTENT if effect is None else effect is Effect.READ


def recover(failure: Failure, attempt: Attempt) -> Recovery:
    """Decide the next step after `failure`.

    A response that has begun is never repaired: what is well-formed for the client must have been
    well-formed for us. A request that may have reached an upstream is repeated only where that
    does no harm.
    """
    if attempt.committed:
        return Recovery.ABORT
    if not attempt.replayable or not (failure.unsent or attempt.repeatable):
        return Recovery.ANSWER
    if failure.cause is Cause.CLOSED and attempt.reused:
        return Recovery.SAME_AGAIN  # once for each target: a fresh connection is not a reused one
    # An upstream that is slow to answer is slow everywhere; one that is slow to connect may be one
    # machine. The last target is left to the fallback, which is the likeliest to answer.
    slow = failure.cause is Cause.TIMEOUT and not failure.unsent
    if attempt.other_targets and not slow and attempt.tried + attempt.fallback < MAX_TARGETS:
        return Recovery.OTHER_TARGET
    return without_retry(attempt)


def without_retry(attempt: Attempt) -> Recovery:
    """Decide what takes the place of another target where the retry budget does not pay for it.

    The fallback is not under the budget: every request is asked of it once at most, so it gets no
    more than the clients ask, which is what it had to bear before there was a service.
    """
    return Recovery.FALLBACK if attempt.fallback else Recovery.ANSWER
