"""What the store is written where every answer differs: rows, however many are compared."""

from collections.abc import Iterator
from contextlib import ExitStack
from time import sleep

from tests.bench.bounds import Bound, Outcome
from tests.bench.candidate import ANOTHER
from tests.bench.figures.stage import Stage
from tests.bench.figures.steady import Steady
from tests.bench.peers import ours
from tests.processes import Program

SECONDS = 10.0
WARM = 2.0
"""Until a finding has its first examples."""

ROWS = "strangler_evidence_rows_total"
PATH = "/api/v1/datasets"
COMPARED = "strangler_shadow_verdicts_total"


def measure(stage: Stage) -> Iterator[Outcome]:
    """Compare answers that differ, some 700 a second; rows that the store is written a second."""
    with ExitStack() as stack:
        origin = stack.enter_context(Program("tests.bench.origin"))
        candidate = stack.enter_context(Program("tests.bench.candidate", ANOTHER))
        text = ours.compared(origin.url, candidate.url, PATH)
        proxy = stack.enter_context(stage.strangler(text))
        stack.enter_context(Steady(proxy.program.port))
        sleep(WARM)
        rows, compared = (proxy.metric(name) for name in (ROWS, COMPARED))
        sleep(SECONDS)
        rows, compared = proxy.metric(ROWS) - rows, proxy.metric(COMPARED) - compared
        note = f"{compared / SECONDS:,.0f} comparisons a second"
        yield Outcome(Bound("rows written, all differ", 400, unit="/s"), rows / SECONDS, note=note)
