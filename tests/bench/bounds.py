"""What strangler is to reach, and whether a measured value does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import Self

from tests.bench.peers.everyone import SHADOWED, STRANGLER
from tests.bench.rounds import Run, ratios

Runs = dict[str, dict[str, list[Run]]]
"""Runs by work, then by proxy."""


class Verdict(StrEnum):
    """What there is to say of a bound."""

    AIM = "held, aim reached"
    HELD = "held"
    MISSED = "NOT held"
    ABSENT = "peer absent"


@dataclass(frozen=True)
class Bound:
    """A value is to be at most (or at least) `limit`; better is `aim`."""

    figure: str
    limit: float
    aim: float | None = None
    unit: str = "x"
    at_least: bool = False

    def verdict(self, value: float) -> Verdict:
        """Hold a value against the bound."""
        if not self._within(value, self.limit):
            return Verdict.MISSED
        reached = self.aim is not None and self._within(value, self.aim)
        return Verdict.AIM if reached else Verdict.HELD

    def _within(self, value: float, limit: float) -> bool:
        return value >= limit if self.at_least else value <= limit


@dataclass(frozen=True)
class Outcome:
    """What was measured for a bound: None where the peer is absent.

    `spread` is the least and the greatest of all rounds; `beside` the same figure of other proxies.
    """

    bound: Bound
    value: float | None
    spread: tuple[float, float] | None = None
    beside: dict[str, float] = field(default_factory=dict)
    note: str = ""

    @classmethod
    def of(cls, bound: Bound, values: Mapping[str, float], note: str = "") -> Self:
        """Hold strangler's value against the bound, with those of others beside it."""
        beside = {name: value for name, value in values.items() if name != STRANGLER}
        return cls(bound, values[STRANGLER], None, beside, note)

    @property
    def verdict(self) -> Verdict:
        """Say whether the bound is held."""
        return Verdict.ABSENT if self.value is None else self.bound.verdict(self.value)


@dataclass(frozen=True)
class RatioBound:
    """A bound on the CPU time per request of `ours` as a multiple of that of `peer`."""

    bound: Bound
    work: str
    peer: str
    ours: str = STRANGLER

    def outcome(self, runs: dict[str, list[Run]]) -> Outcome:
        """Divide round by round, and take the median."""
        if self.peer not in runs or self.ours not in runs:
            return Outcome(self.bound, None)
        found = ratios(runs[self.ours], runs[self.peer])
        return Outcome(self.bound, median(found), (min(found), max(found)))


MATCHING = Bound("match time, 10,000 routes against 10", 1.5, 1.1)
TO_REACH = (
    RatioBound(
        Bound("CPU, 1 KB GET, 32 connections, against HAProxy", 2.8, 2.0), "get-32", "haproxy"
    ),
    RatioBound(
        Bound("CPU, 1 KB GET, 256 connections, against HAProxy", 2.8, 2.0), "get-256", "haproxy"
    ),
    RatioBound(Bound("CPU, 1 KB GET, against Envoy", 0.9, 0.7), "get-32", "envoy"),
    RatioBound(Bound("CPU, 1 KB GET, against Go ReverseProxy", 0.8, 0.6), "get-32", "go"),
    RatioBound(Bound("CPU, 1 KB GET, against Traefik", 0.8, 0.6), "get-32", "traefik"),
    RatioBound(Bound("CPU, 1 KB GET, against Caddy", 0.8, 0.6), "get-32", "caddy"),
    RatioBound(
        Bound("CPU, 1 KB GET, against Starlette + httpx2", 1 / 20, 1 / 30), "get-32", "naive"
    ),
    RatioBound(
        Bound("CPU, 100 % shadowed and compared, against not shadowed", 2.5, 2.2),
        "shadow",
        STRANGLER,
        SHADOWED,
    ),
)


def outcomes(runs: Runs) -> list[Outcome]:
    """Hold what was measured against every bound on ratios whose work was done."""
    return [one.outcome(runs[one.work]) for one in TO_REACH if one.work in runs]
