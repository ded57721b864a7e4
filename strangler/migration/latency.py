"""Counts durations in buckets that grow by a fixed ratio, and bounds their quantiles.

Such a histogram is a handful of integers whatever is counted, adds up over workers, replicas and
windows without loss, and tells every duration to within 9 %.

The bounds hold at every look. Let `Q` be the duration that a share `e` of all answers exceed (for
the 95 % quantile, `e` is 5 %). Whatever the distribution, the answers slower than `Q` are then
counted like hits at the rate `e`, so a confidence sequence for rates (`strangler.migration.
confidence`) becomes one for `Q`: as long as the rate of answers slower than some `t` is proven to
lie below `e`, `Q` is at most `t`, and likewise at least. As `t` grows the hits only become fewer,
so all `t` may be tried at no extra risk: a wrong one would be wrong at `Q` itself. This is the
argument of Howard and Ramdas 2022, "Sequential estimation of quantiles with applications to A/B
testing and best-arm identification" (Bernoulli 28:1704-1728), with the mixture for its boundary.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from strangler.migration.confidence import Share, above, below

SHORTEST = 0.0001
"""The upper edge of the first bucket, in seconds: nothing answers through a network faster."""

PER_OCTAVE = 8
"""Buckets between a duration and its double: neighbours differ by 9 %, less than anyone notices."""

LAST = 168
"""The last bucket, which holds all beyond 192 s: hardly anybody waits for an answer that long."""


_EDGES = [SHORTEST * 2.0 ** (bucket / PER_OCTAVE) for bucket in range(LAST)]
"""The upper edges of all buckets but the last, which has none."""


def bucket_of(seconds: float) -> int:
    """Give the bucket that a duration falls into, 0 to `LAST`."""
    return bisect_left(_EDGES, seconds)


def edge_of(bucket: int) -> float:
    """Give the upper edge of a bucket, in seconds; the last one has none."""
    return inf if bucket >= LAST else _EDGES[bucket]


@dataclass(frozen=True, slots=True)
class QuantileBounds:
    """Where a quantile lies, in seconds: at least `lower`; `upper` is infinite if nothing tells."""

    lower: float
    upper: float


def quantile_bounds(
    histogram: Mapping[int, int], quantile: float, *, alpha: float
) -> QuantileBounds:
    """Bound the `quantile` (0.95: one answer in 20 is slower) of what a histogram counts.

    Both ends hold together, and at every look, but for `alpha`.
    """
    exceeding = 1 - quantile
    trials = sum(histogram.values())
    lower, upper = 0.0, inf
    slower = trials
    for bucket in sorted(histogram):
        # All that are slower than the bucket before this one: those between are empty.
        if bucket and above(Share(slower, trials), exceeding, alpha=alpha, near=exceeding):
            lower = edge_of(bucket - 1)
        slower -= histogram[bucket]
        if below(Share(slower, trials), exceeding, alpha=alpha, near=exceeding):
            upper = edge_of(bucket)
            break
    return QuantileBounds(lower, upper)


def quantile_seen(histogram: Mapping[int, int], quantile: float) -> float | None:
    """Give the quantile of what was counted: the upper edge of its bucket; None of nothing."""
    trials = sum(histogram.values())
    counted = 0
    for bucket in sorted(histogram):
        counted += histogram[bucket]
        if counted >= quantile * trials:
            return edge_of(bucket)
    return None


def in_words(seconds: float) -> str:
    """Write a duration for people."""
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
