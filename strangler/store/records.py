"""What the store takes and gives: frozen values, times in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from strangler.compare.state import FindingState
from strangler.compare.title import title
from strangler.migration.recording import RecordedHead
from strangler.migration.transition import PhaseChange
from strangler.migration.unclaimed import Seen, Template
from strangler.routing.phase import Phase
from strangler.store.observed import Example


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of `routes.yaml` that was live. `digest` is the SHA-256 of its `text`.

    `forced`: it made a move that the phases forbid, on somebody's word. `hash` chains it to the
    revision before it.
    """

    number: int
    at: datetime
    actor: str
    reason: str
    digest: str
    text: str
    forced: bool
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of phase (or of weight: `detail` says "weight 10% → 50%") within a revision.

    `route` is None where the whole domain moved. `evidence` is how the gate of the step stood, as
    plain data; None where there was none to open.
    """

    domain: str
    route: str | None
    from_phase: str
    to_phase: str
    detail: str = ""
    evidence: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, change: PhaseChange) -> "Transition":
        """Write down a change that a plan found."""
        return cls(
            change.domain, change.route, change.before.value, change.after.value, change.detail
        )

    def change(self) -> PhaseChange:
        """Give the change again. Raises `ValueError` for a phase of a newer strangler."""
        before, after = Phase(self.from_phase), Phase(self.to_phase)
        return PhaseChange(self.domain, self.route, before, after, self.detail)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A revision with all its transitions, in order: one link of the ledger's chain."""

    revision: Revision
    transitions: tuple[Transition, ...]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A transition together with the revision that made it: who moved what, when and why."""

    revision: int
    at: datetime
    actor: str
    reason: str
    forced: bool
    transition: Transition


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of the ledger is asked for; None stands for all.

    `phase`: a transition from or to it. `actor`: the whole name, or what stands before its `@`.
    `since` and `until` are included.
    """

    domain: str | None = None
    route: str | None = None
    phase: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def of_moves(self) -> bool:
        """Whether only transitions can be meant, and no revision that moved nothing."""
        return not (self.domain is self.route is self.phase is None)


@dataclass(frozen=True, slots=True)
class StateChange:
    """What was said of a finding: how it stands since `at`, on whose word and why.

    `until`: when that ends to hold, if ever.
    """

    at: datetime
    actor: str
    reason: str
    state: FindingState
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A class of differences with one cause, over all exchanges that showed it.

    `id` is the signature, with an `n` before it for noise: the same differences may be noise at
    one time and real at another, and are then two findings. `compared` is how many exchanges of
    its route were compared since it was first seen. `state` is what holds now, `until` a date if
    that ends. `history` (what was said of it, oldest first) and `examples` (a few of all
    sightings, each with the same chance, oldest first) are filled when one finding is asked for,
    not in lists.
    """

    id: str
    signature: str
    domain: str
    route: str
    kind: str
    paths: tuple[str, ...]
    noise: bool
    first_seen: datetime
    last_seen: datetime
    revision_first: int
    revision_last: int
    count: int
    change: str = ""
    compared: int = 0
    state: FindingState = FindingState.OPEN
    until: datetime | None = None
    history: tuple[StateChange, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def matters(self) -> bool:
        """Whether somebody must look at it."""
        return self.state is FindingState.OPEN and not self.noise

    @property
    def title(self) -> str:
        """Say in words what it is."""
        return title(self.kind, self.paths, self.change)

    @property
    def share(self) -> float | None:
        """Give its share of the comparisons since it was first seen, if that is known."""
        return round(min(1.0, self.count / self.compared), 6) if self.compared else None


@dataclass(frozen=True, slots=True)
class NoiseSeen:
    """What is known of noise at one place of a route: what `upstream` shows against itself.

    `path` and `way` tell in what answers differ, `kind` is what makes them differ (see
    `strangler.compare.noise_kind`). Of `looks` in which answers were held against each other it
    `moved` in so many. `primary` and `candidate` name the form of either side's values, and hold
    nothing of them.
    """

    domain: str
    route: str
    upstream: str
    path: str
    way: str
    kind: str
    looks: int
    moved: int
    primary: str
    candidate: str
    first_seen: datetime
    last_seen: datetime

    def plus(self, later: "NoiseSeen") -> "NoiseSeen":
        """Add what was seen later."""
        return replace(
            later,
            looks=self.looks + later.looks,
            moved=self.moved + later.moved,
            primary=later.primary or self.primary,
            candidate=later.candidate or self.candidate,
            first_seen=self.first_seen,
        )


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """How often a route's exchanges of one kind ended with one verdict under one revision.

    `findings` are all that the mismatches showed, by id; empty or `UNTOLD` where that is not known.
    """

    domain: str
    route: str
    revision: int
    verdict: str
    count: int
    method: str = ""
    status: str = ""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HourCount:
    """How often a route's comparisons ended with one verdict in the hour that begins at `hour`."""

    domain: str
    route: str
    hour: datetime
    verdict: str
    count: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """Counts of one route to be added up: `told_by` maps their revisions to earlier ones."""

    domain: str
    route: str
    told_by: Mapping[int, int]


AnswerKey: TypeAlias = tuple[str, str, int, str, str, str, int]
"""A kind of answer: domain, route, revision, system, method, outcome, bucket of its latency."""


@dataclass(frozen=True, slots=True)
class AnswerCount:
    """How often a system was asked, and what became of it, under one revision.

    `outcome` is the class of its answer (`2xx`) or one of those in `strangler.migration.evidence`;
    `bucket` tells how long it took (`strangler.migration.latency`).
    """

    domain: str
    route: str
    revision: int
    system: str
    method: str
    outcome: str
    bucket: int
    count: int
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule made something equal on a route."""

    domain: str
    route: str
    rule: str
    count: int


@dataclass(frozen=True, slots=True)
class HeadSample:
    """A recorded request head that stands for `weight` requests of a `replica`.

    `at` is the end of the seconds in which it came, `key` tells with what it is hashed.
    """

    at: datetime
    replica: str
    weight: float
    key: str
    head: RecordedHead


@dataclass(frozen=True, slots=True)
class TrafficReport:
    """What was seen of the traffic for a while.

    `unclaimed` are the paths that no route claims, by template; `calls` says how often each route,
    by its label, was called.
    """

    heads: tuple[HeadSample, ...] = ()
    unclaimed: tuple[Template, ...] = ()
    calls: tuple[tuple[str, Seen], ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something `status` must show though another process met it, such as a refused file."""

    replica: str
    kind: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class ReplicaState:
    """What one life of a replica tells of itself.

    `life` is unlike that of any other, before or after. `revision` is the newest that *all* its
    workers serve, 0 before they do; `fence` the newest at which the writes of all of them wait
    and none from before is under way. Times are the store's own, as machines' clocks differ.
    """

    life: str
    name: str
    address: str
    started_at: datetime
    seen_at: datetime
    revision: int
    workers: int
    workers_ready: int
    fence: int = 0


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Somebody's word that a life of a replica is over, though it did not say so itself."""

    life: str
    name: str
    at: datetime
    actor: str
    reason: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Fleet:
    """The replicas at one moment, by name: `now`, the store's time; `newest`, the live revision."""

    now: datetime
    newest: int
    replicas: tuple[ReplicaState, ...]


class FenceState(StrEnum):
    """How far a fence has come. It ends one way or the other, once."""

    RAISED = "raised"
    SWITCHED = "switched"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class Fence:
    """A time in which the writes of some domains wait, because their writer is to move.

    `left` are the seconds to its deadline by the store's clock when it was read, below 0 after it.
    `follows` is the revision that was live; the one after it is the switch, if it came to that.
    `requests` may wait in one worker. `said` tells what is in the way of the switch, and in the end
    how it ended. `at` and `ended_at` are the store's times; the latter is None while it stands.
    """

    number: int
    left: float
    actor: str
    reason: str
    follows: int
    domains: frozenset[str]
    everything: bool
    requests: int
    state: FenceState
    said: str = ""
    at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def raised(self) -> bool:
        """Whether writes wait for it."""
        return self.state is FenceState.RAISED


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a replica looks for in the store: the newest fence, and then the newest revision.

    In this order: a revision that was newest *before* a fence was over may not be any more.
    """

    fence: Fence | None
    newest: int
