"""Decides what follows a failed try: again, elsewhere, our own answer, or a broken connection."""

from dataclasses import dataclass
from enum import Enum

from strangler.proxy.failure import Cause, Failure, Stage

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
"""RFC 9110 section 9.2.2: what a proxy may repeat by itself."""

MAX_TRIES = 3
"""Tries of one request at all upstreams together: a first, another target, a fallback."""


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
    """

    committed: bool
    reused: bool
    replayable: bool
    repeatable: bool
    other_targets: bool
    fallback: bool
    tries: int


def recover(failure: Failure, attempt: Attempt) -> Recovery:
    """Decide the next step after `failure`.

    A response that has begun is never repaired: what is well-formed for the client must have been
    well-formed for us. A request that may have reached an upstream is repeated only where that
    does no harm.
    """
    if attempt.committed:
        return Recovery.ABORT
    unsent = failure.stage in {Stage.CHOOSING, Stage.CONNECTING}
    may_repeat = attempt.replayable and (unsent or attempt.repeatable)
    if not may_repeat or attempt.tries >= MAX_TRIES:
        return Recovery.ANSWER
    if attempt.fallback and attempt.tries == MAX_TRIES - 1:
        return Recovery.FALLBACK  # the last try is for the place that is most likely to answer
    if failure.cause is Cause.CLOSED and attempt.reused:
        return Recovery.SAME_AGAIN
    if attempt.other_targets and failure.cause is not Cause.TIMEOUT:
        return Recovery.OTHER_TARGET
    return Recovery.FALLBACK if attempt.fallback else Recovery.ANSWER
