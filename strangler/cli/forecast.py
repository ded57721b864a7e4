"""Works out from recorded traffic how many requests an hour would change hands."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from strangler.migration.recording import Hashing
from strangler.migration.replay import Amount, Hands, Shift, Weighed, replay
from strangler.routing.table import RouteTable
from strangler.store.records import HeadSample

SHORTEST = timedelta(minutes=1)
"""A rate per hour that is told of less than this would be told of noise."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests an hour. 95 of 100 such estimates are off by `margin` at most."""

    per_hour: float
    margin: float

    def __str__(self) -> str:
        """Write the rate for people; a margin that rounds away says nothing."""
        margin = f" ± {self.margin:,.0f}" if self.margin >= 1 else ""
        return f"{self.per_hour:,.0f}{margin}"


@dataclass(frozen=True, slots=True)
class Moved:
    """Requests that one upstream answers and another would."""

    before: Hands
    after: Hands
    rate: Rate


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the traffic between `since` and `until` says; `heads` were recorded of it.

    `unreadable` heads were hashed with another key. `untold` says of what no head tells.
    """

    heads: int
    unreadable: int
    since: datetime
    until: datetime
    all: Rate
    moved: tuple[Moved, ...]
    untold: tuple[tuple[str, Rate], ...]


def forecast(
    old: RouteTable, new: RouteTable, samples: Sequence[HeadSample], key: bytes | None
) -> Forecast | None:
    """Run what was recorded through both tables; None where nothing was."""
    if not samples:
        return None
    hashing = None if key is None else Hashing(key)
    known = [one for one in samples if hashing is not None and one.key == hashing.fingerprint]
    shift = Shift()
    if hashing is not None:
        shift = replay(old, new, [Weighed(one.head, one.weight) for one in known], hashing)
    since, until = min(one.at for one in samples), max(one.at for one in samples)
    hours = max(until - since, SHORTEST) / timedelta(hours=1)
    moved = [Moved(*pair, _rate(amount, hours)) for pair, amount in shift.moved.items()]
    return Forecast(
        heads=len(known),
        unreadable=len(samples) - len(known),
        since=since,
        until=until,
        all=_rate(shift.all, hours),
        moved=tuple(sorted(moved, key=lambda one: -one.rate.per_hour)),
        untold=tuple((why.value, _rate(amount, hours)) for why, amount in shift.untold.items()),
    )


def _rate(amount: Amount, hours: float) -> Rate:
    return Rate(amount.requests / hours, amount.margin / hours)


def by_domain(moved: Sequence[Moved]) -> list[Moved]:
    """Add up what moves by domain, effect and upstreams, whatever the route; the most first."""
    sums: defaultdict[tuple[Hands, Hands], list[Rate]] = defaultdict(list)
    for one in moved:
        pair = one.before._replace(route=None), one.after._replace(route=None)
        sums[pair].append(one.rate)
    added = [Moved(*pair, _sum(rates)) for pair, rates in sums.items()]
    return sorted(added, key=lambda one: -one.rate.per_hour)


def _sum(rates: Sequence[Rate]) -> Rate:
    """Add rates; their errors are independent, so that their squares add up."""
    margin = sum(rate.margin**2 for rate in rates) ** 0.5
    return Rate(sum(rate.per_hour for rate in rates), margin)
