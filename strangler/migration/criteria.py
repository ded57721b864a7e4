"""The criteria of gates, each a plain function of the evidence: open, shut, or not enough data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite
from typing import TypeAlias

from strangler.migration.confidence import Bounds, Share, above, below, bounds, misses_needed
from strangler.migration.evidence import Answers, Evidence, Stratum, together
from strangler.migration.latency import in_words, quantile_bounds, quantile_seen
from strangler.routing.table import GatePolicy

RARE = 0.02
"""A kind of exchange that is rarer than this is not waited for: a status that turns up once in a
thousand requests would hold every gate for ever. What is seen of it counts in the whole."""

FAR = 1_000_000
"""Samples beyond which no estimate is made of how many are lacking."""


class Outcome(StrEnum):
    """How a gate stands. What is not known is never a pass."""

    OPEN = "open"
    SHUT = "shut"
    UNKNOWN = "not enough data"


Number: TypeAlias = int | float | str | None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a gate asks for: how it stands, said for people, and in numbers."""

    name: str
    outcome: Outcome
    said: str
    numbers: Mapping[str, Number] = field(default_factory=dict)

    def __str__(self) -> str:
        """Write one line."""
        return f"{self.outcome}: {self.said}"


Judge: TypeAlias = Callable[[Evidence, GatePolicy, datetime], Criterion]


def mismatches(evidence: Evidence, policy: GatePolicy, _: datetime) -> Criterion:
    """The rate of mismatches lies under the budget; no kind of exchange proves to be over it."""
    whole = together(evidence.compared.values())
    seen, budget = whole.mismatches, policy.mismatches
    outcome, said = _under_budget(seen, budget, policy, "mismatches in comparisons")
    said += _accepted(whole.accepted)
    alpha = policy.alpha
    for stratum, compared in sorted(evidence.compared.items()):
        alone = compared.mismatches
        if above(alone, budget, alpha=alpha, near=budget):
            outcome = Outcome.SHUT
            least = bounds(alone, alpha=alpha, near=budget).lower
            said += f"; of {stratum} alone {alone}, at least {least:.2%}"
            break
    return Criterion("mismatches", outcome, said, _numbers(seen, budget, alpha))


def inconclusive(evidence: Evidence, policy: GatePolicy, _: datetime) -> Criterion:
    """Comparisons come to an end: a side that often fails is not judged by the rest."""
    seen = together(evidence.compared.values()).without_end
    budget = policy.inconclusive
    outcome, said = _under_budget(seen, budget, policy, "comparisons without an end")
    return Criterion("inconclusive", outcome, said, _numbers(seen, budget, policy.alpha))


def no_proof_against(evidence: Evidence, policy: GatePolicy, _: datetime) -> Criterion:
    """In the canary comparisons go on: they need prove nothing anew, but must not disprove."""
    whole = together(evidence.compared.values())
    seen, budget, alpha = whole.mismatches, policy.mismatches, policy.alpha
    over = above(seen, budget, alpha=alpha, near=budget)
    proven = "proven" if over else "not proven"
    said = f"mismatches in comparisons: {seen}, {proven} over {_percent(budget)}"
    said += _accepted(whole.accepted)
    outcome = Outcome.SHUT if over else Outcome.OPEN
    return Criterion("mismatches", outcome, said, _numbers(seen, budget, alpha))


def compared_enough(evidence: Evidence, policy: GatePolicy, _: datetime) -> Criterion:
    """Each kind of exchange that is not rare was compared often enough, and not mostly racy.

    What is racy counts among what was asked, so that a kind of which nearly all is racy is not
    taken for a rare one.
    """
    counts = {
        stratum: 0 if compared.mostly_racy else compared.mismatches.trials
        for stratum, compared in evidence.compared.items()
    }
    asked = {
        stratum: compared.mismatches.trials + compared.racy
        for stratum, compared in evidence.compared.items()
    }
    found = _enough(counts, asked, policy, "compared")
    racy = sorted(str(one) for one, compared in evidence.compared.items() if compared.mostly_racy)
    if found.outcome is Outcome.OPEN or not racy:
        return found
    said = f"{found.said}; mostly racy, which tells nothing: {', '.join(racy[:3])}"
    return replace(found, said=said, numbers={**found.numbers, "racy": len(racy)})


def answered_enough(evidence: Evidence, policy: GatePolicy, _: datetime) -> Criterion:
    """Each kind of request that clients make was answered often enough by the service."""
    asked = dict(evidence.monolith.strata)
    for stratum, count in evidence.service.strata.items():
        asked[stratum] = asked.get(stratum, 0) + count
    return _enough(evidence.service.strata, asked, policy, "asked of the service")


def _enough(
    counts: Mapping[Stratum, int], asked: Mapping[Stratum, int], policy: GatePolicy, verb: str
) -> Criterion:
    """See that each stratum has its samples, but for those that are rare among what is asked."""
    total = sum(asked.values())
    common = sorted(stratum for stratum, count in asked.items() if count >= RARE * total)
    lacking = [stratum for stratum in common if counts.get(stratum, 0) < policy.samples]
    numbers: dict[str, Number] = {
        "strata": len(common),
        "lacking": len(lacking),
        "samples": policy.samples,
    }
    if not common:
        return Criterion("samples", Outcome.UNKNOWN, f"nothing was {verb} yet", numbers)
    if not lacking:
        said = f"each of {len(common)} kinds of request was {verb} at least {policy.samples} times"
        return Criterion("samples", Outcome.OPEN, said, numbers)
    named = ", ".join(f"{one} ({counts.get(one, 0)})" for one in lacking[:3])
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    said = f"{verb} fewer than {policy.samples} times: {named}{more}"
    return Criterion("samples", Outcome.UNKNOWN, said, numbers)


def errors(evidence: Evidence, policy: GatePolicy, _: datetime) -> Criterion:
    """The service fails no more often than the monolith, but for what is allowed.

    Each side has half of the risk. Both are asked in the same window by readers that a hash
    divides, so that whatever else goes on meets both alike.
    """
    service, monolith = evidence.service.failures, evidence.monolith.failures
    alpha, allowed = policy.alpha / 2, policy.errors
    ours = bounds(service, alpha=alpha, near=allowed)
    theirs = bounds(monolith, alpha=alpha, near=allowed)
    said = (
        f"errors of the service: {service}, at most {ours.upper:.2%}; "
        f"of the monolith: {monolith}, at least {theirs.lower:.2%}; "
        f"{_percent(allowed)} more is allowed"
    )
    outcome = Outcome.UNKNOWN
    if not _both(evidence.service, evidence.monolith, policy):
        said += "; too few to compare"
    elif ours.upper < theirs.lower + allowed:
        outcome = Outcome.OPEN
    elif service.rate >= monolith.rate + allowed:
        outcome = Outcome.SHUT
    return Criterion("errors", outcome, said, _two_sided(service, ours, monolith, theirs, allowed))


def latency(evidence: Evidence, policy: GatePolicy, _: datetime) -> Criterion:
    """The service's slow answers are about as fast as the monolith's: one quantile is compared.

    Each side has half of the risk.
    """
    quantile, alpha = policy.quantile, policy.alpha / 2
    service, monolith = evidence.service.latency, evidence.monolith.latency
    ours = quantile_bounds(service, quantile, alpha=alpha)
    theirs = quantile_bounds(monolith, quantile, alpha=alpha)
    ours_seen, theirs_seen = quantile_seen(service, quantile), quantile_seen(monolith, quantile)
    allowed = theirs.lower * (1 + policy.slower) + policy.allow
    numbers: dict[str, Number] = {
        "quantile": quantile,
        "service": _finite(ours_seen),
        "service_upper": _finite(ours.upper),
        "monolith": _finite(theirs_seen),
        "monolith_lower": _finite(theirs.lower),
        "allowed": _finite(allowed),
    }
    if ours_seen is None or theirs_seen is None:
        silent = "the service" if ours_seen is None else "the monolith"
        said = f"latency: {silent} has answered no read yet"
        return Criterion("latency", Outcome.UNKNOWN, said, numbers)
    most = "unknown yet" if numbers["service_upper"] is None else f"at most {in_words(ours.upper)}"
    said = (
        f"latency: {quantile:.4g} quantile of the service {in_words(ours_seen)} ({most}), of the "
        f"monolith {in_words(theirs_seen)} (at least {in_words(theirs.lower)}), "
        f"which allows {in_words(allowed)}"
    )
    outcome = Outcome.UNKNOWN
    if not _both(evidence.service, evidence.monolith, policy):
        said += "; too few to compare"
    elif ours.upper <= allowed:
        outcome = Outcome.OPEN
    elif ours_seen > theirs_seen * (1 + policy.slower) + policy.allow:
        outcome = Outcome.SHUT
    return Criterion("latency", outcome, said, numbers)


def quiet(evidence: Evidence, policy: GatePolicy, now: datetime) -> Criterion:
    """No request needed the way back for long enough."""
    wanted = timedelta(seconds=policy.quiet)
    last = evidence.last_fallback
    began = evidence.began if last is None else max(last, evidence.began)
    still = now - began
    numbers: dict[str, Number] = {
        "fallbacks": evidence.fallbacks,
        "last": None if last is None else last.isoformat(),
        "quiet_seconds": still.total_seconds(),
        "wanted_seconds": policy.quiet,
    }
    since = f"{began:%Y-%m-%d %H:%M} UTC"
    if still >= wanted and evidence.service.total:
        said = f"no request needed the monolith since {since}, for {_span(still)}"
        return Criterion("quiet", Outcome.OPEN, said, numbers)
    if still >= wanted:
        said = f"no request has come since {since}: nobody can tell whether the monolith is needed"
        return Criterion("quiet", Outcome.UNKNOWN, said, numbers)
    if last is None:
        said = f"no request needed the monolith since {since}, but {_span(wanted)} are asked for"
        return Criterion("quiet", Outcome.UNKNOWN, said, numbers)
    needed = f"{evidence.fallbacks:,} request{'' if evidence.fallbacks == 1 else 's'}"
    said = (
        f"{needed} needed the monolith, the last at {since}; {_span(wanted)} without are asked for"
    )
    return Criterion("quiet", Outcome.SHUT, said, numbers)


def nobody_lags(evidence: Evidence, _: GatePolicy, __: datetime) -> Criterion:
    """No route of the domain still reads from the monolith on purpose."""
    lagging = evidence.lagging
    numbers: dict[str, Number] = {"lagging": len(lagging)}
    if not lagging:
        return Criterion("routes", Outcome.OPEN, "no route lags behind its domain", numbers)
    said = f"still behind their domain, with the monolith: {', '.join(lagging[:3])}"
    return Criterion("routes", Outcome.SHUT, said, numbers)


def explained(evidence: Evidence, policy: GatePolicy, now: datetime) -> Criterion:
    """Nothing that is claimed by no route reached the monolith where the domain lives, of late."""
    wanted = timedelta(seconds=policy.quiet)
    recent = [one for one in evidence.unexplained if now - one.seen.last < wanted]
    numbers: dict[str, Number] = {
        "unexplained": len(recent),
        "last": recent[0].seen.last.isoformat() if recent else None,
        "wanted_seconds": policy.quiet,
    }
    if not recent:
        said = f"every hit at the monolith within {_span(wanted)} is explained"
        return Criterion("unexplained", Outcome.OPEN, said, numbers)
    named = ", ".join(f"{one.method} {one.path} ({one.seen.count:,})" for one in recent[:3])
    more = f" and {len(recent) - 3} more" if len(recent) > 3 else ""
    said = (
        f"claimed by no route and answered by the monolith: {named}{more}, the last at "
        f"{recent[0].seen.last:%Y-%m-%d %H:%M} UTC; give it a route, or wait until {_span(wanted)} "
        "have passed without"
    )
    return Criterion("unexplained", Outcome.SHUT, said, numbers)


def _under_budget(seen: Share, budget: float, policy: GatePolicy, what: str) -> tuple[Outcome, str]:
    """Judge a rate that must be proven to lie under a budget; say it with what is lacking."""
    alpha = policy.alpha
    most = bounds(seen, alpha=alpha, near=budget).upper
    said = (
        f"{what}: {seen}, at most {most:.2%} with {_percent(1 - alpha)} confidence; "
        f"the budget is {_percent(budget)}"
    )
    if below(seen, budget, alpha=alpha, near=budget) and seen.trials >= policy.samples:
        return Outcome.OPEN, said
    if seen.trials >= policy.samples and seen.rate >= budget:
        return Outcome.SHUT, said
    more = misses_needed(seen, budget, alpha=alpha, near=budget, most=FAR)
    if more is not None:
        said += f"; {max(more, policy.samples - seen.trials):,} more without one would do"
    return Outcome.UNKNOWN, said


def _accepted(count: int) -> str:
    return f"; {count:,} more showed nothing but accepted findings" if count else ""


def _both(service: Answers, monolith: Answers, policy: GatePolicy) -> bool:
    return min(service.total, monolith.total) >= policy.samples


def _numbers(seen: Share, budget: float, alpha: float) -> dict[str, Number]:
    within = bounds(seen, alpha=alpha, near=budget)
    return {
        "hits": seen.hits,
        "trials": seen.trials,
        "lower": round(within.lower, 6),
        "upper": round(within.upper, 6),
        "budget": budget,
        "confidence": round(1 - alpha, 6),
    }


def _two_sided(
    service: Share, ours: Bounds, monolith: Share, theirs: Bounds, allowed: float
) -> dict[str, Number]:
    return {
        "service_hits": service.hits,
        "service_trials": service.trials,
        "service_upper": round(ours.upper, 6),
        "monolith_hits": monolith.hits,
        "monolith_trials": monolith.trials,
        "monolith_lower": round(theirs.lower, 6),
        "allowed": allowed,
    }


def _finite(seconds: float | None) -> float | None:
    """Write a duration that JSON can hold: beyond the last bucket there is no number."""
    return round(seconds, 6) if seconds is not None and isfinite(seconds) else None


def _percent(share: float) -> str:
    return f"{share * 100:.4g}%"


def _span(time: timedelta) -> str:
    """Write a time in its two largest units."""
    seconds = int(time.total_seconds())
    units = {"d": 86_400, "h": 3600, "min": 60, "s": 1}
    parts: list[str] = []
    for unit, size in units.items():
        count, seconds = divmod(seconds, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
