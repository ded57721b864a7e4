"""Weighs how surprising it is that two sides differ, if in truth they answer by the same chance.

Suppose that monolith and service draw a value from the same urn, whatever the urn: a banner, a
load, a list in no fixed order. Then which side gave which answer means nothing, and all ways of
dealing the answers out to the sides are as likely. So it is known exactly how seldom all answers of
the primary are the same while the candidate's are others, and this needs no model of the noise.

Looks add up by multiplication: what is multiplied is on average 1 under that supposition, whenever
one stops to look (a test martingale; G. Shafer, "Testing by betting", JRSS A 184 (2021)). A product
of `ENOUGH` is reached by noise, looked at as often as one likes, with a probability of at most
1 / `ENOUGH` (J. Ville, 1939).
"""

from math import comb

ASKS = 5
"""How often each side is asked, in turns, before a difference that nobody knows yet is reported.
Fewer can never be surprising enough: with four, one noise in 35 looks like this."""

ENOUGH = 100.0
"""The product from which on a difference is taken for real: in one noisy field of a hundred at the
worst, in fact in one of five hundred, for no urn is as bad as the bound."""

STAKE = 0.9
"""What is bet on each look. The rest is kept, so that one look in which the data were changed does
not lose all that was known."""

LEAST = 0.01
MOST = 10_000.0
"""Bounds of the product, so that neither noise nor a finding is believed in for ever: what becomes
wrong later is found in two looks."""


def surprise(asks: int, agreed: int) -> float:
    """Give what a look is worth in which the primary was the same in all of its `asks`.

    `agreed` of the candidate's answers, of which there are as many, agree with it. That is one
    over the chance that all who answered otherwise happen to be the candidate's; where none
    agreed, the two sides could as well stand the other way round.
    """
    ways = comb(2 * asks, asks)
    return ways / 2 if agreed == 0 else ways / comb(asks + agreed, asks)


def weighed(product: float, worth: float) -> float:
    """Multiply a product by the worth of one more look; a look that speaks for noise is worth 0."""
    return min(max(product * (STAKE * worth + 1 - STAKE), LEAST), MOST)
