"""The verb `diff latency`: how long both systems took over the same requests, route by route."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any

import typer

from strangler.cli.asking import ask
from strangler.cli.failure import VerbError
from strangler.cli.moving import domain_of
from strangler.cli.options import DEFAULT_STORE, AsJson, StoreUrl
from strangler.cli.output import counted, tell, write_json
from strangler.cli.plan import live_table
from strangler.cli.scope import require_known
from strangler.cli.standing import phase_began
from strangler.cli.status import LONGEST_HISTORY
from strangler.cli.tables import add_row, columns, show
from strangler.migration.evidence import TIMED
from strangler.migration.latency import edge_of, in_words, quantile_seen
from strangler.migration.order_statistics import quantile_interval
from strangler.routing.phase import System
from strangler.store.records import AnswerCount

if TYPE_CHECKING:
    from strangler.store.store import Store

QUANTILES = (0.5, 0.9, 0.95, 0.99)
"""What is told of a distribution: its middle, and how slow the slow ones are."""

ALPHA = 0.05
"""An interval leaves its quantile out in one of twenty looks."""


@dataclass(frozen=True, slots=True)
class Timed:
    """How long both sides took over the same requests of a route under `since` and later revisions.

    The histograms are `strangler.migration.latency`'s; they count the same requests, so that each
    has as many.
    """

    domain: str
    route: str
    since: int
    sides: Mapping[str, Mapping[int, int]]

    @property
    def requests(self) -> int:
        """How many requests both were asked."""
        return max(sum(histogram.values()) for histogram in self.sides.values())


def latency(
    domain: Annotated[
        str | None,
        typer.Argument(metavar="[DOMAIN]", help="Only this one.", show_default=False),
    ] = None,
    route: Annotated[
        str | None, typer.Option("--route", metavar="LABEL", help="Only the route labelled so.")
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Show how long monolith and service took over the same requests, with 95 % intervals."""
    found = ask(store, lambda opened: _read(opened, domain, route))
    if as_json:
        write_json([report(one) for one in found])
    elif found:
        _show(found)
        tell(
            f"{counted(len(found), 'route')}; time to the head of the answer, "
            "between brackets where the quantile lies with 95 % confidence"
        )
    else:
        tell("no request was asked of both sides yet")


async def _read(store: "Store", name: str | None, route: str | None) -> list[Timed]:
    live = await store.newest()
    if live is None:
        raise VerbError("nothing is live yet: start `strangler serve --routes FILE` first")
    table = live_table(live)
    names = list(table.domains) if name is None else [domain_of(table, name).name]
    found: list[Timed] = []
    for each in names:
        since = phase_began(await store.history(each, LONGEST_HISTORY))
        found += timed(each, since, await store.answers(each, since=since))
    chosen = [one for one in found if route is None or one.route == route]
    if not chosen:
        await require_known(store, name, route)
    return chosen


def timed(domain: str, since: int, answers: Iterable[AnswerCount]) -> Iterator[Timed]:
    """Add up what was timed of a domain, by route."""
    routes: defaultdict[str, dict[str, Counter[int]]] = defaultdict(
        lambda: {system.value: Counter() for system in System}
    )
    for one in answers:
        if one.outcome == TIMED:
            routes[one.route][one.system][one.bucket] += one.count
    for route in sorted(routes):
        yield Timed(domain, route, since, routes[route])


def report(one: Timed) -> dict[str, Any]:
    """Write it as JSON: in seconds, null where nothing bounds a quantile."""
    return {
        "domain": one.domain,
        "route": one.route,
        "since_revision": one.since,
        "requests": one.requests,
        **{system: _side(histogram) for system, histogram in one.sides.items()},
    }


def _side(histogram: Mapping[int, int]) -> dict[str, Any]:
    return {
        "quantiles": [
            {
                "quantile": quantile,
                "seen": _finite(quantile_seen(histogram, quantile)),
                "lower": _finite(bounds.lower),
                "upper": _finite(bounds.upper),
            }
            for quantile in QUANTILES
            for bounds in [quantile_interval(histogram, quantile, alpha=ALPHA)]
        ],
        "histogram": [
            {"up_to": _finite(edge_of(bucket)), "count": histogram[bucket]}
            for bucket in sorted(histogram)
        ],
    }


def _finite(seconds: float | None) -> float | None:
    return round(seconds, 6) if seconds is not None and isfinite(seconds) else None


def _show(found: list[Timed]) -> None:
    sides = [system.value for system in System]
    table = columns("route", "requests", "quantile", *sides, right={"requests", "quantile"})
    for one in found:
        named = (one.route, f"{one.requests:,}")
        for quantile in QUANTILES:
            cells = [_cell(one.sides[system], quantile) for system in sides]
            add_row(table, [*named, f"{quantile * 100:g} %", *cells])
            named = ("", "")
    show(table)


def _cell(histogram: Mapping[int, int], quantile: float) -> str:
    seen = quantile_seen(histogram, quantile)
    if seen is None:
        return "-"
    bounds = quantile_interval(histogram, quantile, alpha=ALPHA)
    upper = in_words(bounds.upper) if isfinite(bounds.upper) else "?"
    at_most = in_words(seen) if isfinite(seen) else "very long"
    return f"{at_most} ({in_words(bounds.lower)} to {upper})"
