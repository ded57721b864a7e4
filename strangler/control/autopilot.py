"""Performs what the autopilot decides: the same revisions that a person would make.

Every replica looks; whoever is first appends the revision, and for the others the one they looked
at is no longer the newest. What was seen in the last moments is told from the store's counts, which
all replicas add to, so each judges the whole fleet.
"""

import asyncio
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from strangler.control.gates import (
    LONGEST_HISTORY,
    gates_for,
    next_gate,
    read_evidence,
    with_evidence,
)
from strangler.control.live import LiveTable
from strangler.control.moving import Proposal, make_live
from strangler.control.saved_file import SavedFile
from strangler.migration.autopilot import NOTHING, Action, Order, Position, Recent, decide
from strangler.migration.confidence import Share
from strangler.migration.evidence import Evidence, together
from strangler.migration.transition import transitions_between
from strangler.routing.edit import set_phase, set_weight
from strangler.routing.phase import Phase
from strangler.routing.table import AutopilotPolicy, Domain, RouteTable
from strangler.store.errors import Conflict, StoreError
from strangler.store.records import LedgerEntry
from strangler.store.store import Store

log = structlog.get_logger()

ACTOR = "autopilot"
"""Who moved, in the ledger."""

LOOK = 1.0
"""Seconds between two looks: as often as replicas write their counts."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was counted by one moment in one window of evidence; it only grows."""

    at: datetime
    failures: Share = NOTHING
    mismatches: Share = NOTHING
    service: Counter[int] = field(default_factory=Counter)
    monolith: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, evidence: Evidence, at: datetime) -> "Look":
        """Take what the evidence has."""
        return cls(
            at,
            evidence.service.failures,
            together(evidence.compared.values()).mismatches,
            Counter(evidence.service.latency),
            Counter(evidence.monolith.latency),
        )

    def since(self, before: "Look") -> Recent:
        """Give what came after an earlier look."""
        return Recent(
            _grown(before.failures, self.failures),
            _grown(before.mismatches, self.mismatches),
            self.service - before.service,
            self.monolith - before.monolith,
            self.monolith,
        )


@dataclass(slots=True)
class Moments:
    """What was counted at each of the last looks, in one window of evidence."""

    since: int = -1
    accepted: frozenset[str] = frozenset()
    looks: deque[Look] = field(default_factory=deque)

    def __repr__(self) -> str:
        """Show how far back it goes."""
        return f"<Moments since={self.since} looks={len(self.looks)}>"

    def take(self, evidence: Evidence, now: datetime, within: float) -> Recent:
        """Take a look, and give what came within the last seconds.

        The counts only grow within a window; where it begins anew, nothing was counted before.
        Where other findings are accepted than before, what was counted long ago is counted
        otherwise: that is nothing of the last seconds.
        """
        look = Look.of(evidence, now)
        begins = evidence.since != self.since
        if begins or evidence.accepted != self.accepted:
            # What was there at our very first look came at some time before.
            first = Look(now) if begins and self.since >= 0 else look
            self.since, self.accepted = evidence.since, evidence.accepted
            self.looks.clear()
            self.looks.append(first)
        self.looks.append(look)
        # One that is older stays: what came after it is what came within the time.
        while len(self.looks) > 2 and self.looks[1].at <= now - timedelta(seconds=within):
            self.looks.popleft()
        return look.since(self.looks[0])


def _grown(before: Share, after: Share) -> Share:
    return Share(after.hits - before.hits, after.trials - before.trials)


def stood_down(moves: list[LedgerEntry]) -> str:
    """Say why a domain is left alone: its last move was a step back of ours, and nobody has spoken.

    A promotion by a person, or `strangler gate DOMAIN --anew`, sets it going again.
    """
    last = next((entry for entry in moves if entry.transition.route is None), None)
    if last is None or last.actor != ACTOR:
        return ""
    move = last.transition
    if Phase(move.to_phase).step >= Phase(move.from_phase).step:
        return ""
    return f"it stepped back in revision {last.revision}; a person sets it going again"


async def _position(store: Store, domain: Domain, evidence: Evidence) -> Position:
    moves = await store.history(domain.name, LONGEST_HISTORY)
    threshold = 0 if domain.canary is None else domain.canary.threshold
    return Position(domain.phase, threshold, evidence.began, stood_down(moves))


async def intention(store: Store, table: RouteTable, name: str, now: datetime) -> Order | None:
    """Say what is to be done with a domain as far as the store tells; None without an autopilot.

    What came in the last moments is known to the replicas alone: of a breach nothing is said.
    """
    domain = table.domains[name]
    if domain.autopilot is None:
        return None
    evidence = await read_evidence(store, domain, domain.phase, None, now)
    position = await _position(store, domain, evidence)
    gate = await next_gate(store, table, name, now)
    return decide(domain.autopilot, position, gate, Recent(), now)


class Autopilot:
    """Looks after the domains that asked for it."""

    def __init__(self, store: Store, live: LiveTable, file: SavedFile | None = None) -> None:
        """Judge what `live` serves by what is in `store`; what is moved is moved in `file`, too."""
        self._store = store
        self._live = live
        self._file = file
        self._moments: dict[str, Moments] = {}

    def __repr__(self) -> str:
        """Show whom it looks after."""
        return f"<Autopilot {sorted(self._moments)}>"

    async def run(self) -> None:
        """Look, for ever. While the store is away nothing is known, and nothing moved."""
        while True:
            await asyncio.sleep(LOOK)
            with suppress(StoreError):
                await self.look(datetime.now(UTC))

    async def look(self, now: datetime) -> None:
        """Look at every domain once, and do what is to be done."""
        for name, domain in self._live.table.domains.items():
            if domain.autopilot is not None:
                order = await self._order(domain, domain.autopilot, now)
                if order.action is not Action.HOLD:
                    await self._obey(name, order, now)

    async def _order(self, domain: Domain, policy: AutopilotPolicy, now: datetime) -> Order:
        evidence = await read_evidence(self._store, domain, domain.phase, None, now)
        recent = self._moments.setdefault(domain.name, Moments()).take(evidence, now, policy.within)
        position = await _position(self._store, domain, evidence)
        gate = await next_gate(self._store, self._live.table, domain.name, now)
        return decide(policy, position, gate, recent, now)

    async def _obey(self, name: str, order: Order, now: datetime) -> None:
        """Make the revision, unless another was first: then there is something new to look at."""
        before, revision = self._live.table, self._live.revision
        assert order.phase is not None  # noqa: S101 - only to hold has none
        text = set_phase(revision.text, name, order.phase)
        if order.weight is not None:
            text = set_weight(text, name, order.weight)
        table = await self._live.compiler.table_of(text, f"revision {revision.number}")
        changes = transitions_between(before, table)
        gates = await gates_for(self._store, before, table, changes, now)
        proposal = Proposal(
            text=text,
            table=table,
            actor=ACTOR,
            reason=order.why,
            transitions=with_evidence(changes, gates),
            previous=revision.number,
        )
        with suppress(Conflict):
            made = await make_live(self._store, before, proposal)
            log.info("autopilot", domain=name, action=order.action.value, revision=made.number)
            if self._file is not None:
                self._file.replace(revision.text, text)
        self._live.look_now()
