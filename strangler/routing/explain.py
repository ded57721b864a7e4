"""Says of one request which route claims it and why, who answers it and who gets a copy."""

from dataclasses import dataclass
from itertools import zip_longest

from strangler.http.message import RequestHead
from strangler.routing.ambiguity import Ambiguity, Outcome, ambiguity
from strangler.routing.decision import BUCKETS, Decision, Plan, bucket_of, decide
from strangler.routing.match import Claim
from strangler.routing.phase import Effect, Phase, System, WriteCopying, effect_of
from strangler.routing.resource import NAMED_BY_ITSELF
from strangler.routing.table import Route, RouteTable


@dataclass(frozen=True, slots=True)
class Passed:
    """A route that claims the path and did not get the request, and why."""

    label: str
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class CanaryAnswer:
    """Where a request falls in the canary. `bucket` is None for a request without the key."""

    key: str
    bucket: int | None
    weight: str
    threshold: int

    def __str__(self) -> str:
        """Say it for people."""
        if self.bucket is None:
            return f"no {self.key} in the request, so it stays with the monolith"
        side = "below" if self.bucket < self.threshold else "not below"
        return (
            f"{self.key} falls into bucket {self.bucket} of {BUCKETS}, "
            f"{side} {self.threshold} ({self.weight})"
        )


@dataclass(frozen=True, slots=True)
class RewriteAnswer:
    """What the service sees of a route: `path` is a pattern.

    `leads_back`: the service's paths can be mapped back to the route's; a template that drops a
    parameter prevents it. `json_urls`: URLs in JSON bodies are mapped, too.
    """

    path: str
    leads_back: bool
    json_urls: bool

    def __str__(self) -> str:
        """Say it for people."""
        if not self.leads_back:
            return f"{self.path} for the service; the template drops what would lead back from it"
        places = "Location, Content-Location and cookies"
        places += ", and in JSON bodies" if self.json_urls else ""
        return f"{self.path} for the service; mapped back in {places}"


@dataclass(frozen=True, slots=True)
class AmbiguityAnswer:
    """Another route that some server would take the path for, and what becomes of the request.

    `reading` is the path that it claims; `any_case`: only where case means nothing.
    """

    reading: str
    any_case: bool
    route: str
    line: int
    outcome: Outcome

    def __str__(self) -> str:
        """Say it for people."""
        case = " in any case" if self.any_case else ""
        claim = f"which {self.route} (line {self.line}) claims"
        return f"may be read as {self.reading}{case}, {claim}: {self.outcome}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happens to one request; `dataclasses.asdict` makes it JSON.

    Without a `route`, nothing claims it and `domain`, `phase` and `line` are None too. `path` is
    what was matched. `candidate` gets a copy of a `sample` (0 to 1) of such requests. `forwarded`
    is what the primary is asked for, `copied` what the candidate is. If an `ambiguity` has it
    refused, none of that happens. `writes` is what the candidate has to do with a write:
    `read_back` says how both sides are asked for what was written, `promise` where the service has
    to give its word before it gets a dry run.
    """

    method: str
    path: str
    route: str | None
    line: int | None
    domain: str | None
    phase: Phase | None
    effect: Effect
    passed: tuple[Passed, ...]
    ambiguity: AmbiguityAnswer | None
    canary: CanaryAnswer | None
    primary: str
    system: System
    candidate: str | None
    sample: float
    fallback: str | None
    rewrite: RewriteAnswer | None
    forwarded: str
    copied: str | None
    writes: WriteCopying
    read_back: str | None
    promise: str | None


def explain(table: RouteTable, head: RequestHead, address: str = "127.0.0.1") -> Explanation:
    """Work out what happens to a request from the client at `address`."""
    route = table.match(head)
    ambiguous = ambiguity(table, head, route)
    if ambiguous is not None and ambiguous.outcome is Outcome.ROUTED:
        route = ambiguous.reading.route
    plan = table.fallthrough if route is None else route.plan_for(head.method)
    key = None if route is None or route.canary is None else route.canary.key.key_of(head, address)
    decision = decide(plan, key, draw=0.0)  # the lowest draw: with the copy, if there are any
    return Explanation(
        method=head.method,
        path=head.target.path,
        route=route.label if route else None,
        line=route.line if route else None,
        domain=route.domain if route else None,
        phase=route.phase if route else None,
        effect=effect_of(head.method, route.effect if route else None),
        passed=tuple(_passed(table, head, route)),
        ambiguity=None if ambiguous is None else _ambiguity(ambiguous),
        canary=None if route is None else _canary(route, plan, key),
        primary=decision.primary,
        system=decision.system,
        candidate=decision.candidate,
        sample=plan.sample,
        fallback=decision.fallback,
        rewrite=None if route is None else _rewrite(route),
        forwarded=_forwarded(route, head, decision.system),
        copied=_copied(route, head, decision),
        writes=decision.writes,
        read_back=_read_back(route, head, decision),
        promise=_promise(table, route, decision),
    )


def _ambiguity(found: Ambiguity) -> AmbiguityAnswer:
    path, route, any_case = found.reading
    return AmbiguityAnswer(path, any_case, route.label, route.line, found.outcome)


def _canary(route: Route, plan: Plan, key: bytes | None) -> CanaryAnswer | None:
    if route.canary is None or plan.threshold == 0:
        return None
    bucket = None if key is None else bucket_of(plan.salt, key)
    return CanaryAnswer(route.canary.key_text, bucket, route.canary.weight, plan.threshold)


def _rewrite(route: Route) -> RewriteAnswer | None:
    if route.rewrite is None or route.way_back is None:
        return None
    leads_back = route.way_back.way.back is not None
    return RewriteAnswer(route.rewrite.to.text, leads_back, route.json_urls)


def _forwarded(route: Route | None, head: RequestHead, system: System) -> str:
    forward = head.target.forward
    if route is not None and route.rewrite is not None and system is System.SERVICE:
        forward = route.rewrite.apply(forward)
    return forward.decode("latin-1")


def _copied(route: Route | None, head: RequestHead, decision: Decision) -> str | None:
    if not decision.sends_body:
        return None
    return _forwarded(route, head, decision.system.other)


def _read_back(route: Route | None, head: RequestHead, decision: Decision) -> str | None:
    if route is None or decision.writes is not WriteCopying.READ_BACK:
        return None
    if route.read_back is not None:
        return f"GET {route.read_back}"
    path = f", else GET {head.target.path}" if head.method in NAMED_BY_ITSELF else ""
    return f"GET the Location of a 201{path}"


def _promise(table: RouteTable, route: Route | None, decision: Decision) -> str | None:
    if route is None or decision.writes is not WriteCopying.DRY_RUN:
        return None
    probe = table.domains[route.domain].dry_run
    return None if probe is None else probe.path


def _passed(table: RouteTable, head: RequestHead, route: Route | None) -> list[Passed]:
    """List the other routes on the path, the most specific first."""
    claims = list(table.root.ranked(head.target.path))
    winner = next((c for c in claims if c.owner is route and c.conditions.met(head)), None)
    passed: dict[str, Passed] = {}
    for claim in claims:
        if claim.owner is not route and claim.owner.label not in passed:
            why = claim.conditions.refusal(head) or (winner and _less_specific(claim, winner))
            passed[claim.owner.label] = Passed(claim.owner.label, claim.owner.line, why or "")
    return list(passed.values())


def _less_specific(loser: Claim[Route], winner: Claim[Route]) -> str:
    """Say by what rule of specificity one claim lost to another on the same request."""
    for theirs, ours in zip_longest(loser.pattern.segments, winner.pattern.segments):
        if theirs is None or ours is None:
            return f"** is less specific than {ours or 'the end of the path'}"
        if theirs.shape != ours.shape:
            return f"the {theirs.kind} {theirs} is less specific than the {ours.kind} {ours}"
    if loser.pattern.rest != winner.pattern.rest:
        return "** is less specific than the end of the path"
    (count, exact), (most, most_exact) = loser.conditions.rank, winner.conditions.rank
    if count != most:
        return f"has fewer conditions: {count}, not {most}"
    if exact != most_exact:
        return "has fewer conditions on exact values"
    return "has a wider host"
