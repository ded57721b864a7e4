"""A candidate that behaves as it is told, well or badly: a process of its own, beside the load.

python -m tests.bench.candidate BEHAVIOUR
"""

import signal
import sys

from tests.bench.origin import BODY
from tests.end_to_end import upstreams
from tests.end_to_end.upstreams import Behaviour, Handler, Upstream


def answers_well(handler: Handler) -> None:
    """Answer as the monolith does."""
    handler.answer(BODY, "application/json")


def answers_otherwise(handler: Handler) -> None:
    """Answer with another value in every row."""
    handler.answer(BODY.replace(b"dataset", b"Dataset"), "application/json")


ANOTHER = "another answer"
OTHERWISE: dict[str, Behaviour] = {ANOTHER: answers_otherwise}
BEHAVIOURS: dict[str, Behaviour] = {
    "well-behaved": answers_well,
    "black hole": upstreams.hangs,
    "slow drip": upstreams.drips,
    "1 GB liar": upstreams.promises_a_gigabyte,
    "gzip bomb": upstreams.bombs,
    "crash loop": upstreams.resets,
}


def main(name: str) -> None:
    """Behave so until SIGTERM."""
    with Upstream("candidate", {**BEHAVIOURS, **OTHERWISE}[name]) as candidate:
        sys.stdout.write(f"candidate listening on {candidate.url}\n")
        sys.stdout.flush()
        signal.sigwait([signal.SIGTERM])


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    main(sys.argv[1])
