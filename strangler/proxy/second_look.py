"""Performs the second look at what differs: asks both sides again, until it is known what it means.

What is known of a route's noise is kept here in a worker's memory: what it saw itself, and what
others have seen (`take`).
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from strangler.compare.learned import Learned, Noise
from strangler.compare.looks import Look
from strangler.compare.noise import Asked, conclude, enough, watch
from strangler.compare.noise_kind import Lesson
from strangler.compare.rules import Rules
from strangler.compare.verdict import Comparison, Verdict
from strangler.proxy.comparer import Comparer
from strangler.proxy.copy import Copy
from strangler.proxy.lessons import Lessons
from strangler.proxy.observe import Judgement
from strangler.store.records import NoiseSeen

if TYPE_CHECKING:
    from strangler.proxy.mirror import Mirror
    from strangler.proxy.plane import DataPlane

RECHECKED: Final = 0.1
"""The share of known noise that is looked into all the same: habits change."""

PRIMARY: Final = b"primary"
CANDIDATE: Final = b"candidate"


class SecondLook:
    """What looks again in one worker, and remembers."""

    __slots__ = ("_comparer", "_learned", "_lessons", "_mirror", "_plane", "_shared")

    def __init__(self, plane: "DataPlane", mirror: "Mirror", comparer: Comparer) -> None:
        """Ask again through `mirror`; what is learned is left with the plane, to be reported."""
        self._plane = plane
        self._mirror = mirror
        self._comparer = comparer
        self._lessons: Lessons = plane.lessons
        self._learned: dict[tuple[str, str], Learned] = {}  # by the route's label and the primary
        self._shared: Mapping[tuple[str, str], tuple[Noise, ...]] = {}

    def __repr__(self) -> str:
        """Show of how many routes something is known."""
        return f"<SecondLook {len(self._learned)} routes>"

    async def tell_apart(self, copy: Copy, first: Comparison, rules: Rules) -> Judgement | None:
        """Tell noise from what counts: by what is known of the route, else by asking again.

        None where a side failed meanwhile; that is concluded by whoever asked it.
        """
        learned = self._learned_of(copy)
        if learned.explain(first, time.time()) and self._plane.draw() >= RECHECKED:
            return Judgement(Verdict.IGNORED, first.fired, noise=first.differences)
        return await self._look(copy, first, rules, learned)

    async def _look(
        self, copy: Copy, first: Comparison, rules: Rules, learned: Learned
    ) -> Judgement | None:
        look = Look(first)
        began, compare = self._plane.now(), self._comparer.compare
        since, quiet = copy.began, []
        while True:
            await asyncio.sleep(self._plane.settings.confirm_after)
            asking = self._plane.now()
            primary = await self._mirror.ask(copy, copy.decision.primary, PRIMARY)
            if primary is None:
                return None
            quiet.append(not self._written(copy, since))
            since = asking
            candidate = await self._mirror.ask(copy, copy.candidate, CANDIDATE)
            if candidate is None:
                return None
            untold = look.add(
                await compare(copy.primary, primary, rules),
                await compare(copy.primary, candidate, rules),
                await compare(primary, candidate, rules),
            )
            self._mirror.let_go(copy, primary, candidate)
            if untold:
                return Judgement(Verdict.INCONCLUSIVE, first.fired)
            written = self._written(copy, copy.began)
            asked = Asked(time.time(), self._plane.now() - began, written, tuple(quiet))
            traced = await self._comparer.trace(look, asked)
            if enough(look, traced, learned):
                break
        found = conclude(look, traced, learned, asked)
        self._lessons.add(copy.route, copy.decision.primary, found.lessons, asked.now)
        return Judgement(found.verdict, first.fired, found.confirmed, found.noise)

    async def watch(self, copy: Copy, rules: Rules) -> None:
        """Ask the primary once more, to learn what it shows against itself."""
        await asyncio.sleep(self._plane.settings.confirm_after)
        again = await self._mirror.ask_aside(copy, copy.decision.primary, PRIMARY)
        if again is None or self._written(copy, copy.began):
            return
        alone = await self._comparer.compare(copy.primary, again, rules)
        now = time.time()
        lessons: tuple[Lesson, ...] = watch(alone, self._learned_of(copy), now)
        self._lessons.add(copy.route, copy.decision.primary, lessons, now)

    def _written(self, copy: Copy, since: float) -> bool:
        """Whether a write to the same resource was under way since a moment of the loop's time."""
        return self._plane.writes.passed(copy.route.domain, copy.head.target.path, since)

    def _learned_of(self, copy: Copy) -> Learned:
        key = (copy.route.label, copy.decision.primary)
        learned = self._learned.get(key)
        if learned is None:
            learned = self._learned[key] = Learned()
            learned.take(self._shared.get(key, ()))
        return learned

    def take(self, noise: Iterable[NoiseSeen]) -> None:
        """Take on what all workers have seen, in the place of what was taken on before."""
        shared: dict[tuple[str, str], tuple[Noise, ...]] = {}
        for one in noise:
            key = (one.route, one.upstream)
            known = Noise((one.path, one.way), one.looks, one.moved)
            shared[key] = (*shared.get(key, ()), known)
        self._shared = shared
        for key, learned in self._learned.items():
            learned.take(shared.get(key, ()))

    def forget(self) -> None:
        """Know only what others know: another table is live, with other rules."""
        self._learned.clear()
