"""Counts what happens, in plain integers; the control plane turns them into metrics when asked.

One `Counters` object belongs to one worker. Its `snapshot` crosses the process border, and
snapshots of several workers add up (`add`).
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

LATENCY_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds in seconds of the latency histogram: from a cache hit to a slow report."""

UNCLAIMED = "(unclaimed)"
"""The label of requests that no route claims: they go to the monolith."""


@dataclass(slots=True)
class Latency:
    """A histogram: `buckets[i]` counts durations up to `LATENCY_BOUNDS[i]`, the last the rest."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.total += seconds
        self.buckets[bisect_left(LATENCY_BOUNDS, seconds)] += 1

    def add(self, other: "Latency") -> None:
        """Add another histogram."""
        self.buckets = [
            ours + theirs for ours, theirs in zip(self.buckets, other.buckets, strict=True)
        ]
        self.total += other.total


@dataclass(slots=True)
class Counters:
    """Everything one worker counts since it started.

    `exchanges`: by (route, system or "strangler" where we answered ourselves, status).
    `failures`: failed tries by (upstream, stage, cause). `recoveries`: by (route, recovery).
    `copies`: shadow copies by (route, what became of them). `verdicts`: by (route, verdict).
    `asks`: what was asked of either side for their sake, by (route, what came of it).
    `refusals`: requests refused for what they are or because too much goes on, by status.
    `connections_refused`: by reason. `pauses`: of accepting, because no descriptor was left.
    `handshakes`: of clients, by how they ended.
    `ejections`: of targets, by upstream. `retries`: by (upstream, "spent" or "refused").
    `shed`: requests that found all targets of an upstream full, by (upstream, why they went).
    `held`: writes that came to a fence, by what became of them.
    `ambiguous_paths`: by (route that a path may also mean, what became of the request).
    `promises`: asked of services before dry runs, by (upstream, what came of it).
    `own_reads`: reads that went to the writer lest a client miss its own write, by domain.
    `unmapped_bodies`: JSON bodies whose URLs could not be mapped, by route.
    `unreported`: observations that could not be handed to the control plane.
    """

    exchanges: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    latency: dict[str, Latency] = field(default_factory=dict)
    failures: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    recoveries: Counter[tuple[str, str]] = field(default_factory=Counter)
    copies: Counter[tuple[str, str]] = field(default_factory=Counter)
    asks: Counter[tuple[str, str]] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    refusals: Counter[int] = field(default_factory=Counter)
    connections_refused: Counter[str] = field(default_factory=Counter)
    handshakes: Counter[str] = field(default_factory=Counter)
    ejections: Counter[str] = field(default_factory=Counter)
    retries: Counter[tuple[str, str]] = field(default_factory=Counter)
    shed: Counter[tuple[str, str]] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    ambiguous_paths: Counter[tuple[str, str]] = field(default_factory=Counter)
    own_reads: Counter[str] = field(default_factory=Counter)
    promises: Counter[tuple[str, str]] = field(default_factory=Counter)
    unmapped_bodies: Counter[str] = field(default_factory=Counter)
    cancelled: int = 0
    aborted: int = 0
    connections: int = 0
    pauses: int = 0
    unreported: int = 0
    comparator_faults: int = 0

    def exchange_done(self, route: str, system: str, status: int, seconds: float) -> None:
        """Count one exchange that was answered."""
        self.exchanges[route, system, status] += 1
        latency = self.latency.get(route)
        if latency is None:
            latency = self.latency[route] = Latency()
        latency.observe(seconds)

    def add(self, other: "Counters") -> None:
        """Add another worker's counts to these."""
        self.exchanges += other.exchanges
        for route, latency in other.latency.items():
            self.latency.setdefault(route, Latency()).add(latency)
        self.failures += other.failures
        self.recoveries += other.recoveries
        self.copies += other.copies
        self.asks += other.asks
        self.verdicts += other.verdicts
        self.refusals += other.refusals
        self.connections_refused += other.connections_refused
        self.handshakes += other.handshakes
        self.ejections += other.ejections
        self.retries += other.retries
        self.shed += other.shed
        self.held += other.held
        self.ambiguous_paths += other.ambiguous_paths
        self.own_reads += other.own_reads
        self.promises += other.promises
        self.unmapped_bodies += other.unmapped_bodies
        self.cancelled += other.cancelled
        self.aborted += other.aborted
        self.connections += other.connections
        self.pauses += other.pauses
        self.unreported += other.unreported
        self.comparator_faults += other.comparator_faults


@dataclass(frozen=True, slots=True)
class Gauges:
    """What one worker holds at this moment."""

    open_connections: int
    exchanges_in_flight: int
    tunnels: int
    copies_in_flight: int
    copy_octets_held: int
    healthy_targets: dict[str, tuple[int, int]]  # upstream: (healthy, all)
    targets: dict[str, dict[str, int]]  # upstream: {standing: how many}
    pending: dict[str, int]  # upstream: requests that wait for a place
    held: int = 0  # writes that wait at a fence
