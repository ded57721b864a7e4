"""Performs dry runs: the service is asked what it would answer to a write, and to change nothing.

Only a service that promises so is asked, and only while the writer is the monolith and does not
move. The primary's write is never repeated; a dry run may be.
"""

from typing import TYPE_CHECKING, Final

from strangler.compare.one_sided import confirm_by_candidate
from strangler.compare.response import Response
from strangler.compare.verdict import Comparison, Verdict
from strangler.proxy.copy import Copy
from strangler.proxy.failure import Cause, Failure, Stage
from strangler.proxy.fetch import Outcome, ask_on
from strangler.proxy.observe import Judgement
from strangler.proxy.promise import HEADER, NoPromise, Promises
from strangler.proxy.upstream_pool import UpstreamPool
from strangler.routing.phase import PHASES, System
from strangler.routing.table import PromiseProbe

if TYPE_CHECKING:
    from strangler.proxy.plane import DataPlane

MOVING: Final = "dropped: the writer moves"
MOVED: Final = "dropped: the writer has moved"
UNPROMISED: Final = "dropped: the service promises no dry runs"

_LINE: Final = f"{HEADER}: 1\r\n".encode("ascii")


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

    def take(self, copy: Copy) -> None:
        """Have the service asked what it would have answered to a write, or count why not."""
        mirror = self._plane.mirror
        probe = self._probe(copy)
        if isinstance(probe, str):
            mirror.count(copy, probe)
        elif mirror.admits(copy):
            self._plane.spawn(mirror.carry_out(copy, self._compare))

    def _probe(self, copy: Copy) -> PromiseProbe | str:
        """Give the promise to ask for by the table of this moment, or why nothing may be sent."""
        plane = self._plane
        if plane.fence.covers(copy.route, copy.method):
            return MOVING
        domain = plane.table.domains.get(copy.route.domain)
        if domain is None or domain.dry_run is None or domain.service != copy.candidate:
            return MOVED
        return MOVED if PHASES[domain.phase].writes is System.SERVICE else domain.dry_run

    async def _compare(self, copy: Copy) -> None:
        mirror = self._plane.mirror
        copy.primary = mirror.as_seen(copy, copy.decision.primary, copy.primary)
        candidate = await self._ask(copy)
        if candidate is None:
            return
        first = await mirror.judge.compare(copy, copy.primary, candidate)
        judgement: Judgement | None = Judgement(first.verdict, first.fired, first.differences)
        if first.verdict is Verdict.MISMATCH and copy.route.shadow.confirm:
            judgement = await self._confirm(copy, candidate, first)
        if judgement is not None:
            mirror.judge.conclude(copy, candidate, judgement)

    async def _confirm(
        self, copy: Copy, candidate: Response, first: Comparison
    ) -> Judgement | None:
        """Ask the candidate once more, at once: what it shows against itself is noise."""
        again = await self._ask(copy)
        if again is None:
            return None
        compare = self._plane.mirror.judge.compare
        confirmation = confirm_by_candidate(
            first,
            await compare(copy, candidate, again),
            await compare(copy, copy.primary, again),
        )
        return Judgement(
            confirmation.verdict, first.fired, confirmation.confirmed, confirmation.noise
        )

    async def _ask(self, copy: Copy) -> Response | None:
        outcome = await self._send(copy)
        if isinstance(outcome, str):
            self._plane.mirror.count(copy, outcome)
            return None
        return self._plane.mirror.settle(copy, copy.candidate, outcome)

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
