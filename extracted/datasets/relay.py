"""Relaying our own writes to the monolith, in order, at least once, until it has them all.

So going back loses nothing: an acknowledged write is at the monolith too, or on its way there.
"""

import asyncio
from collections.abc import Collection, Sequence
from functools import partial

from extracted.datasets import outbox
from extracted.datasets.contents import Contents
from extracted.datasets.database import Database
from extracted.datasets.model import Event, StoredFile
from extracted.datasets.monolith import Monolith, MonolithError
from extracted.datasets.outages import OUTAGES, PATIENCE, persist
from extracted.datasets.rounds import Rounds


class Relay:
    """The way of our outbox to the monolith."""

    def __init__(self, monolith: Monolith, database: Database, contents: Contents) -> None:
        self._monolith = monolith
        self._database = database
        self._contents = contents
        self._delivering = Rounds(self._deliver)
        self._behind = asyncio.Event()
        self._behind.set()  # the last run of this service may have left something

    def __repr__(self) -> str:
        return f"<Relay to {self._monolith!r}: {'behind' if self._behind.is_set() else 'even'}>"

    async def settle(self) -> None:
        """Return when all that is committed was delivered, or an attempt failed, or took long.

        What is left goes on in the background.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                await self._delivering.join()
        except OUTAGES:
            self._behind.set()

    async def run(self) -> None:
        """Deliver what is left over, until cancelled, through any outage of the monolith."""
        while True:
            await self._behind.wait()
            self._behind.clear()
            await persist(self._delivering.join, "relay writes to the monolith")

    async def close(self) -> None:
        """Cancel the delivery under way; the outbox keeps what it did not finish."""
        await self._delivering.close()

    async def _deliver(self) -> None:
        while events := await self._database.read(outbox.pending):
            await self._hand_over(events)
            await self._database.write(partial(outbox.forget, up_to=events[-1].number))

    async def _hand_over(self, events: Sequence[Event]) -> None:
        missing = await self._monolith.take(events)
        if not missing:
            return
        # A content that is gone here too was deleted or replaced by a later event of ours.
        gone = {sha256 for sha256 in missing if not await self._send_content(sha256)}
        if await self._monolith.take([event for event in events if not _names(event, gone)]):
            raise MonolithError("importing changes: it lacks contents that it was just sent")

    async def _send_content(self, sha256: str) -> bool:
        file = self._contents.open(sha256)
        if file is None:
            return False
        with file:
            await self._monolith.take_content(sha256, file)
        return True


def _names(event: Event, contents: Collection[str]) -> bool:
    return isinstance(event.change, StoredFile) and event.change.sha256 in contents
