"""The upstreams of `routes.yaml`, as people write them."""

from typing import Self

from pydantic import Field, model_validator

from strangler.routing.config_part import Config
from strangler.routing.spelling import (
    Duration,
    PemPath,
    Percent,
    PlainPath,
    ServerName,
    TargetUrl,
    seconds,
)


class HealthConfig(Config):
    """An active health check of every target of an upstream."""

    path: PlainPath
    """What is asked with GET; a 2xx answer is healthy."""
    interval: Duration = "5s"
    """How often each target is asked."""
    timeout: Duration = "2s"
    """How long the answer may take."""
    healthy_after: int = Field(default=1, ge=1, le=100)
    """Good answers in a row after which a target is used again."""
    unhealthy_after: int = Field(default=2, ge=1, le=100)
    """Failed checks in a row after which a target is used no longer."""


class TimeoutsConfig(Config):
    """Bounds on one exchange with an upstream."""

    connect: Duration = "2s"
    """Until a connection stands."""
    response: Duration = "30s"
    """From the request's last byte to the head of the response."""
    idle: Duration = "60s"
    """Between two bytes of a body or a tunnel, either way."""
    keepalive: Duration = "4s"
    """How long an unused connection is kept; less than the upstream keeps it."""


class EjectionConfig(Config):
    """Passive health: a target that fails the requests sent to it is passed over for a while."""

    after: int = Field(default=5, ge=1, le=1000)
    """Failed exchanges in a row after which a target is passed over."""
    share: Percent = "50%"
    """Of an upstream's targets, how many may be passed over at once; `0%` for none."""
    shortest: Duration = "1s"
    """For how long at first; twice as long each further time, until it has behaved for a while."""
    longest: Duration = "30s"
    """For how long at most."""

    @model_validator(mode="after")
    def _shortest_is_shorter(self) -> Self:
        if seconds(self.shortest) > seconds(self.longest):
            raise ValueError(f"shortest, {self.shortest}, is longer than longest, {self.longest}")
        return self


class LimitsConfig(Config):
    """The circuit breaker: what one worker asks of an upstream at the same time."""

    in_flight: int = Field(ge=1, le=1_000_000)
    """Requests under way at one target."""
    pending: int = Field(default=100, ge=0, le=1_000_000)
    """Requests that wait while all targets are full; more get 503 at once."""
    wait: Duration = "1s"
    """How long one waits before it gets 503."""


class RetriesConfig(Config):
    """How many requests may be sent a second time, so that retries do not become a storm."""

    budget: Percent = "20%"
    """Of the requests of the last ten seconds."""
    floor: int = Field(default=3, ge=0, le=1_000_000)
    """Besides, so many a second."""


class TlsConfig(Config):
    """TLS to the `https://` targets of an upstream. Its files hold PEM, and are watched."""

    ca: PemPath | None = None
    """The certificates that are trusted, in place of the system's."""
    cert: PemPath | None = None
    """Our own certificate, with its chain, for an upstream that asks for one."""
    key: PemPath | None = None
    """The key of `cert`, without a passphrase."""
    server_name: ServerName | None = None
    """What the targets are certified for, and asked for (SNI); by default each one's own host."""
    verify: bool = True
    """Whether a target must prove who it is. Without that, anyone in between can read and alter."""


class UpstreamConfig(Config):
    """Whom we call: the monolith, or a service."""

    targets: list[TargetUrl] = Field(min_length=1)
    """Its addresses, each `http://HOST:PORT` or `https://HOST:PORT`."""
    tls: TlsConfig | None = None
    """What `https://` targets must prove, and what we show them; by default what a browser asks."""
    health: HealthConfig | None = None
    """An active check; without it, failed exchanges alone tell that a target is away."""
    timeouts: TimeoutsConfig = TimeoutsConfig()
    """How long it may take."""
    ejection: EjectionConfig = EjectionConfig()
    """When a target that fails the requests sent to it is passed over, and for how long."""
    slow_start: Duration | None = None
    """How long a target that returns takes to come to its full share; without it, none."""
    limits: LimitsConfig | None = None
    """What may be under way at once; without it, whatever comes."""
    retries: RetriesConfig = RetriesConfig()
    """How many requests may be sent a second time."""
    resolve: Duration = "30s"
    """How long the addresses of a target's host name are believed before it is resolved anew."""
