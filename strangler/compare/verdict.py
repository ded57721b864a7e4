"""What comes out of a comparison: a verdict, the differences, the rules that made things equal."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | Decimal | bool | None"
"""A parsed JSON value. `Decimal` holds what no finite double can: 1e400, NaN, Infinity."""


class Verdict(StrEnum):
    """How a comparison ended."""

    MATCH = "match"
    MISMATCH = "mismatch"
    IGNORED = "ignored"  # equal, but only thanks to the route's own rules
    INCONCLUSIVE = "inconclusive"  # a side failed or a bound was hit: evidence of nothing
    RACY = "racy"  # a difference that was gone when asked again, or that a write may have made


ENDED = frozenset({Verdict.MATCH, Verdict.MISMATCH, Verdict.IGNORED})
"""Verdicts that say something of the candidate; shares are shares of these."""


class Kind(StrEnum):
    """In which way the two answers differ at one path."""

    VALUE = "value"  # two scalars of one type
    MISSING = "missing"  # a member or element that only the primary has
    EXTRA = "extra"  # a member or element that only the candidate has
    TYPE = "type"  # another JSON type: "1" and 1, null and {}
    TWICE = "twice"  # a member that one side names twice in one object
    ORDER = "order"  # the elements of a list come in another order
    STATUS = "status"
    HEADER = "header"  # another value of a field, or a field that one side lacks
    BODY = "body"  # a body that is not JSON on both sides
    MANNER = "manner"  # both sides show noise, but not noise of the same kind


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the answers differ.

    `path` is the place without data: indices read `[*]`, member names that do not look like
    names read `[?]`. `place` is where it was met, with both. `primary` and `candidate` are what
    the sides have there, None for nothing at all; of an object or a list only the beginning is
    kept. For `ORDER` they are the first places of the elements on either side, for `TWICE` how
    often a member is named, for `MANNER` words that say of what shape the values are, and hold
    nothing of them.
    """

    path: str
    place: str
    kind: Kind
    primary: JSON
    candidate: JSON


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome for one pair of answers.

    `fired` holds each rule that made something equal, once, built-in ones included, as written.
    `reason` says why a comparison is inconclusive: which side, which bound. It holds no data.
    """

    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    fired: tuple[str, ...] = ()
    reason: str = ""

    @property
    def exceeded_by_candidate(self) -> bool:
        """Whether nothing can be told for what the candidate sent, which the primary did not."""
        return self.reason.startswith("candidate:")
