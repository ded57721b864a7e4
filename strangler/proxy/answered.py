"""Counts what each system answers, for the gates: aggregates that are reported now and then."""

from collections import Counter
from typing import TYPE_CHECKING

from strangler.migration.evidence import FAILED, FALLBACK, TIMED
from strangler.migration.latency import bucket_of
from strangler.routing.table import Route
from strangler.store.records import AnswerKey

if TYPE_CHECKING:
    from strangler.proxy.copy import Copy

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
"""The methods that are told apart: a client may write any token, and would fill the store."""

OTHER = "other"
"""All other methods."""


def told_apart(method: str) -> str:
    """Give the name under which a method is counted."""
    return method if method in METHODS else OTHER


def outcome_of(status: int, *, unanswered: bool, fell_back: bool) -> str | None:
    """Say what became of a request to the primary: the class of its answer, or how it failed.

    `unanswered`: no upstream answered, the status is ours. None where that was the client's doing,
    such as a body that did not come.
    """
    if unanswered:
        return FAILED if status >= 500 else None
    return FALLBACK if fell_back else f"{status // 100}xx"


class Answered:
    """What one worker has counted since the last report."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        """Begin at nothing."""
        self._counts: Counter[AnswerKey] = Counter()

    def __repr__(self) -> str:
        """Show how much waits for the report."""
        return f"<Answered {self._counts.total()} of {len(self._counts)} kinds>"

    def count(
        self, route: Route, revision: int, system: str, method: str, outcome: str, seconds: float
    ) -> None:
        """Count one exchange for the `system` that was asked first."""
        bucket = bucket_of(seconds)
        told = told_apart(method)
        self._counts[route.domain, route.label, revision, system, told, outcome, bucket] += 1

    def time(self, copy: "Copy", candidate: float) -> None:
        """Count how many seconds both sides took over the request of a copy."""
        domain, label, revision = copy.route.domain, copy.label, copy.revision
        told, decision = told_apart(copy.method), copy.decision
        counts = self._counts
        bucket = bucket_of(copy.waited)
        counts[domain, label, revision, decision.answerer, told, TIMED, bucket] += 1
        bucket = bucket_of(candidate)
        counts[domain, label, revision, decision.stand_in, told, TIMED, bucket] += 1

    def take(self) -> dict[AnswerKey, int]:
        """Give what was counted, and begin anew."""
        taken, self._counts = self._counts, Counter()
        return dict(taken)
