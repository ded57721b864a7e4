"""How much more two workers carry than one."""

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from tests.bench.bounds import Bound, Outcome
from tests.bench.cores import EVERY, pinned_to
from tests.bench.figures.stage import Stage, running
from tests.bench.peers import ours
from tests.bench.rounds import measure as in_turns
from tests.bench.works import WORKS
from tests.processes import Program

ROUNDS, SECONDS = 3, 2.0
WORK = next(work for work in WORKS if work.name == "get-256")
ENOUGH_CORES = 4
"""Two for the workers and two for load and upstream; with fewer, these take from the workers."""
BOUND = Bound("two workers against one", 1.7, at_least=True)


def measure(stage: Stage) -> Iterator[Outcome]:
    """Load one worker and two in turns, on all cores."""
    with pinned_to(EVERY), Program("tests.bench.origin") as origin, ExitStack() as stack:
        one, two = (
            stack.enter_context(
                stage.strangler(
                    ours.routes(origin.url, "monolith"), "--workers", str(count), cores=EVERY
                )
            )
            for count in (1, 2)
        )
        runs = in_turns(WORK, [running(one, "one"), running(two, "two")], ROUNDS, SECONDS)
    pairs = list(zip(runs["one"], runs["two"], strict=True))
    answered = [two.per_second / one.per_second for one, two in pairs]
    able = [2 * one.cpu / two.cpu for one, two in pairs]
    if len(EVERY) >= ENOUGH_CORES:
        yield _outcome(answered, "requests/s")
    else:
        told = f"requests/s themselves {median(answered):.2f}x, load and upstream on the same cores"
        yield _outcome(able, f"requests per CPU second, twice; {told}")


def _outcome(ratios: list[float], note: str) -> Outcome:
    return Outcome(BOUND, median(ratios), (min(ratios), max(ratios)), note=note)
