"""Performs a change of what is live; one that moves a writer goes through a fence.

Whoever moves may die at any point: the fence is in the store, with a deadline, and whoever looks at
it after that lifts it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from strangler.control.lag import ask_lag
from strangler.migration.fence import Scope, Step, moved_writers, next_step
from strangler.routing.table import Domain, RouteTable
from strangler.store.errors import StoreError
from strangler.store.records import Fence, FenceState, Revision, Transition
from strangler.store.store import Store

LOOK = 0.05
"""Seconds between two looks at who has acknowledged: writes wait in the meantime."""

NOTE = 0.5
"""Seconds between two notes of what is in the way: numbers of lag change with every look."""

MARGIN = 0.25
"""Seconds before the deadline from which the move is given up: lifting takes a moment as well."""


class NotMovedError(StoreError):
    """The fence was lifted: nothing has moved. The message names what was in the way."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A revision that is to be made: its text, compiled, and why. `previous` is live now."""

    text: str
    table: RouteTable
    actor: str
    reason: str
    transitions: Sequence[Transition]
    previous: int | None
    forced: bool = False


async def make_live(store: Store, before: RouteTable | None, proposal: Proposal) -> Revision:
    """Make the proposal the newest revision; `before` is the table that is live.

    Raises `Conflict` where somebody else was first, `NotMovedError` where a writer could not be
    moved.
    """
    scope = moved_writers(before, proposal.table)
    if before is None or not scope:
        return await _add(store, proposal)
    return await _Move(store, before, proposal, scope).make()


async def _add(store: Store, proposal: Proposal, fence: int | None = None) -> Revision:
    return await store.add_revision(
        text=proposal.text,
        digest=proposal.table.digest,
        actor=proposal.actor,
        reason=proposal.reason,
        at=datetime.now(UTC),
        transitions=proposal.transitions,
        previous=proposal.previous,
        forced=proposal.forced,
        fence=fence,
    )


class _Move:
    """One move of a writer: raised, waited for, and switched or lifted."""

    def __init__(self, store: Store, before: RouteTable, proposal: Proposal, scope: Scope) -> None:
        self._store = store
        self._before = before
        self._proposal = proposal
        self._scope = scope
        self._in_the_way: list[str] = []
        self._noted: tuple[float, list[str]] = (0.0, [])

    def __repr__(self) -> str:
        return f"<_Move of {self._scope} by {self._proposal.actor}>"

    async def make(self) -> Revision:
        fence = await self._store.raise_fence(self._draft())
        try:
            revision = await self._until_all_wait(fence)
        except BaseException:
            # Somebody interrupts us. Lifting does nothing to a fence that was switched.
            await self._store.lift_fence(fence.number, "whoever moved the writer gave up")
            raise
        return revision or await self._lift(fence)

    def _draft(self) -> Fence:
        policies = [domain.fence for domain in self._domains()]
        return Fence(
            number=0,
            left=min(policy.wait for policy in policies),
            actor=self._proposal.actor,
            reason=self._proposal.reason,
            follows=self._proposal.previous or 0,
            domains=self._scope.domains,
            everything=self._scope.everything,
            requests=min(policy.requests for policy in policies),
            state=FenceState.RAISED,
        )

    def _domains(self) -> list[Domain]:
        """Give the domains that move as they will be, or were where they go."""
        tables = (self._before, self._proposal.table)
        known = {name: table.domains[name] for table in tables for name in table.domains}
        return [known[name] for name in sorted(self._scope.domains or known)]

    async def _until_all_wait(self, fence: Fence) -> Revision | None:
        """Switch when every replica's writes wait and nothing is on its way; None if too late."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + fence.left - MARGIN
        while loop.time() < deadline:
            try:
                revision = await self._try(fence, deadline - loop.time())
            except StoreError as error:  # it may come back, with a fence that has ended or stands
                self._in_the_way = [str(error)]
                revision = None
            if revision is not None:
                return revision
            await self._note(fence.number, loop.time())
            await asyncio.sleep(LOOK)
        return None

    async def _note(self, fence: int, now: float) -> None:
        """Let others see what is in the way, where it is something else than a moment ago."""
        at, said = self._noted
        if self._in_the_way != said and now - at >= NOTE:
            self._noted = now, self._in_the_way
            with suppress(StoreError):
                await self._store.note_fence(fence, "; ".join(self._in_the_way))

    async def _try(self, fence: Fence, left: float) -> Revision | None:
        """Look at all replicas, then at the probes, and switch if nothing is in the way."""
        missing = await self._store.unacknowledged(fence.number)
        self._in_the_way = [f"{name} did not acknowledge the fence" for name in missing]
        if next_step(left, missing, None) is Step.PROBE:
            self._in_the_way = await self._lags()
            if next_step(left, missing, self._in_the_way) is Step.SWITCH:
                return await _add(self._store, self._proposal, fence.number)
        return None

    async def _lags(self) -> list[str]:
        """Say what the domains' probes have against the move."""
        asked = [
            ask_lag(domain.lag, self._table_with(domain.lag.upstream))
            for domain in self._domains()
            if domain.lag is not None
        ]
        readings = [one for answers in await asyncio.gather(*asked) for one in answers]
        return [str(reading) for reading in readings if not reading.settled]

    def _table_with(self, upstream: str) -> RouteTable:
        after = self._proposal.table
        return after if upstream in after.upstreams else self._before

    async def _lift(self, fence: Fence) -> Revision:
        why = "; ".join(self._in_the_way) or "it took too long"
        ended = await self._store.lift_fence(fence.number, why)
        if ended.state is FenceState.SWITCHED:  # by us, and the store went away with its answer
            switched = await self._store.revision(fence.follows + 1)
            if switched is not None:
                return switched
        raise NotMovedError(
            f"the writer of {self._scope} was not moved within {fence.left:.3g} s, and nothing has "
            f"changed: {why}"
        )
