"""What was measured, as tables for people."""

from statistics import median

from tests.bench.rounds import Run

COLUMNS = f"{'':20}{'requests/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'CPU µs':>9}{'RSS MiB':>9}"


def ratios(ours: list[Run], other: list[Run]) -> list[float]:
    """Divide our CPU time per request by that of another proxy, round by round."""
    return [one.cpu / its.cpu for one, its in zip(ours, other, strict=True)]


def work(runs: dict[str, list[Run]], ours: str) -> str:
    """Lay out one work: a line per proxy, medians, and our CPU time as a multiple of its."""
    lines = [f"{COLUMNS}   CPU of {ours} as a multiple of its: median (spread)"]
    for name, of_one in runs.items():
        spread = ratios(runs[ours], of_one)
        lines.append(
            f"{name:20}{_mid(of_one, 'per_second'):11,.0f}{_mid(of_one, 'p50') * 1e3:9.2f}"
            f"{_mid(of_one, 'p99') * 1e3:9.2f}{_mid(of_one, 'cpu') * 1e6:9.1f}"
            f"{_mid(of_one, 'rss') / 2**20:9.1f}"
            f"   {median(spread):5.2f} ({min(spread):.2f} to {max(spread):.2f})"
        )
    return "\n".join(lines)


def _mid(runs: list[Run], field: str) -> float:
    return median(getattr(run, field) for run in runs)
