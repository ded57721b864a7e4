"""What a gate is judged on: counts of one domain since it came to where it stands."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from strangler.migration.confidence import Share
from strangler.migration.unclaimed import Template

FAILED = "failed"
"""The outcome of a request that the system it was sent to left unanswered, and nobody else did."""

FALLBACK = "fallback"
"""The outcome of a request that the service left unanswered and the monolith answered."""

TIMED = "timed"
"""The outcome under which a comparison counts how long both systems took over the same request, to
the head of their answers. It is beside the others: nobody is asked twice by it."""


@dataclass(frozen=True, slots=True, order=True)
class Stratum:
    """Exchanges of one kind: what was asked, and the class of what the primary answered (`2xx`)."""

    route: str
    method: str
    status: str

    def __str__(self) -> str:
        """Write it for people; a route's label may begin with its methods."""
        asked = self.route if self.route.startswith(f"{self.method} ") else self._with_method
        return f"{asked} {self.status}".strip()

    @property
    def _with_method(self) -> str:
        return f"{self.method} {self.route}".strip()


@dataclass(frozen=True, slots=True)
class Compared:
    """How comparisons ended. Those that came to no end are apart: they say nothing of the service.

    `agreed` are equal by themselves or by the rules; of the others, `accepted` showed nothing but
    findings that somebody accepted, which count as equal for as long as that holds. `racy` ones met
    a change of the data, and are neither for the service nor against it.
    """

    agreed: int = 0
    mismatched: int = 0
    inconclusive: int = 0
    accepted: int = 0
    racy: int = 0

    @property
    def mismatches(self) -> Share:
        """Give the mismatches among the comparisons that came to an end."""
        return Share(self.mismatched, self.agreed + self.accepted + self.mismatched)

    @property
    def without_end(self) -> Share:
        """Give the comparisons that came to no end among all but those that were racy."""
        return Share(self.inconclusive, self.mismatches.trials + self.inconclusive)

    @property
    def mostly_racy(self) -> bool:
        """Whether more comparisons were racy than said something: the rest is a poor sample."""
        return self.racy > self.mismatches.trials


def together(parts: Iterable[Compared]) -> Compared:
    """Add comparisons up."""
    listed = list(parts)
    return Compared(
        sum(part.agreed for part in listed),
        sum(part.mismatched for part in listed),
        sum(part.inconclusive for part in listed),
        sum(part.accepted for part in listed),
        sum(part.racy for part in listed),
    )


@dataclass(frozen=True, slots=True)
class Answers:
    """What one system was asked for itself, and how it fared.

    `failed` are errors (5xx) and requests that it left unanswered, whoever stepped in; `strata`
    counts all by what was asked (their `status` is empty: it is the answer that is judged).
    `latency` is a histogram (`strangler.migration.latency`) of those it answered.
    """

    total: int = 0
    failed: int = 0
    strata: Mapping[Stratum, int] = field(default_factory=dict)
    latency: Mapping[int, int] = field(default_factory=Counter)

    @property
    def failures(self) -> Share:
        """Give the failures among all that was asked."""
        return Share(self.failed, self.total)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything known of one domain since revision `since`, which went live at `began`.

    `service` and `monolith` count reads in the same window. `fallbacks` is how many requests the
    monolith had to take over, the last of them at `last_fallback`. `lagging` names routes that are
    behind their domain. `accepted` are the ids of the findings that were accepted when it was read.
    `unexplained` is what still reaches the monolith where the domain lives
    (`strangler.migration.unclaimed`), the newest first.
    """

    since: int
    began: datetime
    compared: Mapping[Stratum, Compared] = field(default_factory=dict)
    service: Answers = Answers()
    monolith: Answers = Answers()
    fallbacks: int = 0
    last_fallback: datetime | None = None
    lagging: tuple[str, ...] = ()
    accepted: frozenset[str] = frozenset()
    unexplained: tuple[Template, ...] = ()
