"""Runs recorded heads through two tables: which requests would change hands, and how many an hour.

The tables decide as they do in the proxy, by the same functions. Where a head does not tell what a
table asks, nothing is guessed: it is counted as untold, with the reason.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from math import sqrt
from typing import Any, NamedTuple

from strangler.http.message import RequestHead
from strangler.migration.recording import Hashing, Lexicon, Recalled, RecordedHead, bucket_name
from strangler.routing.ambiguity import Ambiguity, Asked, Outcome, claimed, judge
from strangler.routing.conditions import Condition, Source
from strangler.routing.decision import side_of
from strangler.routing.match import Claim, Node
from strangler.routing.phase import Effect, System, effect_of
from strangler.routing.table import Route, RouteTable

ALONE = 1.0
"""A draw that no sample is above: who gets a copy is no change of hands."""


REFUSED = "(refused)"
"""Stands for the upstream of a request that the proxy refuses, for its path has two readings."""


class Hands(NamedTuple):
    """Who answers a request, for which `domain` and `route`: None where none claims it.

    Of one that is refused `system` is None; domain and route are whose path it may be taken for.
    """

    upstream: str
    system: System | None
    domain: str | None
    route: str | None
    effect: Effect


class Untold(StrEnum):
    """What a recorded head does not say, though a table asks it."""

    HEADER = "a header that no route asked for when it was recorded"
    PARAMETER = "a query parameter whose value no route asked for when it was recorded"
    BUCKET = "a canary key that its domain did not have when it was recorded"


class _UntoldError(Exception):
    """A claim that decides hangs on what is not told."""

    def __init__(self, why: Untold) -> None:
        self.why = why
        super().__init__(why.value)


class Prophet:
    """Tells of recorded heads what one table does with them."""

    __slots__ = ("_headers", "_parameters", "_table")

    def __init__(self, table: RouteTable) -> None:
        self._table = table
        asked = {one for route in table.routes for claim in route.claims for one in claim.more}
        self._headers = {one.name for one in asked if one.source is Source.HEADER}
        exact = {one.name for one in asked if one.source is Source.QUERY and one.exact}
        self._parameters = exact

    def __repr__(self) -> str:
        return f"<Prophet of {self._table.digest[:8]}>"

    def tell(self, recalled: Recalled) -> Hands | Untold:
        """Say who answers a head that the lexicon has read."""
        try:
            return self._tell(recalled)
        except _UntoldError as error:
            return error.why

    def _tell(self, recalled: Recalled) -> Hands | Untold:
        recorded, head, _ = recalled
        leaves_open = self._leaves_open(recorded)
        if leaves_open:
            route = _claimed(self._table.root, head.target.path.split("/"), recorded, head)
        else:
            route = self._table.match(head)
        if self._table.cased or recalled.readings:
            found = self._ambiguity(recalled, route, leaves_open=leaves_open)
            if found is not None and found.outcome is Outcome.REFUSED:
                other = found.reading.route
                effect = effect_of(head.method, None if route is None else route.effect)
                return Hands(REFUSED, None, other.domain, other.label, effect)
            if found is not None and found.outcome is Outcome.ROUTED:
                route = found.reading.route
        if route is None:
            decision = self._table.fallthrough.outside_alone
            effect = effect_of(head.method, None)
            return Hands(decision.primary, decision.system, None, None, effect)
        return self._decided(recorded, route)

    def _ambiguity(
        self, recalled: Recalled, route: Route | None, *, leaves_open: bool
    ) -> Ambiguity | None:
        recorded, head, read = recalled

        def find(root: Node[Route], segments: list[str]) -> Route | None:
            if leaves_open:
                return _claimed(root, segments, recorded, head)
            return root.find_at(segments, head)

        table = self._table
        segments = head.target.path.split("/")
        found = [
            one
            for exact, folded in read or [(segments, segments)]
            for one in claimed("/".join(exact), find(table.root, exact), find(table.folded, folded))
        ]
        return judge(table, Asked(head.method, len(segments) - 1), route, found)

    def _leaves_open(self, recorded: RecordedHead) -> bool:
        """Whether some condition of the table, on whatever path, cannot be told of this head."""
        if not self._headers <= recorded.headers.keys():
            return True
        asked = self._parameters
        return bool(asked) and any(
            name in asked and value is None for name, value in recorded.query.items()
        )

    def _decided(self, recorded: RecordedHead, route: Route) -> Hands | Untold:
        plan = route.plan_for(recorded.method)
        bucket = None
        if plan.threshold and route.canary is not None:
            name = bucket_name(route.domain, route.canary.key_text)
            if name not in recorded.buckets:
                return Untold.BUCKET
            bucket = recorded.buckets[name]
        decision = side_of(plan, bucket, ALONE)
        effect = route.effect_of(recorded.method)
        return Hands(decision.primary, decision.system, route.domain, route.label, effect)


def _claimed(
    root: Node[Route], segments: list[str], recorded: RecordedHead, head: RequestHead
) -> Route | None:
    """Look at the claims one by one: what decides must be known, else `_UntoldError`."""
    for claim in root.ranked_at(segments):
        open_ones = [one for one in claim.conditions.more if _is_open(recorded, one)]
        if not open_ones:
            if claim.conditions.met(head):
                return claim.owner
        elif _met_but(claim, open_ones, head):
            asks_header = open_ones[0].source is Source.HEADER
            raise _UntoldError(Untold.HEADER if asks_header else Untold.PARAMETER)
    return None


def _is_open(recorded: RecordedHead, condition: Condition) -> bool:
    match condition.source:
        case Source.HEADER:
            return condition.name not in recorded.headers
        case Source.QUERY:
            # Every parameter's name is kept, so that one that is not there is known to be absent.
            known = recorded.query.get(condition.name, "")
            return condition.exact and known is None
    return False


def _met_but(claim: Claim[Route], open_ones: list[Condition], head: RequestHead) -> bool:
    """Whether a request meets all of a claim's conditions beside the ones that cannot be told."""
    methods = claim.conditions.methods
    others = (one for one in claim.conditions.more if one not in open_ones)
    return (methods is None or head.method in methods) and all(one.met(head) for one in others)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A recorded head that stands for `weight` requests."""

    head: RecordedHead
    weight: float


@dataclass(slots=True)
class Amount:
    """How many requests some recorded `heads` stand for, and the variance of that estimate."""

    heads: int = 0
    requests: float = 0.0
    variance: float = 0.0

    def add(self, weight: float) -> None:
        """Add a head that stands for `weight` requests, so was kept with the chance 1/weight.

        The variance is that of the Horvitz-Thompson estimator: none where everything is kept.
        """
        self.heads += 1
        self.requests += weight
        self.variance += weight * (weight - 1.0)

    def take(self, other: "Amount") -> None:
        """Add another amount."""
        self.heads += other.heads
        self.requests += other.requests
        self.variance += other.variance

    @property
    def margin(self) -> float:
        """Give what 95 of 100 such estimates are at most off by, in requests."""
        return 1.96 * sqrt(self.variance)


def _amounts() -> defaultdict[Any, Amount]:
    return defaultdict(Amount)


@dataclass(slots=True)
class Shift:
    """What would change hands, in requests (not yet an hour).

    `moved` is counted by the hands before and after, of which the upstreams differ; `untold` by
    what is not known. `all` is what was looked at.
    """

    all: Amount = field(default_factory=Amount)
    moved: defaultdict[tuple[Hands, Hands], Amount] = field(default_factory=_amounts)
    untold: defaultdict[Untold, Amount] = field(default_factory=_amounts)

    def __repr__(self) -> str:
        """Show how much was looked at and what came of it."""
        return f"<Shift heads={self.all.heads} moved={len(self.moved)} untold={len(self.untold)}>"


def replay(old: RouteTable, new: RouteTable, heads: Iterable[Weighed], hashing: Hashing) -> Shift:
    """Run recorded heads through both tables."""
    lexicon = Lexicon([old, new], hashing)
    before, after = Prophet(old), Prophet(new)
    shift = Shift()
    for one in heads:
        recalled = lexicon.read(one.head)
        shift.all.add(one.weight)
        was, becomes = before.tell(recalled), after.tell(recalled)
        if isinstance(becomes, Untold):
            shift.untold[becomes].add(one.weight)
        elif isinstance(was, Untold):
            shift.untold[was].add(one.weight)
        elif was.upstream != becomes.upstream:
            shift.moved[was, becomes].add(one.weight)
    return shift
