"""Measure: every proxy in turn does a work for some seconds, round after round."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench import load
from tests.bench.peers.running import Running
from tests.bench.works import Work


@dataclass(frozen=True)
class Run:
    """One proxy doing one work once: seconds, and octets of memory at the end."""

    per_second: float
    p50: float
    p99: float
    cpu: float
    """CPU seconds of the whole process tree for one request."""
    rss: int


def measure(
    work: Work, proxies: Sequence[Running], rounds: int, seconds: float
) -> dict[str, list[Run]]:
    """Give the runs of each proxy by name, the n-th of all in round n.

    A round before the first warms up. Each begins with another proxy, so that none always follows
    the same one.
    """
    runs: dict[str, list[Run]] = {proxy.name: [] for proxy in proxies}
    for n in range(rounds + 1):
        first = n % len(proxies)
        for proxy in (*proxies[first:], *proxies[:first]):
            run = _run(work, proxy, seconds)
            if n > 0:
                runs[proxy.name].append(run)
    return runs


def _run(work: Work, proxy: Running, seconds: float) -> Run:
    before = proxy.cpu_seconds()
    seen = load.run(work, proxy.port, seconds, proxy.meanwhile)
    spent = proxy.cpu_seconds() - before
    per_second = seen.requests / seen.seconds
    return Run(per_second, seen.p50, seen.p99, spent / seen.requests, proxy.rss())


def ratios(ours: list[Run], other: list[Run]) -> list[float]:
    """Divide our CPU time per request by that of another proxy, round by round."""
    return [one.cpu / its.cpu for one, its in zip(ours, other, strict=True)]
