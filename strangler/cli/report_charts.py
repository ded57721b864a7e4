"""Draws charts as SVG text: no script, no font and no picture from elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from math import log10

WIDTH, HEIGHT = 640, 180
LEFT, BOTTOM, TOP, RIGHT = 46, 26, 12, 12
"""Room around the lines for what the axes say, in the units of the drawing."""

_ACROSS, _UP = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM


def share_over_time(points: Sequence[tuple[datetime, float]], label: str) -> str:
    """Draw the share of mismatches (0 to 1) hour by hour, as steps over a filled area."""
    first, last = points[0][0], points[-1][0] + timedelta(hours=1)
    span = (last - first).total_seconds()
    top = _round_up(max(share for _, share in points))

    def at(time: datetime, share: float) -> str:
        x = LEFT + _ACROSS * (time - first).total_seconds() / span
        return f"{x:.1f} {TOP + _UP * (1 - share / top):.1f}"

    steps: list[str] = []
    for time, share in points:
        steps += [at(time, share), at(time + timedelta(hours=1), share)]
    line = " L".join(steps)
    area = f"M{at(first, 0)} L{line} L{at(last, 0)} Z"
    said = f"{label}: share of mismatches, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
    return _drawing(
        said,
        _horizontal((0, top / 2, top), lambda value: TOP + _UP * (1 - value / top), _percent),
        f'<path class="area" d="{area}"/><path class="line" d="M{line}"/>',
        _text(LEFT, HEIGHT - 8, f"{first:%d %b %H:%M}", "start"),
        _text(WIDTH - RIGHT, HEIGHT - 8, f"{last:%d %b %H:%M} UTC", "end"),
    )


def bars(counts: Mapping[str, int], label: str) -> str:
    """Draw a bar for each name, the longest for the largest count."""
    height, most = 26, max(counts.values())
    rows = []
    for number, (name, count) in enumerate(counts.items()):
        y, length = number * height, max(2.0, 440 * count / most)
        rows.append(
            _text(96, y + 17, name, "end")
            + f'<rect class="bar" x="106" y="{y + 5}" width="{length:.1f}" height="16" rx="3"/>'
            + _text(114 + length, y + 17, f"{count:,}", "start", "value")
        )
    return _drawing(label, *rows, height=height * len(counts))


def distributions(histograms: Mapping[str, Sequence[tuple[float, int]]], label: str) -> str:
    """Draw how many answers took at most how long, on a logarithmic scale; one line a system.

    Of each: the upper edges of buckets in seconds, rising, with their counts.
    """
    edges = [edge for points in histograms.values() for edge, _ in points]
    low, high = log10(min(edges)) - 0.05, log10(max(edges)) + 0.05

    def x_of(seconds: float) -> float:
        return LEFT + _ACROSS * (log10(seconds) - low) / (high - low)

    parts = [_horizontal((0, 0.5, 0.95), lambda share: TOP + _UP * (1 - share), _percent)]
    for number, (system, points) in enumerate(histograms.items()):
        total, passed, steps = sum(count for _, count in points), 0, []
        for edge, count in points:
            steps.append(f"{x_of(edge):.1f} {TOP + _UP * (1 - passed / total):.1f}")
            passed += count
            steps.append(f"{x_of(edge):.1f} {TOP + _UP * (1 - passed / total):.1f}")
        parts.append(f'<path class="line line{number}" d="M{" L".join(steps)}"/>')
        key = _text(WIDTH - RIGHT, TOP + _UP - 8 - 16 * number, system, "end", f"key{number}")
        parts.append(key)
    for power in range(-4, 3):
        for digit in (1, 3):
            seconds = digit * 10.0**power
            if low < log10(seconds) < high:
                parts.append(_text(x_of(seconds), HEIGHT - 8, _seconds(seconds), "middle"))
    return _drawing(label, *parts)


def _horizontal(
    values: Sequence[float], y_of: Callable[[float], float], write: Callable[[float], str]
) -> str:
    lines = []
    for value in values:
        y = y_of(value)
        lines.append(f'<path class="grid" d="M{LEFT} {y:.1f} H{WIDTH - RIGHT}"/>')
        lines.append(_text(LEFT - 8, y + 4, write(value), "end"))
    return "".join(lines)


def _drawing(label: str, *parts: str, height: float = HEIGHT) -> str:
    said = escape(label)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{said}">'
        f"<title>{said}</title>{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, said: str, anchor: str, kind: str = "") -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'
    )


def _round_up(share: float) -> float:
    """Give the top of the scale: a share that reads well, and never nothing."""
    return next(top for top in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if share <= top)


def _percent(share: float) -> str:
    return f"{share * 100:.3g}%"


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:g} ms" if seconds < 1 else f"{seconds:g} s"
