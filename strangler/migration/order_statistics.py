"""Bounds a quantile by the order statistics of a sample, whatever its distribution.

Of `n` independent durations, how many are at most the true `q` quantile is binomial with `n` and
`q`. So the quantile lies between the durations of rank `l` and `u` with a probability of

    P(l <= B < u),  B ~ Binomial(n, q),

or more where durations repeat. The ranks are those of which either side errs with a probability of
at most half of alpha. Reference: David and Nagaraja, "Order Statistics" (3rd edition, 2003),
section 7.1; the same is in Conover, "Practical Nonparametric Statistics", section 3.2.

The interval holds for one look at a number of durations that nobody chose by what they showed: it
is for people to read. A gate looks again and again, and takes `strangler.migration.latency`'s
bounds.
"""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from math import exp, inf, lgamma, log, log1p, sqrt

from strangler.migration.latency import QuantileBounds, edge_of

FAR = 12.0
"""Standard deviations from the mean beyond which there is nothing to add up: less than 1e-30."""


def ranks(count: int, quantile: float, *, alpha: float) -> tuple[int, int]:
    """Give the ranks (from 1) between which the quantile lies, but for `alpha`.

    Rank 0 says that nothing bounds it from below, `count` + 1 that nothing does from above.
    """
    if not 0 < quantile < 1 or not 0 < alpha < 1:
        raise ValueError(f"quantile ({quantile}) and alpha ({alpha}) must lie between 0 and 1")
    lower = upper = -1
    for hits, at_most in _cumulative(count, quantile):
        if at_most <= alpha / 2:
            lower = hits
        if at_most >= 1 - alpha / 2:
            upper = hits
            break
    return lower + 1, (count if upper < 0 else upper) + 1


def _cumulative(count: int, rate: float) -> Iterator[tuple[int, float]]:
    """Give P(B <= k) for each k from where it begins to count."""
    spread = FAR * sqrt(count * rate * (1 - rate)) + FAR
    first = max(0, int(count * rate - spread))
    chances = accumulate(_chances(count, rate, first))
    return enumerate(chances, first)


def _chances(count: int, rate: float, first: int) -> Iterator[float]:
    odds = rate / (1 - rate)
    chance = exp(
        lgamma(count + 1)
        - lgamma(first + 1)
        - lgamma(count - first + 1)
        + first * log(rate)
        + (count - first) * log1p(-rate)
    )
    for hits in range(first, count + 1):
        yield chance
        chance *= (count - hits) / (hits + 1) * odds


def quantile_interval(
    histogram: Mapping[int, int], quantile: float, *, alpha: float
) -> QuantileBounds:
    """Bound a quantile of what a histogram counts, in seconds, by the edges of its buckets."""
    count = sum(histogram.values())
    lower, upper = ranks(count, quantile, alpha=alpha)
    first, last = 0.0, inf
    counted = 0
    for bucket in sorted(histogram):
        before, counted = counted, counted + histogram[bucket]
        if before < lower <= counted:
            first = edge_of(bucket - 1) if bucket else 0.0
        if before < upper <= counted:
            last = edge_of(bucket)
    return QuantileBounds(first, last)
