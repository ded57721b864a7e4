"""Scores findings against labels: how many regressions were found, how many findings are right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.corpus.pairs import Label, Pair
from tests.corpus.running import prefix_of

Finding = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """One pair and what was found on its route, parted into right and wrong.

    `known_wrong`: why it is judged wrongly today, where that is known.
    """

    pair: Pair
    known_wrong: str = ""
    right: list[Finding] = field(default_factory=list)
    wrong: list[Finding] = field(default_factory=list)

    @property
    def is_missed(self) -> bool:
        told = any(self.pair.is_told_by(finding["paths"]) for finding in self.right)
        return self.pair.label is Label.REGRESSION and not told

    @property
    def is_as_labelled(self) -> bool:
        return not self.is_missed and not self.wrong


@dataclass(frozen=True)
class Score:
    """All pairs, judged. Those that are known to be judged wrongly do not count in the figures."""

    judged: list[Judged]

    def __repr__(self) -> str:
        return f"<Score recall={self.recall:.1%} precision={self.precision:.1%}>"

    @property
    def counted(self) -> list[Judged]:
        return [each for each in self.judged if not each.known_wrong]

    @property
    def recall(self) -> float:
        """The share of regressions that a right finding tells of."""
        seeded = [each for each in self.counted if each.pair.label is Label.REGRESSION]
        return sum(not each.is_missed for each in seeded) / max(len(seeded), 1)

    @property
    def precision(self) -> float:
        """The share of findings that come from a regression and name nothing else."""
        right = sum(len(each.right) for each in self.counted)
        found = right + sum(len(each.wrong) for each in self.counted)
        return right / max(found, 1)

    def table(self) -> str:
        """Show the figures, then each miss and each false alarm."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        counts = {label: sum(j.pair.label is label for j in self.judged) for label in Label}
        told = ", ".join(f"{count} {label}" for label, count in counts.items())
        routes = len({(each.pair.api, each.pair.route) for each in self.judged})
        yield f"{len(self.judged)} pairs ({told}) of {routes} routes"
        known = len(self.judged) - len(self.counted)
        if known:
            yield f"known to be judged wrongly, and not in the figures: {known}"
        yield f"recall    {self.recall:8.2%}"
        yield f"precision {self.precision:8.2%}"
        for each in self.judged:
            mark = " (known)" if each.known_wrong else ""
            if each.is_missed:
                yield f"missed{mark}: {each.pair}: {', '.join(each.pair.paths)}"
            for finding in each.wrong:
                paths = ", ".join(finding["paths"])
                yield f"false alarm{mark}: {each.pair} ({each.pair.label}): {paths}"
            if each.known_wrong and each.is_as_labelled:
                yield f"judged rightly by now: {each.pair}"


def score(
    pairs: Sequence[Pair], findings: Sequence[Finding], known_wrong: Mapping[str, str]
) -> Score:
    """Part the findings by the route that they are on; each pair has one of its own."""
    by_route = {
        prefix_of(pair) + pair.route: Judged(pair, known_wrong.get(str(pair), "")) for pair in pairs
    }
    for finding in findings:
        judged = by_route[finding["route"].rpartition(" ")[2]]
        strays = judged.pair.strays(finding["paths"])
        (judged.wrong if strays else judged.right).append(finding)
    return Score(list(by_route.values()))
