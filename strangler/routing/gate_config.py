"""What gates ask for and how the autopilot goes, as people write it in `routes.yaml`."""

from typing import Self

from pydantic import Field, model_validator

from strangler.routing.config_part import Config
from strangler.routing.spelling import Budget, Duration, Percent, Period, hundredths


class LatencyConfig(Config):
    """How slow the service's answers may be, held against the monolith's in the same window."""

    quantile: Budget = "95%"
    """Which quantile is compared: 95% leaves out the slowest twentieth of the answers."""
    slower: Percent = "25%"
    """By how much the service's quantile may lie above the monolith's,"""
    allow: Duration = "10ms"
    """and by how much more: what no client notices."""


class GateConfig(Config):
    """What the domain's gates ask for before it goes on."""

    mismatches: Budget = "1%"
    """The budget for mismatches: their true rate must be proven to lie below it."""
    inconclusive: Budget = "5%"
    """The budget for comparisons that come to no end because a side fails."""
    errors: Budget = "1%"
    """How much more often than the monolith the service may fail."""
    latency: LatencyConfig = LatencyConfig()
    """How slow the service's answers may be."""
    samples: int = Field(default=20, ge=1, le=100_000)
    """How many exchanges of each kind (route, method, status class) are asked for at least."""
    confidence: Budget = "95%"
    """How sure a gate must be, however often one looks."""
    quiet: Period = "7d"
    """For how long no request may have needed the monolith before the domain can be retired."""


class BreachLatencyConfig(LatencyConfig):
    """How slow the service's answers may be before the autopilot steps back: not for a trifle."""

    slower: Percent = "100%"
    """By how much the service's quantile may lie above the monolith's,"""
    allow: Duration = "100ms"
    """and by how much more."""


class RollbackConfig(Config):
    """What makes the autopilot step back, by what was seen in the last moments."""

    errors: Budget = "5%"
    """The share of requests to the service that may fail; more than this must be proven."""
    mismatches: Budget = "5%"
    """The share of comparisons that may be mismatches; likewise."""
    latency: BreachLatencyConfig = BreachLatencyConfig()
    """How slow the service's answers may be; that they are slower must be proven."""


class AutopilotConfig(Config):
    """Moves the domain through the canary as its gates open, and back when something breaks."""

    steps: list[Budget] = Field(default=["1%", "5%", "25%", "50%"], min_length=1)
    """The weights, one after the other."""
    hold: Duration = "10m"
    """How long each is held at least."""
    rollback_on: RollbackConfig = RollbackConfig()
    """What makes it step back, to the shadow."""
    within: Duration = "1m"
    """Of what time that is judged."""

    @model_validator(mode="after")
    def _rising(self) -> Self:
        weights = [hundredths(step) for step in self.steps]
        if weights != sorted(set(weights)):
            raise ValueError("must have steps that rise, such as [1%, 5%, 25%, 50%]")
        return self
