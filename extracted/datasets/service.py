"""The service at work: its data, and its two ties to the monolith."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from extracted.datasets import outbox
from extracted.datasets.contents import Contents, PassingContents
from extracted.datasets.database import Connection, Database
from extracted.datasets.follower import Follower
from extracted.datasets.monolith import Monolith
from extracted.datasets.outages import OUTAGES, PATIENCE
from extracted.datasets.refusal import Missing, Refusal
from extracted.datasets.relay import Relay
from extracted.datasets.settings import Settings

Result = TypeVar("Result")


class Service:
    """Reads and writes as clients mean them: nothing they did at the other side is overlooked."""

    def __init__(
        self, database: Database, contents: Contents, follower: Follower, relay: Relay
    ) -> None:
        self.contents = contents
        self._database = database
        self._follower = follower
        self._relay = relay

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._database!r}, {self._follower!r}, {self._relay!r}>"

    @property
    def ready(self) -> bool:
        """Whether the first fill is complete."""
        return self._follower.filled

    async def read(self, query: Callable[[Connection], Result]) -> Result:
        """Run a query on data as new as the monolith's, while the monolith is there.

        It may be where this client wrote a moment ago. Once it does not answer, reads stop asking
        it, until it answers the follower again; only what is `Missing` is worth another attempt.
        """
        self.require_ready()
        if self._follower.in_touch:
            await self._follower.catch_up()
        try:
            return await self._database.read(query)
        except Missing:
            await self._follower.catch_up()
            return await self._database.read(query)

    async def write(self, transaction: Callable[[Connection], Result]) -> Result:
        """Catch up, change, and tell the monolith, before anyone is told that it is done."""
        self.require_ready()
        await self._follower.catch_up()
        result = await self._database.write(transaction)
        await self._relay.settle()
        return result

    async def lag(self) -> int:
        """Count the changes that one side has made and the other does not have, both ways."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._follower.behind() + await self._database.read(outbox.count)
        except OUTAGES as outage:
            raise Refusal(503, "LAG_UNKNOWN", f"the monolith does not tell: {outage}") from outage

    def require_ready(self) -> None:
        """Refuse to answer before the first fill is complete."""
        if not self.ready:
            raise Refusal(503, "FILLING", "the first copy of the data is not complete yet")


class Rehearsal(Service):
    """The service as dry runs find it: it decides and answers the same, and nothing comes of it.

    No row, no content, no number that somebody would miss, no word to the monolith. Who asks
    for a dry run asks the monolith for the write itself in the same moment. So what is here counts,
    and nothing is caught up with unless something is `Missing`: what is rehearsed may be at the
    monolith already.
    """

    @property
    def effects(self) -> int:
        """How many changes have come of dry runs since the start."""
        return self._database.effects

    async def read(self, query: Callable[[Connection], Result]) -> Result:
        """Run a query on what is here."""
        return await self._on_what_is_here(self._database.read, query)

    async def write(self, transaction: Callable[[Connection], Result]) -> Result:
        """Say what a change would come to, and undo it."""
        return await self._on_what_is_here(self._database.rehearse, transaction)

    async def _on_what_is_here(
        self,
        run: Callable[[Callable[[Connection], Result]], Awaitable[Result]],
        question: Callable[[Connection], Result],
    ) -> Result:
        self.require_ready()
        try:
            return await run(question)
        except Missing:
            await self._follower.catch_up()
            return await run(question)


@asynccontextmanager
async def running(
    settings: Settings, contents: Contents, database: Database
) -> AsyncIterator[tuple[Service, Rehearsal]]:
    """Run a service: follow and relay in the background; at the end, close everything."""
    monolith = Monolith(settings.monolith, settings.internal_token)
    follower = Follower(monolith, database, contents)
    relay = Relay(monolith, database, contents)
    await follower.start()
    background = [asyncio.create_task(follower.run()), asyncio.create_task(relay.run())]
    try:
        passing = PassingContents(settings.contents)
        yield (
            Service(database, contents, follower, relay),
            Rehearsal(database, passing, follower, relay),
        )
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await follower.close()
        await relay.close()
        await monolith.close()
        database.close()
