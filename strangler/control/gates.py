"""Reads from the store what gates are judged on, and asks them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from strangler.compare.verdict import Verdict
from strangler.migration.evidence import (
    FAILED,
    FALLBACK,
    TIMED,
    Answers,
    Compared,
    Evidence,
    Stratum,
)
from strangler.migration.gate import GATES, Gate, gate_of
from strangler.migration.transition import STEPS, PhaseChange
from strangler.migration.unclaimed import unexplained
from strangler.routing.decision import BUCKETS
from strangler.routing.phase import Effect, Phase, System
from strangler.routing.table import Domain, Route, RouteTable
from strangler.store.records import AnswerCount, LedgerEntry, Transition, VerdictCount
from strangler.store.store import Store

LONGEST_HISTORY = 1000
"""Moves of a domain that are looked through for the last that matters."""

ANEW = "the evidence counts anew"
"""The detail of a move that only begins another window, as after a new build of the service."""


@dataclass(frozen=True, slots=True)
class Window:
    """Since when evidence counts: the revision and its time."""

    revision: int
    at: datetime


def window_of(moves: Iterable[LedgerEntry], route: str | None, epoch: datetime) -> Window:
    """Give the last move of a domain, or of one of its routes; `moves` are newest first.

    A change of weight is a move too: what a tenth of the readers met says little of a half.
    """
    for entry in moves:
        if entry.transition.route in {None, route}:
            return Window(entry.revision, entry.at)
    return Window(0, epoch)


def phase_window(moves: Iterable[LedgerEntry], epoch: datetime) -> Window:
    """Give the move that brought a domain into its phase, whatever its weight did since."""
    for entry in moves:
        move = entry.transition
        if move.route is None and move.from_phase != move.to_phase:
            return Window(entry.revision, entry.at)
    return Window(0, epoch)


async def read_evidence(
    store: Store, domain: Domain, phase: Phase, route: str | None, epoch: datetime
) -> Evidence:
    """Read what is known of a domain's routes in one phase, or of one of them, in its window."""
    moves = await store.history(domain.name, LONGEST_HISTORY)
    window = window_of(moves, route, epoch)
    first = phase_window(moves, epoch).revision
    subject = {
        one.label: one
        for one in domain.routes
        if one.phase is phase and (route is None or one.label == route)
    }
    verdicts = await store.verdicts(domain.name, since=window.revision)
    answers = await store.answers(domain.name, since=min(first, window.revision))
    accepted = await store.accepted(epoch)
    alone = domain.canary is not None and domain.canary.threshold == BUCKETS
    return gathered(
        window, first if alone else window.revision, subject, verdicts, answers, accepted
    )


def gathered(
    window: Window,
    monolith_since: int,
    subject: Mapping[str, Route],
    verdicts: Sequence[VerdictCount],
    answers: Sequence[AnswerCount],
    accepted: frozenset[str] = frozenset(),
) -> Evidence:
    """Add up what counts for the routes in `subject`, by label; `accepted` are ids of findings.

    The monolith is looked at in the same window, except where all keys read from the service: then
    it has nothing to say any more, and what it said since `monolith_since` must do.
    """
    ours = [one for one in answers if _counts(one, subject)]
    service = [
        one for one in ours if one.system == System.SERVICE and one.revision >= window.revision
    ]
    monolith = [
        one for one in ours if one.system == System.MONOLITH and one.revision >= monolith_since
    ]
    taken_over = [one for one in service if one.outcome == FALLBACK]
    return Evidence(
        since=window.revision,
        began=window.at,
        compared=_compared((one for one in verdicts if one.route in subject), accepted),
        service=_answers(service),
        monolith=_answers(monolith),
        fallbacks=sum(one.count for one in taken_over),
        last_fallback=max((one.last_seen for one in taken_over), default=None),
        accepted=accepted,
    )


def _counts(one: AnswerCount, subject: Mapping[str, Route]) -> bool:
    """Whether answers are held against the other system's: reads, which both give in the canary.

    Once the service writes too, all that it answers counts.
    """
    route = subject.get(one.route)
    if route is None or one.outcome == TIMED:
        return False
    return route.phase is Phase.EXTRACTED or route.effect_of(one.method) is Effect.READ


_ACCEPTED = "accepted"


def _compared(
    verdicts: Iterable[VerdictCount], accepted: frozenset[str]
) -> dict[Stratum, Compared]:
    """Add up how comparisons ended; a mismatch is accepted if all that it showed is.

    That is asked anew each time: what is reopened counts again, from the first time it was seen.
    """
    counts: defaultdict[Stratum, Counter[str]] = defaultdict(Counter)
    for one in verdicts:
        excused = one.findings and accepted.issuperset(one.findings)
        verdict = _ACCEPTED if excused else one.verdict
        counts[Stratum(one.route, one.method, one.status)][verdict] += one.count
    return {
        stratum: Compared(
            agreed=told[Verdict.MATCH] + told[Verdict.IGNORED],
            mismatched=told[Verdict.MISMATCH],
            inconclusive=told[Verdict.INCONCLUSIVE],
            accepted=told[_ACCEPTED],
            racy=told[Verdict.RACY],
        )
        for stratum, told in counts.items()
    }


def _answers(counts: Collection[AnswerCount]) -> Answers:
    strata: Counter[Stratum] = Counter()
    latency: Counter[int] = Counter()
    failed = 0
    for one in counts:
        strata[Stratum(one.route, one.method, "")] += one.count
        if one.outcome in {FAILED, FALLBACK, "5xx"}:
            failed += one.count
        if one.outcome not in {FAILED, FALLBACK}:
            latency[one.bucket] += one.count
    return Answers(strata.total(), failed, strata, latency)


# --- asking -------------------------------------------------------------------------------------


async def next_gate(store: Store, table: RouteTable, name: str, now: datetime) -> Gate | None:
    """Judge the gate that is next on a domain's way; None where there is none.

    In the canary that is the one for more weight and for the extraction, which ask the same.
    """
    domain = table.domains[name]
    after = STEPS.get(domain.phase)
    if after is None or (domain.phase, after) not in GATES:
        return None
    return await _ask(store, table, domain, (domain.phase, after), None, now)


async def gates_for(
    store: Store,
    old: RouteTable,
    new: RouteTable,
    changes: Sequence[PhaseChange],
    now: datetime,
) -> dict[PhaseChange, Gate]:
    """Judge the gates of all steps forward; what is live says what they ask for, not what comes."""
    asked = {}
    for change in changes:
        domain = old.domains.get(change.domain)
        if domain is None or not _goes_on(change, old, new):
            continue
        gate = await _ask(store, old, domain, (change.before, change.after), change.route, now)
        if gate is not None:
            asked[change] = gate
    return asked


def _goes_on(change: PhaseChange, old: RouteTable, new: RouteTable) -> bool:
    """Whether a change has a gate to pass: a step forward, or more weight in the canary."""
    if change.before is not change.after:
        return True  # back and over several steps there is none in `GATES`
    was, becomes = (table.domains[change.domain].canary for table in (old, new))
    if change.route is not None or was is None or becomes is None:
        return False
    return becomes.threshold > was.threshold


async def _ask(
    store: Store,
    table: RouteTable,
    domain: Domain,
    step: tuple[Phase, Phase],
    route: str | None,
    now: datetime,
) -> Gate | None:
    if step not in GATES:
        return None
    evidence = await read_evidence(store, domain, step[0], route, now)
    lagging = tuple(one.label for one in domain.routes if one.phase.step < step[0].step)
    evidence = replace(evidence, lagging=lagging)
    if step[0] is Phase.EXTRACTED:  # only then does nothing of the domain belong to the monolith
        hits = unexplained(table, domain.name, await store.unclaimed())
        evidence = replace(evidence, unexplained=tuple(hits))
    return gate_of(domain.name, step, evidence, domain.gate, now)


def with_evidence(
    changes: Sequence[PhaseChange], gates: Mapping[PhaseChange, Gate]
) -> list[Transition]:
    """Write changes down, each with how its gate stood."""
    return [
        replace(Transition.of(change), evidence=gates[change].report())
        if change in gates
        else Transition.of(change)
        for change in changes
    ]
