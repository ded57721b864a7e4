"""Performs the judging of copies: compares, asks again where answers differ, reports."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from strangler.compare.redact import Redactor
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.verdict import Comparison, Verdict
from strangler.proxy.answered import told_apart
from strangler.proxy.comparer import Comparer
from strangler.proxy.copy import Copy
from strangler.proxy.observe import Compared, Judgement, observe
from strangler.proxy.second_look import SecondLook
from strangler.proxy.unreported import Unreported
from strangler.routing.table import Route
from strangler.store.records import NoiseSeen

if TYPE_CHECKING:
    from strangler.proxy.mirror import Mirror
    from strangler.proxy.plane import DataPlane

_ALIKE: Final = frozenset({Verdict.MATCH.value, Verdict.IGNORED.value})


class Judge:
    """What decides and reports in one worker how copies compare."""

    __slots__ = (
        "_comparer",
        "_mirror",
        "_plane",
        "_redactor",
        "_rules",
        "_second_look",
        "_unreported",
    )

    def __init__(
        self, plane: "DataPlane", mirror: "Mirror", unreported: Unreported, redactor: Redactor
    ) -> None:
        """Ask again through `mirror`, and leave what is seen with `unreported`."""
        self._plane = plane
        self._mirror = mirror
        self._unreported = unreported
        self._redactor = redactor
        self._rules: dict[str, Rules] = {}  # by the route's label
        self._comparer = Comparer(plane.settings.in_loop, plane.settings.copied_body)
        self._second_look = SecondLook(plane, mirror, self._comparer)

    def __repr__(self) -> str:
        """Show how the comparing is done."""
        return f"<Judge {self._comparer}>"

    def found_alike(self, copy: Copy, candidate: Response) -> bool:
        """Count two answers with the same body whose heads mean the same; False for any others."""
        found = self._comparer.at_once(copy.primary, candidate, self._rules_of(copy.route))
        verdict = found.verdict.value
        if verdict not in _ALIKE:
            return False
        label, method = copy.label, told_apart(copy.method)
        status = f"{copy.primary.status // 100}xx"
        counters = self._plane.counters
        counters.verdicts[label, verdict] += 1
        alike = (copy.route.domain, label, copy.revision, verdict, found.fired, method, status)
        if not self._unreported.count(alike):
            counters.unreported += 1
        return True

    async def judge(self, copy: Copy, candidate: Response) -> None:
        """Compare two answers, tell noise apart, and report."""
        rules = self._rules_of(copy.route)
        first = await self.compare(copy, copy.primary, candidate)
        self._mirror.heard(copy, candidate, first)
        judgement: Judgement | None = Judgement(first.verdict, first.fired, first.differences)
        if first.verdict is Verdict.MISMATCH and copy.route.shadow.confirm:
            judgement = await self._second_look.tell_apart(copy, first, rules)
        if judgement is not None:
            self.conclude(copy, candidate, judgement)
        if not first.differences and self.is_watched(copy):
            await self.watch(copy)

    async def compare(self, copy: Copy, one: Response, other: Response) -> Comparison:
        """Compare two answers to a copy by the rules of its route."""
        return await self._comparer.compare(one, other, self._rules_of(copy.route))

    async def watch(self, copy: Copy) -> None:
        """Ask a matching copy's primary once more, to learn its noise before it matters."""
        await self._second_look.watch(copy, self._rules_of(copy.route))

    def is_watched(self, copy: Copy) -> bool:
        """Decide by chance whether a copy that matched is one of those."""
        share = copy.route.shadow.noise_sample
        return share > 0 and self._plane.draw() < share

    def know(self, noise: Iterable[NoiseSeen]) -> None:
        """Take on what all workers know of noise."""
        self._second_look.take(noise)

    def conclude(self, copy: Copy, candidate: Response, judgement: Judgement) -> None:
        """Count a verdict, and report what was seen."""
        self._plane.counters.verdicts[copy.label, judgement.verdict.value] += 1
        compared = Compared(
            copy.route,
            copy.label,
            copy.method,
            copy.revision,
            copy.head,
            copy.forwarded.request_id.decode("ascii"),
            copy.candidate,
            copy.primary,
            candidate,
        )
        rules = self._rules_of(copy.route)
        observation = observe(compared, judgement, rules, self._redactor, datetime.now(UTC))
        if not self._unreported.add(observation):
            self._plane.counters.unreported += 1

    def _rules_of(self, route: Route) -> Rules:
        rules = self._rules.get(route.label)
        if rules is None:
            shadow = route.shadow
            rules = Rules.compile(
                shadow.ignore, shadow.unordered, shadow.plaintext, shadow.tolerance, shadow.keyed
            )
            self._rules[route.label] = rules
        return rules

    def forget(self) -> None:
        """Drop compiled rules and what is known of routes: another table is live."""
        self._rules.clear()
        self._second_look.forget()

    def close(self) -> None:
        """End the comparing process."""
        self._comparer.close()
