"""Bounds a rate by what was counted, at every moment at once: who looks often is not fooled.

A fixed-sample interval (Clopper-Pearson, Wilson) holds for one look at a number of samples chosen
before. A gate is looked at again and again, and acted on at the first good moment; under such
peeking those intervals fail far more often than they say. What is used here is a *confidence
sequence*: a bound that holds, with the stated probability, at all sample sizes together.

It is the beta-binomial mixture: for a rate `p`, the likelihood of `hits` in `trials` averaged over
rates `q` drawn from Beta(a, b), against its likelihood under `p`,

    M(p) = ∫ q^hits (1-q)^misses dBeta(a, b)(q) / (p^hits (1-p)^misses)
         = B(a + hits, b + misses) / (B(a, b) p^hits (1-p)^misses),

is a non-negative martingale that starts at 1 if `p` is the true rate. By Ville's inequality it
ever reaches 1/alpha with a probability of at most alpha; so the rates with M(p) < 1/alpha are a
confidence sequence at the confidence 1 - alpha. It needs no tuning by sample size, no normal
approximation (which fails for the small rates that gates are about), and no more than the logarithm
of the gamma function.

References: Ville 1939; Robbins 1970, "Statistical methods related to the law of the iterated
logarithm" (the mixture); Howard, Ramdas, McAuliffe, Sekhon 2021, "Time-uniform, nonparametric,
nonasymptotic confidence sequences" (Annals of Statistics 49:1055-1080; its proposition 7 mixes
likewise).

What is assumed: each exchange is a hit with the same probability whatever came before it. A rate
that drifts is bounded by its mean over the window only about.
"""

from dataclasses import dataclass
from math import lgamma, log, log1p

_WEIGHT = 0.5
"""`a` of the mixing distribution: as in Jeffreys' prior, most of it lies near a rate of zero."""

_HALVINGS = 60
"""Steps of bisection: more than the 52 after which a double cannot tell the ends apart."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many: `hits` of `trials`."""

    hits: int
    trials: int

    def __post_init__(self) -> None:
        """Refuse what no counting gives."""
        if not 0 <= self.hits <= self.trials:
            raise ValueError(f"{self.hits} of {self.trials} cannot have been counted")

    def __str__(self) -> str:
        """Write it with its rate, for people."""
        if not self.trials:
            return "0 of 0"
        return f"{self.hits:,} of {self.trials:,} ({self.rate:.2%})"

    @property
    def rate(self) -> float:
        """Give the rate that was seen; 0 where nothing was."""
        return self.hits / self.trials if self.trials else 0.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where the true rate lies, with the confidence that was asked for."""

    lower: float
    upper: float


def bounds(seen: Share, *, alpha: float, near: float) -> Bounds:
    """Bound the true rate: both ends hold together, and at every look, but for `alpha`.

    The bounds are tightest for rates about `near`, the rate that matters (a budget); they are
    valid for all others too. It must be chosen before anything is looked at.
    """
    if not 0 < alpha < 1 or not 0 < near < 1:
        raise ValueError(f"alpha ({alpha}) and near ({near}) must lie between 0 and 1")
    if not seen.trials:
        return Bounds(0.0, 1.0)
    enough = -log(alpha)
    lower = 0.0 if seen.hits == 0 else _edge(seen, near, enough, 0.0)
    upper = 1.0 if seen.hits == seen.trials else _edge(seen, near, enough, 1.0)
    return Bounds(lower, upper)


def _edge(seen: Share, near: float, enough: float, outer: float) -> float:
    """Find where the evidence becomes enough, from the rate seen (never) out to 0 or 1 (always).

    In between it only grows. What is given lies outside by a hair: the bound is never too tight.
    """
    mixed = _log_mixture(seen, near)
    inner = seen.rate
    for _ in range(_HALVINGS):
        middle = (inner + outer) / 2
        if not 0 < middle < 1 or mixed - _log_likelihood(seen, middle) >= enough:
            outer = middle
        else:
            inner = middle
    return outer


def below(seen: Share, rate: float, *, alpha: float, near: float) -> bool:
    """Tell whether the true rate is proven to lie below `rate`: its upper bound does."""
    if not seen.trials or seen.rate >= rate:
        return False
    return _log_mixture(seen, near) - _log_likelihood(seen, rate) >= -log(alpha)


def above(seen: Share, rate: float, *, alpha: float, near: float) -> bool:
    """Tell whether the true rate is proven to lie above `rate`: its lower bound does."""
    if not seen.trials or seen.rate <= rate:
        return False
    return _log_mixture(seen, near) - _log_likelihood(seen, rate) >= -log(alpha)


def misses_needed(seen: Share, rate: float, *, alpha: float, near: float, most: int) -> int | None:
    """Work out how many more trials without a hit would prove the rate to lie below `rate`.

    None where more than `most` would be needed.
    """

    def proven(more: int) -> bool:
        return below(Share(seen.hits, seen.trials + more), rate, alpha=alpha, near=near)

    if not proven(most):
        return None
    least, enough = -1, most
    while enough - least > 1:
        middle = (least + enough) // 2
        if proven(middle):
            enough = middle
        else:
            least = middle
    return enough


def _log_mixture(seen: Share, near: float) -> float:
    """Give the logarithm of the likelihood averaged over Beta(a, b), whose mean is `near`."""
    a = _WEIGHT
    b = _WEIGHT * (1 / near - 1)
    return _log_beta(a + seen.hits, b + seen.trials - seen.hits) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _log_likelihood(seen: Share, rate: float) -> float:
    """Give the logarithm of the likelihood of what was seen; `rate` lies between 0 and 1."""
    misses = seen.trials - seen.hits
    of_hits = seen.hits * log(rate) if seen.hits else 0.0
    return of_hits + (misses * log1p(-rate) if misses else 0.0)
