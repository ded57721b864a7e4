"""Measure the proxy against what is on this machine, and print ratios.

make bench        or        python -m tests.bench [--rounds N] [--seconds S]
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from tests.bench import compare_pairs, load, matching
from tests.bench.proxies import Running, all_of_them
from tests.processes import Program

ROUTES = 10, 10_000


def main() -> None:
    """Measure everything, one after the other."""
    options = argparse.ArgumentParser(prog="make bench")
    options.add_argument("--rounds", type=int, default=5, help="interleaved runs of each proxy")
    options.add_argument("--seconds", type=float, default=2.0, help="of load in each run")
    wanted = options.parse_args()
    _say("== Matching a path")
    grown = matching.ratio(*ROUTES)
    _say(f"among {ROUTES[1]} routes a match takes {grown:.2f} times as long as among {ROUTES[0]}")
    _say("\n== Comparing a pair of answers, against parsing both")
    compare_pairs.main(200)
    _say("\n== CPU time for one GET of 1 KB")
    _proxies(wanted.rounds, wanted.seconds)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _proxies(rounds: int, seconds: float) -> None:
    proxy_core, other_core = _cores()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        directory.chmod(0o755)  # nginx's worker is another user
        with _pinned_to(other_core):
            origin = stack.enter_context(Program("tests.bench.origin"))
        with _pinned_to(proxy_core):
            proxies = stack.enter_context(all_of_them(directory, origin))
        with _pinned_to(other_core):
            _say(f"  load from {load.name()}, {load.CONNECTIONS} connections")
            _say(f"  {rounds} interleaved runs of {seconds:g} s, after one that warms up")
            _report(proxies, _measure(proxies, rounds, seconds))


def _measure(proxies: list[Running], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Give the CPU microseconds per request of each run; the first run of all warms up."""
    took: dict[str, list[float]] = {proxy.name: [] for proxy in proxies}
    for _ in range(rounds + 1):
        for proxy in proxies:
            before = proxy.cpu_seconds()
            answered = load.requests_answered(proxy.port, seconds)
            took[proxy.name].append((proxy.cpu_seconds() - before) / answered * 1e6)
    return {name: runs[1:] for name, runs in took.items()}


def _report(proxies: list[Running], took: dict[str, list[float]]) -> None:
    ours = median(took[proxies[0].name])
    for proxy in proxies:
        runs = took[proxy.name]
        ratio = f"{median(runs) / ours:7.2f} times strangler's"
        spread = f"(here and now {min(runs):.0f} to {max(runs):.0f} µs)"
        _say(f"  {proxy.name:27}{ratio}   {spread} {proxy.note()}".rstrip())


def _cores() -> tuple[int, int]:
    """Choose a core for the proxies, and another for load and origin where there is one."""
    if not hasattr(os, "sched_getaffinity"):
        _say("  this system pins no process to a core: expect more noise")
        return -1, -1
    cores = sorted(os.sched_getaffinity(0))
    return cores[0], cores[-1]


@contextmanager
def _pinned_to(core: int) -> Iterator[None]:
    """Start processes on one core; they inherit ours."""
    if core < 0:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


if __name__ == "__main__":
    main()
