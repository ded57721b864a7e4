"""What pairs of 10 MB that are compared cost the small requests beside them."""

import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from threading import Event, Thread

from tests.bench.bounds import Bound, Outcome
from tests.bench.candidate import LARGE, LARGE_OTHERWISE, LARGE_PATH
from tests.bench.figures.stage import Stage
from tests.bench.figures.steady import Steady
from tests.bench.peers import ours
from tests.processes import Program

SECONDS = 8.0  # of some 700 small requests a second
WARM = 3.0
"""Until the comparing process is there."""

EVERY = 1.0
"""Seconds between two of 10 MB: each takes about as long to compare."""

ROUNDS = 3
COMPARED = "strangler_shadow_verdicts_total"


def measure(stage: Stage) -> Iterator[Outcome]:
    """Copy 10 MB each second beside small requests: p99 of these, where they differ and not."""
    with ExitStack() as stack:
        origin = stack.enter_context(Program("tests.bench.candidate", LARGE))
        candidate = stack.enter_context(Program("tests.bench.candidate", LARGE_OTHERWISE))
        alike = stack.enter_context(Program("tests.bench.candidate", LARGE))
        plain, compared, pairs = [], [], 0.0
        for _ in range(ROUNDS):  # in turns, for the machine's other work comes and goes
            plain.append(_p99(stage, origin, alike)[0])
            p99, number = _p99(stage, origin, candidate)
            compared.append(p99)
            pairs += number
        without, beside = median(plain) * 1e3, median(compared) * 1e3
        note = f"p99 {beside:.2f} ms, {without:.2f} ms beside equal ones; {pairs:.0f} pairs"
        bound = Bound("10 MB pairs: p99 beside them, more than beside equal ones", 5, unit="ms")
        yield Outcome(bound, beside - without, note=note)


def _p99(stage: Stage, origin: Program, candidate: Program) -> tuple[float, float]:
    """Give the p99 of small requests in seconds, and how many large pairs were compared."""
    routes = ours.compared(origin.url, candidate.url, LARGE_PATH)
    with ExitStack() as stack:
        proxy = stack.enter_context(stage.strangler(routes))
        stack.enter_context(_downloads(f"http://127.0.0.1:{proxy.program.port}{LARGE_PATH}"))
        clients = stack.enter_context(Steady(proxy.program.port))
        time.sleep(WARM)
        clients.forget()
        before = proxy.metric(COMPARED)
        time.sleep(SECONDS)
        took = sorted(clients.forget())
        return took[len(took) * 99 // 100], proxy.metric(COMPARED) - before


@contextmanager
def _downloads(url: str) -> Iterator[None]:
    """Ask for what is large again and again, in the background."""
    ended = Event()

    def download() -> None:
        while not ended.wait(EVERY):
            with urllib.request.urlopen(url) as answer:
                answer.read()

    thread = Thread(target=download)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
