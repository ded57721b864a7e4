"""What the buggy build gets wrong, as data: the one place where the two builds differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Build:
    """The details of the wire format that a build of this service gets right or wrong.

    `mean_size_decimals`: how exact `stats.mean_size_mb` is. `unlisted`: the fields that items of
    a kind lack in the list (and only there). `missing_version_status`: the status that answers
    for a version that does not exist.
    """

    mean_size_decimals: int = 4
    unlisted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    missing_version_status: int = 404


FIXED = Build()

REGRESSED = Build(
    mean_size_decimals=2,  # a rounding
    unlisted={"archive": frozenset({"retention_days"})},  # a missing field in one kind of item
    missing_version_status=400,  # a wrong status for one error
)
