"""Tells the differences that mean something from those that an upstream shows against itself.

Both upstreams are asked once more. What one upstream answers differently from ask to ask cannot
be held against the other (the idea is Diffy's, without its third system); what is gone on the
second ask was a moment's, such as replication lag.
"""

from dataclasses import dataclass
from typing import TypeAlias

from strangler.compare.verdict import Comparison, Difference, Kind, Verdict

Likeness: TypeAlias = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The differences of a first ask, parted. `reason`: why the second ask told nothing."""

    confirmed: tuple[Difference, ...] = ()
    noise: tuple[Difference, ...] = ()
    fired: tuple[str, ...] = ()
    reason: str = ""

    @property
    def comparison(self) -> Comparison:
        """What the first comparison comes to, now that noise is known."""
        if self.reason:
            return Comparison(Verdict.INCONCLUSIVE, reason=self.reason)
        verdict = Verdict.MISMATCH if self.confirmed else Verdict.IGNORED
        return Comparison(verdict, self.confirmed, self.fired)


def confirm(
    first: Comparison,
    primary_again: Comparison,
    candidate_again: Comparison,
    second: Comparison,
) -> Confirmation:
    """Part the differences of `first` into confirmed ones and noise.

    `first` compares the first answers of the two sides, `second` their second ones;
    `primary_again` and `candidate_again` compare each side's first answer with its second. A
    difference is noise if a side shows one like it against itself, or if `second` does not show
    it again. Without a conclusive second ask nothing is told apart.
    """
    for name, asked in (
        ("first ask", first),
        ("primary against itself", primary_again),
        ("candidate against itself", candidate_again),
        ("second ask", second),
    ):
        if asked.verdict is Verdict.INCONCLUSIVE:
            return Confirmation(reason=f"{name}: {asked.reason}")
    restless = set(map(likeness, primary_again.differences + candidate_again.differences))
    lasting = set(map(likeness, second.differences)) - restless
    return Confirmation(
        confirmed=tuple(each for each in first.differences if likeness(each) in lasting),
        noise=tuple(each for each in first.differences if likeness(each) not in lasting),
        fired=first.fired,
    )


def likeness(difference: Difference) -> Likeness:
    """Say by what differences are alike: their path, and the way in which the sides differ.

    The kind belongs to it: a counter that moves excuses another value, never a missing one. For
    the same reason a field that one side lacks is not like one that has another value. Which of
    the two sides lacks something does not matter: it comes and goes.
    """
    one_sided = difference.kind in {Kind.MISSING, Kind.EXTRA} or (
        difference.kind in {Kind.HEADER, Kind.BODY}
        and (difference.primary is None or difference.candidate is None)
    )
    kind = "presence" if difference.kind in {Kind.MISSING, Kind.EXTRA} else difference.kind.value
    return difference.path, kind, one_sided
