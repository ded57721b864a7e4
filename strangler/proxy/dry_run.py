"""Performs dry runs: the service is asked what it would answer to a write, and to change nothing.

Only a service that promises so is asked, and only while the writer is the monolith and does not
move. It is asked when the primary is, so that what the primary changes has not arrived there yet;
it delays nobody. The primary's write is never repeated; a dry run may be.
"""

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from strangler.compare.one_sided import confirm_by_candidate
from strangler.compare.response import Response
from strangler.compare.verdict import Comparison, Verdict
from strangler.proxy.copy import Copy
from strangler.proxy.failure import Cause, Failure, Stage
from strangler.proxy.fetch import Outcome, ask_on
from strangler.proxy.mirror import ANSWERED
from strangler.proxy.observe import Judgement
from strangler.proxy.promise import HEADER, NoPromise, Promises
from strangler.proxy.upstream_pool import UpstreamPool
from strangler.routing.phase import PHASES, System
from strangler.routing.table import PromiseProbe

if TYPE_CHECKING:
    from strangler.proxy.exchange import Exchange
    from strangler.proxy.plane import DataPlane

MOVING: Final = "dropped: the writer moves"
MOVED: Final = "dropped: the writer has moved"
UNPROMISED: Final = "dropped: the service promises no dry runs"

_LINE: Final = f"{HEADER}: 1\r\n".encode("ascii")
_NOTHING_YET: Final = Response(0, (), b"")


class DryRun:
    """One dry run that was asked for while the primary writes."""

    __slots__ = ("_primary",)

    def __init__(self) -> None:
        """Wait for the primary's answer."""
        self._primary: asyncio.Future[Response | None] = asyncio.get_running_loop().create_future()

    def __repr__(self) -> str:
        """Show whether the primary has answered."""
        return f"<DryRun answered={self._primary.done()}>"

    def answered(self, primary: Response | None) -> None:
        """Take what the primary answered, None where that is not known; the first word counts."""
        if not self._primary.done():
            self._primary.set_result(primary)

    async def primary(self) -> Response | None:
        """Wait until the exchange is over, and give what the primary answered."""
        return await self._primary


class DryRuns:
    """The dry runs of one worker, and the promises that they rest on."""

    __slots__ = ("_plane", "promises")

    def __init__(self, plane: "DataPlane") -> None:
        """Begin with none."""
        self._plane = plane
        self.promises = Promises(plane)

    def __repr__(self) -> str:
        """Show who has promised."""
        return f"<DryRuns {self.promises!r}>"

    def begin(self, exchange: "Exchange", body: list[bytes] | None) -> DryRun:
        """Have the service asked what it would answer to a write, or count why it is not.

        `body` is None where it was too large to be held, which is counted when the write is done.
        """
        dry_run = DryRun()
        try:
            self._begin(dry_run, exchange, body)
        except Exception as error:  # noqa: BLE001 - ours, told, and no matter of the client's
            self._plane.mirror.faulted(exchange.label, error)
        return dry_run

    def _begin(self, dry_run: DryRun, exchange: "Exchange", body: list[bytes] | None) -> None:
        mirror = self._plane.mirror
        route, candidate = exchange.route, exchange.decision.candidate
        if route is None or candidate is None or body is None:
            return
        copy = Copy(exchange, route, candidate, b"".join(body), _NOTHING_YET, mapped=True)
        probe = self._probe(copy)
        if isinstance(probe, str):
            mirror.count(copy, probe)
        elif mirror.admits(copy):
            self._plane.spawn(mirror.carry_out(copy, partial(self._compare, dry_run)))

    def _probe(self, copy: Copy) -> PromiseProbe | str:
        """Give the promise to ask for by the table of this moment, or why nothing may be sent."""
        plane = self._plane
        if plane.fence.covers(copy.route, copy.method):
            return MOVING
        domain = plane.table.domains.get(copy.route.domain)
        if domain is None or domain.dry_run is None or domain.service != copy.candidate:
            return MOVED
        return MOVED if PHASES[domain.phase].writes is System.SERVICE else domain.dry_run

    async def _compare(self, dry_run: DryRun, copy: Copy) -> None:
        mirror = self._plane.mirror
        outcome = await self._send(copy)
        if isinstance(outcome, str):
            mirror.count(copy, outcome)
            return
        answer = mirror.account(copy, copy.candidate, outcome)
        primary = await dry_run.primary()
        if primary is None:
            return
        became = mirror.hold(copy, primary)
        if became != ANSWERED:
            mirror.count(copy, became)
            return
        copy.primary = mirror.as_seen(copy, copy.decision.primary, primary)
        if answer is None:
            mirror.judge.conclude(copy, copy.primary, Judgement(Verdict.INCONCLUSIVE))
            return
        await self._judge(copy, mirror.as_seen(copy, copy.candidate, answer))

    async def _judge(self, copy: Copy, candidate: Response) -> None:
        mirror = self._plane.mirror
        first = await mirror.judge.compare(copy, copy.primary, candidate)
        mirror.heard(copy, candidate, first)
        judgement: Judgement | None = Judgement(first.verdict, first.fired, first.differences)
        if first.verdict is Verdict.MISMATCH and copy.route.shadow.confirm:
            judgement = await self._confirm(copy, candidate, first)
        if judgement is not None:
            mirror.judge.conclude(copy, candidate, judgement)

    async def _confirm(
        self, copy: Copy, candidate: Response, first: Comparison
    ) -> Judgement | None:
        """Ask the candidate once more, at once: what it shows against itself is noise."""
        mirror = self._plane.mirror
        outcome = await self._send(copy)
        if isinstance(outcome, str):
            mirror.count(copy, outcome)
            return None
        again = mirror.settle(copy, copy.candidate, outcome, again=True)
        if again is None:
            return None
        compare = mirror.judge.compare
        confirmation = confirm_by_candidate(
            first,
            await compare(copy, candidate, again),
            await compare(copy, copy.primary, again),
            time.time(),
        )
        return Judgement(
            confirmation.verdict, first.fired, confirmation.confirmed, confirmation.noise
        )

    async def _send(self, copy: Copy) -> Outcome | str:
        """Send one dry run where it is promised to be one; else say why it is dropped."""
        pool: UpstreamPool = self._plane.shadow_pools[copy.candidate]
        target = pool.choose(insist=False)
        if target is None:
            return Failure(copy.candidate, Stage.CHOOSING, Cause.UNAVAILABLE)
        probe = self._probe(copy)
        if isinstance(probe, str):
            return probe
        if self.promises.refused(target):
            return UNPROMISED
        found = await self.promises.connection(pool, target, probe)
        if isinstance(found, Failure):
            return found
        if isinstance(found, NoPromise):
            return UNPROMISED
        probe = self._probe(copy)  # once more: that took a while
        if isinstance(probe, str):
            target.put_back(found)
            return probe
        request = copy.request_to(copy.candidate, b"candidate", _LINE)
        limit = self._plane.settings.copied_body
        return await ask_on(pool, found, copy.head.method, request, limit)
