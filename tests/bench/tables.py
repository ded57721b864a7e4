"""What was measured, as tables for people."""

import math
from collections.abc import Iterable
from statistics import median

from tests.bench.bounds import Outcome
from tests.bench.rounds import Run, ratios

COLUMNS = f"{'':20}{'requests/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'CPU µs':>10}{'RSS MiB':>9}"


def work(runs: dict[str, list[Run]], ours: str) -> str:
    """Lay out one work: a line per proxy, medians, and our CPU time as a multiple of its."""
    lines = [f"{COLUMNS}   CPU of {ours} / its own: median (spread)"]
    for name, of_one in runs.items():
        spread = ratios(runs[ours], of_one)
        per_second = middle(of_one, "per_second")
        lines.append(
            f"{name:20}{per_second:11,.{0 if per_second > 100 else 1}f}"
            f"{middle(of_one, 'p50') * 1e3:9.2f}{middle(of_one, 'p99') * 1e3:9.2f}"
            f"{middle(of_one, 'cpu') * 1e6:10,.1f}{middle(of_one, 'rss') / 2**20:9.1f}"
            f"   {median(spread):5.2f} ({min(spread):.2f} to {max(spread):.2f})"
        )
    return "\n".join(lines)


def bounds(outcomes: Iterable[Outcome]) -> str:
    """Lay out each bound with what was measured beside it, and whether it is held."""
    lines = [f"{'':56}{'bound':>11}{'aim':>9}   {'':22} measured"]
    lines += [line for outcome in outcomes for line in _bound(outcome)]
    return "\n".join(lines)


def middle(runs: list[Run], field: str) -> float:
    """Give the median of one field over all rounds."""
    return median(getattr(run, field) for run in runs)


def _bound(outcome: Outcome) -> list[str]:
    bound = outcome.bound
    aim = "" if bound.aim is None else shown(bound.aim, bound.unit)
    limit = f"{'≥' if bound.at_least else '≤'} {shown(bound.limit, bound.unit)}"
    measured = "" if outcome.value is None else shown(outcome.value, bound.unit)
    if outcome.spread is not None:
        measured += " ({:.3g} to {:.3g})".format(*outcome.spread)
    lines = [f"{bound.figure:56}{limit:>11}{aim:>9}   {outcome.verdict:22} {measured}"]
    beside = [f"{name} {shown(value, bound.unit)}" for name, value in outcome.beside.items()]
    if extra := "; ".join([*beside, *filter(None, [outcome.note])]):
        lines.append(f"    beside it: {extra}")
    return lines


def shown(value: float, unit: str) -> str:
    """Write a value with its unit; three digits count."""
    if value == math.inf:
        return "never"
    if unit == "s" and value < 1:
        value, unit = value * 1000, "ms"
    text = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{text}{'' if unit == 'x' else ' '}{unit}"
