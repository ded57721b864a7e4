"""Performs the following of the store: its newest revision becomes the table of every worker.

When the store is away the table stays, and so do the clients. A replica that starts while it is
away serves the table that it kept on its own disk, and says so.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum

import structlog

from strangler.control.compiling import Compiler
from strangler.control.membership import Membership
from strangler.control.supervisor import Supervisor
from strangler.migration.fence import Seen, Writes, writes_after
from strangler.proxy.upstream_context import concerns
from strangler.routing.hold import Hold
from strangler.routing.mistakes import RoutesError
from strangler.routing.phase import Phase
from strangler.routing.recent import table_of
from strangler.routing.table import RouteTable
from strangler.store.errors import StoreError
from strangler.store.records import Fence, Revision
from strangler.store.store import Store

log = structlog.get_logger()

POLL = 0.5
"""Seconds between two looks at the store for something newer, if no news came before."""

FENCED_POLL = 0.05
"""The same while writes wait for what it says."""

ASKING = 1.0
"""Seconds beyond a fence's deadline in which we ask the store for the outcome; then the writes that
wait are told to come back."""

BEAT = 1.0
"""Seconds between two words of a replica that it lives; at once when it serves something new."""

LISTEN_AGAIN = 1.0
"""Seconds before we listen for news anew once the connection for it ended."""


NO_WRITES = Hold(0, frozenset(), everything=True, seconds=0.0, requests=0)
"""Without a fence: nobody here knows where writes go by now."""


class StoreWork(Enum):
    """What the store is used for here: a full disk stops the writing, and not the reading."""

    FOLLOWING = "following the newest revision"
    SAVING = "making a saved file a revision"
    RECORDING = "writing observations"
    RECORDING_TRAFFIC = "writing recorded traffic"


class LiveTable:
    """The table that is live on this replica, and the way of newer revisions into its place.

    `from_disk` tells that the store has not been reached since the start.
    """

    def __init__(self, store: Store, membership: Membership) -> None:
        """Know the store, and who we are to it."""
        self._store = store
        self._membership = membership
        self._failing: set[StoreWork] = set()
        self._news = asyncio.Event()
        self._beat_due = 0.0
        self._acknowledged = 0
        self._fence = 0  # at which our writes wait
        self._writes = Writes.AS_LIVE
        self._unreadable = 0  # the revision that is newest and that we cannot read
        self.compiler = Compiler()
        self.table: RouteTable
        self.revision: Revision
        self.from_disk = False
        self.refused = 0
        self.store_failures = 0

    def __repr__(self) -> str:
        """Show the revision and whether the store is there."""
        return f"<LiveTable revision={self.revision.number} store={self.store_available}>"

    @property
    def replica(self) -> str:
        """What this replica is called."""
        return self._membership.name

    @property
    def store_available(self) -> bool:
        """Whether everything that was last tried with the store went well."""
        return not self._failing

    async def begin(self) -> None:
        """Begin with the newest table, once registered. Raises `RoutesError`, `StoreError`."""
        newest = await self._store.newest()
        if newest is None:
            raise StoreError("the store holds no revision yet; start once with --routes FILE")
        self._begin_with(newest)

    async def begin_from_disk(self, error: StoreError) -> None:
        """Start with the table that was kept here, as the store cannot be used; else raise that.

        Writes of domains on their way are refused: somebody may have said that we are dead, and
        have moved a writer since.
        """
        kept = await self._membership.kept_revision()
        if kept is None:
            raise error
        self._begin_with(kept)
        self.from_disk = True
        self._writes = Writes.HELD
        self.store_failed(StoreWork.FOLLOWING, error)
        log.warning("serving_kept_table", revision=kept.number, at=str(kept.at), writes="refused")

    @property
    def holds(self) -> bool:
        """Whether some writes wait or are refused."""
        return self._writes is Writes.HELD

    @property
    def hold(self) -> Hold | None:
        """Which writes are refused from the start on, where we start from the disk.

        Those of domains that had not begun to move are not: a store that is away must not stop the
        monolith's own business.
        """
        if not self.holds:
            return None
        on_their_way = [
            name
            for name, domain in self.table.domains.items()
            if domain.phase is not Phase.MONOLITH
        ]
        return replace(NO_WRITES, domains=frozenset(on_their_way), everything=False)

    def _begin_with(self, revision: Revision) -> None:
        name = f"revision {revision.number}"
        self.table, self.revision = table_of(revision.text, name), revision
        _tell_concerns(self.table, name)

    async def listen(self) -> None:
        """Have news from the store wake the follower, for ever; some stores have none."""
        while True:
            with suppress(StoreError):
                await self._store.hear(self.look_now)
            await asyncio.sleep(LISTEN_AGAIN)

    def look_now(self) -> None:
        """Have the follower look at the store, and tell it what is new here, without delay."""
        self._beat_due = 0.0
        self._news.set()

    async def follow(self, supervisor: Supervisor) -> None:
        """Make every newer revision live, and say in the store what all workers serve, for ever."""
        supervisor.on_progress = self.look_now
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(FENCED_POLL if self._fence else POLL):
                    await self._news.wait()
            self._news.clear()
            try:
                await self._look(supervisor)
                self.store_answered(StoreWork.FOLLOWING)
            except StoreError as error:
                self.store_failed(StoreWork.FOLLOWING, error)

    async def _look(self, supervisor: Supervisor) -> None:
        if self.from_disk:
            await self._store.prepare(migrate=True)
        if not self._membership.registered:
            await self._register(supervisor)
        pulse = await self._store.pulse()
        fence = pulse.fence
        if fence is not None and fence.raised and fence.left <= 0:
            fence = await self._store.lift_fence(fence.number, "its time was up, nobody ended it")
            log.warning("fence_lifted", fence=fence.number, state=fence.state.value)
        if fence is not None and fence.raised:
            self._hold(fence, supervisor)
        elif pulse.newest != self.revision.number or self._writes is Writes.HELD:
            await self._go_live(supervisor)
        if time.monotonic() >= self._beat_due:
            await self._beat(supervisor)

    async def _register(self, supervisor: Supervisor) -> None:
        """Be known to the store again. Until then, and until we have looked, nothing is written."""
        if not self.from_disk:
            self._refuse_writes(supervisor)
        await self._membership.register()
        self.from_disk = False

    def _refuse_writes(self, supervisor: Supervisor) -> None:
        self._writes = Writes.HELD
        self._fence = 0
        supervisor.swap(self.table, self.revision.number, NO_WRITES)

    def _hold(self, fence: Fence, supervisor: Supervisor) -> None:
        """Have the writes in question wait, for good until the store tells the outcome."""
        if fence.number == self._fence:
            return
        hold = Hold(
            fence.number,
            fence.domains,
            fence.everything,
            seconds=fence.left + ASKING,
            requests=fence.requests,
        )
        self._fence = fence.number
        self._writes = writes_after(self._writes, Seen.RAISED)
        supervisor.swap(self.table, self.revision.number, hold)
        log.info("fence_held", fence=fence.number, domains=sorted(fence.domains))

    async def _beat(self, supervisor: Supervisor) -> None:
        if supervisor.ready == supervisor.wanted:
            self._acknowledged = supervisor.revision
        self._beat_due = time.monotonic() + BEAT
        await self._membership.beat(
            self._acknowledged, supervisor.wanted, supervisor.ready, supervisor.fence
        )
        if not self._membership.registered:
            self.look_now()

    async def _go_live(self, supervisor: Supervisor) -> None:
        """Serve the newest revision, read after whatever fence there was had ended."""
        revision = await self._store.newest()
        if revision is None or (revision.number == self._unreadable):
            return
        try:
            table = await self.compiler.table_of(revision.text, f"revision {revision.number}")
        except RoutesError as error:
            # Written by a newer strangler; the older replicas keep what they understand. Writes
            # that wait go on waiting: where they would go by now, nobody here can read.
            log.error("revision_refused", revision=revision.number, mistakes=lines_of(error))
            self.refused += 1
            self._unreadable = revision.number
            return
        self.table, self.revision = table, revision
        self._fence = 0
        self._writes = writes_after(self._writes, Seen.OVER)
        supervisor.swap(table, revision.number)
        log.info(
            "revision_live", revision=revision.number, actor=revision.actor, reason=revision.reason
        )
        _tell_concerns(table, f"revision {revision.number}")
        self._membership.keep(revision)

    def store_failed(self, work: StoreWork, error: StoreError) -> None:
        """Count a failure of the store; say so when it begins."""
        self.store_failures += 1
        if self.store_available:
            log.error("store_away", reason=str(error))
        self._failing.add(work)

    def store_answered(self, work: StoreWork) -> None:
        """Take note that the store took one kind of work again; say so when it takes all."""
        if work in self._failing:
            self._failing.discard(work)
            if self.store_available:
                log.info("store_back")


def _tell_concerns(table: RouteTable, name: str) -> None:
    for concern in concerns(table, name, datetime.now(UTC)):
        log.warning("routes_warning", said=str(concern))


def lines_of(error: RoutesError) -> list[str]:
    """Write all mistakes of a text, one a line."""
    return [str(mistake) for mistake in error.mistakes]
