"""Performs the reading back of writes: once one has arrived at the candidate, both sides are asked.

No write is ever copied. What it has changed is found (`resource_of`) and read like anything else
that is compared, counted on the route of the write.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from strangler.compare.bounds import Bounds, Inconclusive
from strangler.compare.coding import decoded
from strangler.compare.content import NotJSON, json_of, media_of
from strangler.compare.response import Response
from strangler.http.reference import client_origin
from strangler.proxy.copy import Copy
from strangler.routing.resource import Acknowledged, Found, Resource, Unfound, resource_of

if TYPE_CHECKING:
    from strangler.proxy.plane import DataPlane

WAITING: Final = 1000
"""Writes of one worker that may wait until they have arrived. Each holds the head of a request."""

LAGS: Final = "dropped: the service lags"
TOO_MANY: Final = "dropped: too many wait for the service"
REFUSED: Final = "not read back: it was not acknowledged"

_ANSWER: Final = Bounds(body=64 * 1024)
"""What names a new resource is at hand in a small answer; a larger one would hold the loop."""


class Arrivals:
    """Who waits until the writes of a domain have arrived on its other side."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        """Begin with nobody."""
        self._waiting: dict[str, dict[asyncio.Future[None], float]] = {}

    def __repr__(self) -> str:
        """Show how many wait."""
        return f"<Arrivals {len(self)} wait>"

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    async def wait(self, domain: str, at: float, within: float) -> bool:
        """Wait until what was written `at` (Unix time) is there; False after `within` seconds."""
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = self._waiting.setdefault(domain, {})
        line[arrived] = at
        try:
            async with asyncio.timeout(within):
                await arrived
        except TimeoutError:
            return False
        finally:
            del line[arrived]
        return True

    def caught_up(self, times: Mapping[str, float]) -> None:
        """Let those go on who wait for writes from before these moments, told by domain."""
        for domain, before in times.items():
            for arrived, at in self._waiting.get(domain, {}).items():
                if at < before and not arrived.done():
                    arrived.set_result(None)


class ReadBacks:
    """The writes of one worker that are read back."""

    __slots__ = ("_plane", "arrivals")

    def __init__(self, plane: "DataPlane") -> None:
        """Begin with none."""
        self._plane = plane
        self.arrivals = Arrivals()

    def __repr__(self) -> str:
        """Show how many wait."""
        return f"<ReadBacks {self.arrivals!r}>"

    def take(self, copy: Copy) -> None:
        """Have a write read back, or count why it is not."""
        mirror = self._plane.mirror
        if not 200 <= copy.primary.status < 300:
            mirror.count(copy, REFUSED)
            return
        resource = self._resource(copy)
        if isinstance(resource, Unfound):
            mirror.count(copy, f"not read back: {resource.value}")
            return
        within = copy.route.shadow.read_back_within
        copy.ask_for(resource.head, resource.route)
        if len(self.arrivals) >= WAITING or not mirror.budget.take(copy.octets):
            mirror.count(copy, TOO_MANY)
            return
        self._plane.spawn(self._run(copy, resource.found, within))

    def _resource(self, copy: Copy) -> Resource | Unfound:
        answer = self._plane.mirror.as_seen(copy, copy.decision.primary, copy.primary)
        template = copy.route.read_back
        return resource_of(
            self._plane.table,
            Acknowledged(
                copy.route,
                copy.head,
                client_origin(copy.head, copy.peer),
                answer.status,
                answer.field(b"location") or None,
                None if template is None or not template.needs_body else said_by(answer),
            ),
        )

    async def _run(self, copy: Copy, found: Found, within: float) -> None:
        mirror = self._plane.mirror
        try:
            arrived = await self._has_arrived(copy.route.domain, within)
        finally:
            mirror.budget.give_back(copy.octets)
        if not arrived:
            mirror.count(copy, LAGS)
        elif mirror.admits(copy):
            mirror.count(copy, f"read back by {found.value}")
            await mirror.carry_out(copy, self._ask_both)

    async def _has_arrived(self, domain: str, within: float) -> bool:
        """Wait for the lag probe; without one both sides are taken to share their data."""
        known = self._plane.table.domains.get(domain)
        if known is None or known.lag is None:
            return True
        return await self.arrivals.wait(domain, time.time(), within)

    async def _ask_both(self, copy: Copy) -> None:
        mirror = self._plane.mirror
        copy.began = self._plane.now()  # the write that is read back does not count as another
        primary = await mirror.ask(copy, copy.decision.primary, b"primary")
        if primary is None:
            return
        copy.primary = primary
        candidate = await mirror.ask(copy, copy.candidate, b"candidate")
        if candidate is not None:
            await mirror.judge.judge(copy, candidate)


def said_by(answer: Response) -> object:
    """Give the JSON of an answer; None for what is none, or too large to be looked at."""
    try:
        return json_of(decoded(answer, "primary", _ANSWER), media_of(answer), "primary")
    except (Inconclusive, NotJSON):
        return None
