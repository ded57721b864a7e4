"""Works out where each domain stands: who answers it, since when, and on what evidence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from strangler.compare.verdict import Verdict
from strangler.routing.decision import BUCKETS
from strangler.routing.phase import PHASES, Phase, System
from strangler.routing.table import Domain, RouteTable
from strangler.store.records import Finding, LedgerEntry, VerdictCount


@dataclass(frozen=True, slots=True)
class Straggler:
    """A route whose phase is not its domain's: it lags behind, or runs ahead."""

    route: str
    line: int
    phase: Phase
    lags: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was compared since a domain came into its phase.

    `mismatch_rate` is the share of mismatches among the comparisons that came to an end and were
    not racy, None where there is none. `findings` are those seen since then, noise left out,
    `findings_ever` all.
    """

    since_revision: int
    verdicts: dict[str, int]
    mismatch_rate: float | None
    findings: int
    findings_ever: int

    @property
    def concluded(self) -> int:
        """How many comparisons came to an end."""
        return concluded_of(self.verdicts)


@dataclass(frozen=True, slots=True)
class Standing:
    """One domain. `reads` maps upstreams to the share (0 to 1) of the keys that they answer."""

    name: str
    service: str
    phase: Phase
    weight: str | None
    reads: dict[str, float]
    writes: str
    evidence: Evidence
    stragglers: tuple[Straggler, ...]


def phase_began(moves: Iterable[LedgerEntry]) -> int:
    """Give the revision that brought a domain into its phase; `moves` are its, newest first.

    0, all there is, if the ledger does not tell.
    """
    for entry in moves:
        move = entry.transition
        if move.route is None and move.from_phase != move.to_phase:
            return entry.revision
    return 0


def concluded_of(verdicts: Mapping[str, int]) -> int:
    """Count the comparisons that say something: a side answered each, and no change of the data."""
    told = {Verdict.MATCH, Verdict.IGNORED, Verdict.MISMATCH}
    return sum(count for verdict, count in verdicts.items() if verdict in told)


def gather(since: int, counts: Sequence[VerdictCount], findings: Sequence[Finding]) -> Evidence:
    """Sum up the evidence on one domain under revision `since` and later ones."""
    verdicts = {verdict.value: 0 for verdict in Verdict}
    for one in counts:
        verdicts[one.verdict] = verdicts.get(one.verdict, 0) + one.count
    concluded = concluded_of(verdicts)
    return Evidence(
        since_revision=since,
        verdicts=verdicts,
        mismatch_rate=verdicts[Verdict.MISMATCH] / concluded if concluded else None,
        findings=sum(finding.revision_last >= since for finding in findings),
        findings_ever=len(findings),
    )


def standing_of(table: RouteTable, domain: Domain, evidence: Evidence) -> Standing:
    """Put together what the table and the evidence say of one domain."""
    rule = PHASES[domain.phase]
    upstreams = {System.MONOLITH: table.monolith, System.SERVICE: domain.service}
    canary = domain.canary if rule.canary_reads else None
    if canary is None:
        reads = {upstreams[rule.reads]: 1.0}
    else:
        share = canary.threshold / BUCKETS
        reads = {domain.service: share, table.monolith: 1.0 - share}
    return Standing(
        name=domain.name,
        service=domain.service,
        phase=domain.phase,
        weight=canary.weight if canary else None,
        reads=reads,
        writes=upstreams[rule.writes],
        evidence=evidence,
        stragglers=tuple(
            Straggler(route.label, route.line, route.phase, route.phase.step < domain.phase.step)
            for route in domain.routes
            if route.phase is not domain.phase
        ),
    )
