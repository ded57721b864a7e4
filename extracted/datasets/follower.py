"""Following the monolith's outbox: the first fill, and everything that is changed there later.

At least once, and idempotently: how far the outbox was followed is written in the transaction
that writes what it said. So nothing is lost or applied twice, wherever the process is killed.
"""

import asyncio
import logging
from contextlib import AsyncExitStack

from extracted.datasets.contents import Contents, Received
from extracted.datasets.database import Database
from extracted.datasets.model import Event, StoredFile
from extracted.datasets.monolith import Monolith, MonolithError, Page
from extracted.datasets.outages import OUTAGES, PATIENCE, persist
from extracted.datasets.replica import Progress, advance, progress
from extracted.datasets.rounds import Rounds

LONG_POLL = 5.0  # seconds; the monolith answers sooner when there is something
GAP = 0.002  # seconds between two catch-ups: a request costs both sides about half of that

logger = logging.getLogger(__name__)


class Follower:
    """Where we are in the monolith's outbox, and the ways to get further."""

    def __init__(self, monolith: Monolith, database: Database, contents: Contents) -> None:
        self._monolith = monolith
        self._database = database
        self._contents = contents
        self.in_touch = False  # whether the monolith answered when it was last asked
        self._progress = Progress(0, filled=False)
        self._catching_up = Rounds(self._reach_the_end, gap=GAP)

    def __repr__(self) -> str:
        state = "filled" if self.filled else "filling"
        return f"<Follower of {self._monolith!r}: {state}, at {self._progress.position}>"

    @property
    def filled(self) -> bool:
        """Whether the end of the outbox was ever reached: before, what is unknown says nothing."""
        return self._progress.filled

    async def start(self) -> None:
        """Take up where the last run of this service ended, and see what it has missed."""
        self._progress = await self._database.read(progress)
        if self.filled:
            await self.catch_up()

    async def run(self) -> None:
        """Follow the outbox until cancelled, through any outage of the monolith."""
        while True:
            await persist(self._follow, "follow the monolith")

    async def catch_up(self) -> None:
        """See everything that was committed at the monolith before this call (read-your-writes).

        Bounded: if the monolith is away or slow, we go on with what we have.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                await self._catching_up.join()
        except OUTAGES as outage:
            self.in_touch = False
            logger.info("not caught up: %r", outage)

    async def behind(self) -> int:
        """Count the monolith's events that are not here yet. Raises what an outage raises."""
        page = await self._ask(0.0)
        return max(0, page.last - self._progress.position)

    async def close(self) -> None:
        """Cancel the catching up under way."""
        await self._catching_up.close()

    async def _follow(self) -> None:
        await self._advance(LONG_POLL if self.in_touch else 0.0)

    async def _reach_the_end(self) -> None:
        while not await self._advance(0.0):
            pass

    async def _advance(self, wait: float) -> bool:
        """Read and apply the next events; tell whether they were the last ones."""
        try:
            page = await self._ask(wait)
            if page.events or not self.filled:
                await self._apply(page)
        except OUTAGES:
            self.in_touch = False
            raise
        self.in_touch = True
        return self._progress.position >= page.last

    async def _ask(self, wait: float) -> Page:
        after = self._progress.position
        page = await self._monolith.outbox(after, wait)
        if page.last < after:
            raise MonolithError(
                f"its outbox ends at {page.last}, but we have read up to {after}: "
                "it has another database than before"
            )
        return page

    async def _apply(self, page: Page) -> None:
        async with AsyncExitStack() as arrivals:
            arrived = {
                event.number: received
                for event in page.events
                if (received := await self._fetch(event, arrivals))
            }
            self._progress = await self._database.write(
                lambda connection: advance(connection, self._contents, page, arrived)
            )

    async def _fetch(self, event: Event, arrivals: AsyncExitStack) -> Received | None:
        """Fetch the content that an event names; None if it needs none, or there is none now."""
        if not isinstance(event.change, StoredFile):
            return None
        async with self._monolith.content(event.change.sha256) as pieces:
            if pieces is None:
                return None
            received = await arrivals.enter_async_context(self._contents.receive(pieces))
        if received.sha256 != event.change.sha256:
            raise MonolithError(f"it sent another content for {event.change.sha256}")
        return received
