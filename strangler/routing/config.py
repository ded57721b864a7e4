"""`routes.yaml`, version 1, as people write it: shapes and spellings, nothing worked out yet."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from strangler.routing.phase import Effect, Phase
from strangler.routing.spelling import (
    CanaryKey,
    Duration,
    HeaderName,
    Host,
    Name,
    PathPattern,
    Percent,
    PlainPath,
    Rule,
    Spelling,
    TargetUrl,
)

# What llhttp parses, less CONNECT and PRI, which are no requests for a resource.
METHODS = (
    "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE QUERY "
    "ACL BIND CHECKOUT COPY LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE M-SEARCH NOTIFY "
    "PROPFIND PROPPATCH PURGE REBIND REPORT SEARCH SOURCE SUBSCRIBE UNBIND UNLINK UNLOCK UNSUBSCRIBE"
).split()

Method: TypeAlias = Annotated[
    str,
    Spelling(
        f"^(?:{'|'.join(METHODS)})$",
        f"must be a method such as {', '.join(METHODS[:6])}",
        {"^[a-z]+$": "must be in upper case, as methods are case-sensitive"},
    ),
]
Writes: TypeAlias = Annotated[
    str,
    Spelling(
        "^skip$",
        "must be skip",
        {"^(read-back|dry-run)$": "is not supported yet: this version can only skip writes"},
    ),
]
# An enum is written as text, which pydantic's strict mode would refuse.
PhaseName: TypeAlias = Annotated[Phase, Field(strict=False)]
EffectName: TypeAlias = Annotated[Effect, Field(strict=False)]


class Config(BaseModel):
    """What all parts share: no unknown keys, no guessing between text and numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class HealthConfig(Config):
    """An active health check of every target of an upstream."""

    path: PlainPath = Field(description="What is asked with GET; a 2xx answer is healthy.")
    interval: Duration = Field("5s", description="How often each target is asked.")


class TimeoutsConfig(Config):
    """Bounds on one exchange with an upstream."""

    connect: Duration = Field("2s", description="Until a connection stands.")
    response: Duration = Field(
        "30s", description="From the request's last byte to the head of the response."
    )
    idle: Duration = Field(
        "60s", description="Between two bytes of a body or a tunnel, either way."
    )
    keepalive: Duration = Field(
        "4s",
        description="How long an unused connection is kept: less than the upstream keeps it.",
    )


class UpstreamConfig(Config):
    """Whom we call: the monolith, or a service."""

    targets: list[TargetUrl] = Field(min_length=1, description="Addresses, http://HOST:PORT.")
    health: HealthConfig | None = Field(None, description="Without it, failures alone tell.")
    timeouts: TimeoutsConfig = Field(TimeoutsConfig(), description="Bounds on one exchange.")


class CanaryConfig(Config):
    """Which readers the service answers in the canary."""

    weight: Percent = Field(description="The share of keys that read from the service.")
    key: CanaryKey = Field(
        "address",
        description="What keeps a client on one side: header:NAME, cookie:NAME, query:NAME or "
        "address. A request without it stays with the monolith.",
    )


class ShadowConfig(Config):
    """How copies of reads are taken and compared. Given for a route, it overrides key by key."""

    sample: Percent = Field("100%", description="The share of reads that are copied.")
    ignore: list[Rule] = Field([], description="What may differ: paths, headers, status or body.")
    unordered: list[Rule] = Field([], description="Lists whose order means nothing.")
    plaintext: list[Rule] = Field([], description="Values that may be stored unhashed.")
    writes: Writes = Field("skip", description="Writes get no copy.")
    confirm: bool = Field(
        True, description="Ask both sides once more before a difference counts, to tell noise."
    )
    reversed: bool = Field(
        False, description="Once extracted, copy reads to the monolith: is the way back safe?"
    )


class RewriteConfig(Config):
    """Another path for the service; the monolith gets the path as it came."""

    prefix: PlainPath = Field(
        description="Replaces what stands before the first parameter or ** of the route's path."
    )


class RouteConfig(Config):
    """What requests, and what happens to them where that is not as in the domain."""

    path: PathPattern = Field(
        description="Literal segments, {name}, {name:int}, {name:uuid}; a last ** is this segment "
        "boundary and below."
    )
    methods: list[Method] | None = Field(
        None, min_length=1, description="Only these; without it, all. GET does not include HEAD."
    )
    hosts: list[Host] | None = Field(
        None, min_length=1, description="Only these: exact, or *.example.org for names below it."
    )
    headers: dict[HeaderName, str] = Field(
        {}, description='Only with these headers; "*" for any value.'
    )
    query: dict[str, str] = Field(
        {}, description='Only with these query parameters; "*" for any value.'
    )
    phase: PhaseName | None = Field(
        None, description="Where its reads stand, if they lag behind or run ahead of the domain."
    )
    effect: EffectName | None = Field(
        None, description="Whether its requests read or write, if the method does not tell."
    )
    rewrite: RewriteConfig | None = Field(None, description="Another path for the service.")
    shadow: ShadowConfig | None = Field(None, description="Overrides of the domain's shadow.")
    fallback: bool | None = Field(None, description="Overrides the domain's fallback.")


class DomainConfig(Config):
    """Routes that move together, because they share data and therefore one writer."""

    service: str = Field(description="The upstream extracted from the monolith.")
    phase: PhaseName = Field(Phase.MONOLITH, description="Where the domain stands.")
    canary: CanaryConfig | None = Field(None, description="Needed in the phase canary.")
    shadow: ShadowConfig = Field(ShadowConfig(), description="Copies and their comparison.")
    fallback: bool | None = Field(
        None,
        description="Whether reads that the service fails before its first byte go to the "
        "monolith: by default in canary, not in extracted; never in retired.",
    )
    routes: list[RouteConfig] = Field(min_length=1, description="What the domain claims.")


class RoutesConfig(Config):
    """One `routes.yaml`."""

    version: Literal[1] = Field(description="The version of this format.")
    upstreams: dict[Name, UpstreamConfig] = Field(min_length=1, description="Whom we call.")
    monolith: str = Field(description="The upstream that answers whatever no route claims.")
    domains: dict[Name, DomainConfig] = Field({}, description="What is moving out, by name.")
