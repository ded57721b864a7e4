"""A candidate that behaves as it is told, well or badly: a process of its own, beside the load.

python -m tests.bench.candidate BEHAVIOUR
"""

import os
import signal
import sys
from functools import cache

from tests.bench.origin import BODY
from tests.end_to_end import upstreams
from tests.end_to_end.upstreams import Behaviour, Handler, Upstream


def answers_well(handler: Handler) -> None:
    """Answer as the monolith does."""
    handler.answer(BODY, "application/json")


def answers_otherwise(handler: Handler) -> None:
    """Answer with another value in every row."""
    handler.answer(BODY.replace(b"dataset", b"Dataset"), "application/json")


LARGE_PATH = "/large"
ROW = b'{"id": %d, "name": "a row of a large answer", "size": 1.5}'


@cache
def large_body(last: bytes = b"1.5") -> bytes:
    """Make 10 MB of JSON, with this value in the last row."""
    rows = b",".join([ROW % number for number in range(164_000)])
    return b"[%b%b}]" % (rows.removesuffix(b"1.5}"), last)


def answers_at_length(handler: Handler) -> None:
    """Answer 10 MB where that is asked for."""
    large = handler.path == LARGE_PATH
    handler.answer(large_body() if large else BODY, "application/json")


def answers_at_length_otherwise(handler: Handler) -> None:
    """Answer 10 MB with another value in the last row."""
    handler.answer(large_body(b"2.5"), "application/json")


ANOTHER, LARGE, LARGE_OTHERWISE = "another answer", "10 MB", "another 10 MB"
OTHERWISE: dict[str, Behaviour] = {
    ANOTHER: answers_otherwise,
    LARGE: answers_at_length,
    LARGE_OTHERWISE: answers_at_length_otherwise,
}
BEHAVIOURS: dict[str, Behaviour] = {
    "well-behaved": answers_well,
    "black hole": upstreams.hangs,
    "slow drip": upstreams.drips,
    "1 GB liar": upstreams.promises_a_gigabyte,
    "gzip bomb": upstreams.bombs,
    "crash loop": upstreams.resets,
}


def main(name: str) -> None:
    """Behave so until SIGTERM.

    One whose behaviour is measured runs on what its core has to spare: it shares it with the
    clients, and what it takes itself is no cost of a proxy's.
    """
    if name in BEHAVIOURS and sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with Upstream("candidate", {**BEHAVIOURS, **OTHERWISE}[name]) as candidate:
        sys.stdout.write(f"candidate listening on {candidate.url}\n")
        sys.stdout.flush()
        signal.sigwait([signal.SIGTERM])


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    main(sys.argv[1])
