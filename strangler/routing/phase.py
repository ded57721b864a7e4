"""The phases of a route as one table of data: who answers reads, who writes, who gets a copy.

Everything that depends on a phase (the compiled plans, `explain`, the legal transitions, the
diagram in the docs) is derived from `PHASES`; nothing else decides by a phase's name.
"""

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """Where a route stands on its way out of the monolith, in order."""

    MONOLITH = "monolith"
    SHADOW = "shadow"
    CANARY = "canary"
    EXTRACTED = "extracted"
    RETIRED = "retired"

    @property
    def step(self) -> int:
        """Give this phase's place on the way: 0 for `monolith`, 4 for `retired`."""
        return list(Phase).index(self)


class System(StrEnum):
    """Which of the two systems: the monolith, or the service extracted from it."""

    MONOLITH = "monolith"
    SERVICE = "service"

    @property
    def other(self) -> "System":
        """Give the opposite system."""
        return System.SERVICE if self is System.MONOLITH else System.MONOLITH


class Effect(StrEnum):
    """Whether a request only asks or changes something."""

    READ = "read"
    WRITE = "write"


class Copying(StrEnum):
    """Whether a phase sends shadow copies of its reads to the other side."""

    NEVER = "never"
    SAMPLED = "sampled"
    IF_REVERSED = "if-reversed"  # only where the route asks for the reversed shadow


class WriteCopying(StrEnum):
    """What the candidate has to do with a write that the primary takes."""

    SKIP = "skip"
    READ_BACK = "read-back"  # nothing; both sides are asked for what was written
    DRY_RUN = "dry-run"  # it is asked to say what it would answer, and to change nothing


@dataclass(frozen=True, slots=True)
class PhaseRule:
    """Who answers in one phase.

    `canary_reads`: the service answers the keys below the weight. `may_fall_back`: the monolith
    may step in for reads that the service fails. `measured`: how the systems answer is counted,
    for the next step depends on it.
    """

    reads: System
    writes: System
    copying: Copying
    canary_reads: bool = False
    may_fall_back: bool = False
    measured: bool = False


PHASES: dict[Phase, PhaseRule] = {
    Phase.MONOLITH: PhaseRule(System.MONOLITH, System.MONOLITH, Copying.NEVER),
    Phase.SHADOW: PhaseRule(System.MONOLITH, System.MONOLITH, Copying.SAMPLED),
    Phase.CANARY: PhaseRule(
        System.MONOLITH,
        System.MONOLITH,
        Copying.SAMPLED,
        canary_reads=True,
        may_fall_back=True,
        measured=True,
    ),
    Phase.EXTRACTED: PhaseRule(
        System.SERVICE, System.SERVICE, Copying.IF_REVERSED, may_fall_back=True, measured=True
    ),
    Phase.RETIRED: PhaseRule(System.SERVICE, System.SERVICE, Copying.NEVER),
}

READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that read unless a route says otherwise (RFC 9110 section 9.2.1, less TRACE)."""


def effect_of(method: str, declared: Effect | None) -> Effect:
    """Decide whether a request reads or writes: the route's word, else its method."""
    if declared is not None:
        return declared
    return Effect.READ if method in READ_METHODS else Effect.WRITE
