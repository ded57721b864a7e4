"""Draw what was measured as one SVG that needs nothing else.

A panel for each work; a row in it for each proxy. On the left a dot for its CPU time per request,
the median of the rounds, and a line for their spread; on the right a dot for the median of the time
to an answer, and a line to the 99th percentile. The axes are logarithmic: the naive proxy is there.
"""

import math
from collections.abc import Iterator, Sequence
from html import escape

from tests.bench.bounds import Runs
from tests.bench.rounds import Run
from tests.bench.tables import middle
from tests.bench.works import WORKS

WIDTH, ROW, GAP = 1040, 20, 64
NAMES, CPU, TOOK = 142, (150, 490), (570, 890)
"""Where the columns are: the right edge of the names, and both ends of either axis."""
OURS, THEIRS, FAINT, INK = "#c2410c", "#64748b", "#e2e8f0", "#1e293b"
STYLE = f"text{{font:12px system-ui,sans-serif;fill:{INK}}} .t{{font-weight:600;font-size:14px}}"


class Axis:
    """A logarithmic axis from one pixel to another, over all of these values (seconds)."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self._low = math.floor(math.log10(min(values)))
        self._high = math.ceil(math.log10(max(values)))
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        share = (math.log10(value) - self._low) / ((self._high - self._low) or 1)
        return self._start + share * (self._end - self._start)

    @property
    def decades(self) -> list[float]:
        """The powers of ten that it shows."""
        return [10.0**power for power in range(self._low, self._high + 1)]


def svg(runs: Runs) -> str:
    """Draw all works that were measured."""
    parts, y = [], 40
    for work in WORKS:
        if work.name in runs:
            parts += _panel(work.title, runs[work.name], y)
            y += ROW * len(runs[work.name]) + GAP
    title = "CPU time of the proxy per request (median, spread), and time to an answer (p50 to p99)"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}">'
        f'<style>{STYLE}</style><rect width="100%" height="100%" fill="white"/>'
        f"{_text(20, 24, title, kind='t')}{''.join(parts)}</svg>\n"
    )


def _panel(title: str, runs: dict[str, list[Run]], y: int) -> Iterator[str]:
    every = [run for of_one in runs.values() for run in of_one]
    cpu = Axis([run.cpu for run in every], *CPU)
    took = Axis([part for run in every for part in (run.p50, run.p99)], *TOOK)
    bottom = y + 22 + ROW * len(runs)
    yield _text(20, y + 14, title, kind="t")
    for axis in (cpu, took):
        for decade in axis.decades:
            x = axis(decade)
            yield _line(x, y + 20, x, bottom, FAINT, 1)
            yield _text(x, bottom + 12, _time(decade), "middle")
    for n, (name, of_one) in enumerate(runs.items()):
        yield from _row(name, of_one, y + 22 + ROW * n + ROW / 2, cpu, took)


def _row(name: str, runs: list[Run], y: float, cpu: Axis, took: Axis) -> Iterator[str]:
    colour = OURS if name.startswith("strangler") else THEIRS
    every = [run.cpu for run in runs]
    spent, p50, p99 = (middle(runs, field) for field in ("cpu", "p50", "p99"))
    yield _text(NAMES, y + 4, name, "end")
    yield from _mark(cpu, spent, (min(every), max(every)), _time(spent), y, colour)
    yield from _mark(took, p50, (p50, p99), f"{_time(p50)} to {_time(p99)}", y, colour)


def _mark(
    axis: Axis, value: float, reach: tuple[float, float], said: str, y: float, colour: str
) -> Iterator[str]:
    low, high = (axis(end) for end in reach)
    yield _line(low, y, high, y, colour, 2)
    yield f'<circle cx="{axis(value):.1f}" cy="{y}" r="4.5" fill="{colour}"/>'
    yield _text(max(high, axis(value)) + 9, y + 4, said)


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale * 0.9999:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="{width}"/>'
    )
