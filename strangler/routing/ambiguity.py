"""Decides what becomes of a path that a server behind us may take for one of another route.

A match is worth nothing if a request can go around it: where `/cart/**` has left the monolith, a
monolith that reads `/cart;x/1` or `/CART/1` as `/cart/1` would answer from data that are no longer
kept. So such a path is refused, unless whoever gets it may answer for the other route anyhow.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from strangler.http.message import RequestHead
from strangler.http.readings import fold, readings
from strangler.routing.decision import Plan
from strangler.routing.table import AmbiguousPaths, Route, RouteTable


class Outcome(StrEnum):
    """What becomes of a request whose path has two readings."""

    REFUSED = "refused"
    ROUTED = "routed"
    FORWARDED = "forwarded"


class Reading(NamedTuple):
    """A path for which another one may be taken, and the route that claims it.

    `any_case`: it is claimed only where case means nothing.
    """

    path: str
    route: Route
    any_case: bool


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Why a path is not only what it seems, and what follows from it."""

    reading: Reading
    outcome: Outcome


def ambiguity(table: RouteTable, head: RequestHead, route: Route | None) -> Ambiguity | None:
    """Decide whether the path of a request that `route` claims, or none, is another route's too.

    Another reading misleads where it belongs to a route for which somebody may not answer who may
    get this request, and where it would go around a fence. It does not while the monolith still
    answers for that route, nor between routes of one service: the request then goes on, and only a
    route of another domain is told of.
    """
    path = head.target.path
    if "%" not in path and ";" not in path:  # case alone is in doubt, and mostly for nothing
        other_case = table.folded.find_at(path.lower().split("/"), head)
        if other_case is None or other_case is route:
            return None
    return judge(table, Asked(head.method, path.count("/")), route, _readings(table, head))


class Asked(NamedTuple):
    """What is judged of a request beside its readings: the method, and the slashes in its path."""

    method: str
    slashes: int


def judge(
    table: RouteTable, asked: Asked, route: Route | None, readings: Iterable[Reading]
) -> Ambiguity | None:
    """Decide the same once it is known which routes claim the readings of the path."""
    others = [reading for reading in readings if _apart(reading.route, route)]
    if not others:
        return None
    plan = table.fallthrough if route is None else route.plan_for(asked.method)
    misled = [other for other in others if _misleads(plan, other.route.plan_for(asked.method))]
    if table.ambiguous_paths is AmbiguousPaths.ROUTE and _mean_one(asked, route, others):
        return Ambiguity(others[0], Outcome.ROUTED)
    if misled:
        forward = table.ambiguous_paths is AmbiguousPaths.FORWARD
        return Ambiguity(misled[0], Outcome.FORWARDED if forward else Outcome.REFUSED)
    elsewhere = [other for other in others if route is None or other.route.domain != route.domain]
    return Ambiguity(elsewhere[0], Outcome.FORWARDED) if elsewhere else None


def _readings(table: RouteTable, head: RequestHead) -> Iterator[Reading]:
    """Give the readings of the path that some route claims, itself among them."""
    for path in readings(head.target.path):
        segments = path.split("/")
        exact = table.root.find_at(segments, head)
        folded = table.folded.find_at([fold(segment) for segment in segments], head)
        yield from claimed(path, exact, folded)


def claimed(path: str, exact: Route | None, folded: Route | None) -> Iterator[Reading]:
    """Give one reading for the route that claims it as it is, and for the one in any case."""
    if exact is not None:
        yield Reading(path, exact, any_case=False)
    if folded is not None and folded is not exact:
        yield Reading(path, folded, any_case=True)


def _apart(other: Route, route: Route | None) -> bool:
    """Tell whether two routes are two, and not one path in two cases: who lists both means both."""
    return other is not route and (
        route is None or other.path.folded.shape != route.path.folded.shape
    )


def _mean_one(asked: Asked, route: Route | None, others: list[Reading]) -> bool:
    """Tell whether an unclaimed path means one route, whose rewrite will find every segment."""
    return route is None and all(
        other.route is others[0].route and other.path.count("/") == asked.slashes
        for other in others
    )


def _misleads(plan: Plan, other: Plan) -> bool:
    """Tell whether one plan may send a request where, or when, the other would not."""
    return not _answerers(plan) <= _answerers(other) or (other.held and not plan.held)


def _answerers(plan: Plan) -> frozenset[str]:
    """Give the upstreams that may answer a request of a plan."""
    decisions = (plan.outside, plan.inside) if plan.threshold else (plan.outside,)
    named = [name for one in decisions for name in (one.primary, one.fallback)]
    return frozenset(name for name in named if name is not None)
