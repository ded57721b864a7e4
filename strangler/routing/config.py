"""`routes.yaml`, version 1, as people write it: shapes and spellings, nothing worked out yet."""

from typing import Annotated, Any, Literal, Self, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from strangler.routing.phase import Effect, Phase, WriteCopying
from strangler.routing.redaction import Redaction
from strangler.routing.spelling import (
    Budget,
    CanaryKey,
    Duration,
    HeaderName,
    Host,
    JsonPath,
    Members,
    Name,
    PathPattern,
    PemPath,
    Percent,
    Period,
    PlainPath,
    ReadBackTemplate,
    Rule,
    ServerName,
    TargetUrl,
    TemplatePath,
    TokenPlace,
    Tolerance,
    hundredths,
    seconds,
)
from strangler.routing.table import AmbiguousPaths

# What llhttp parses, less CONNECT and PRI, which are no requests for a resource.
# fmt: off
Method: TypeAlias = Literal[
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY",
    "ACL", "BIND", "CHECKOUT", "COPY", "LINK", "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR",
    "MKCOL", "MOVE", "M-SEARCH", "NOTIFY", "PROPFIND", "PROPPATCH", "PURGE", "REBIND", "REPORT",
    "SEARCH", "SOURCE", "SUBSCRIBE", "UNBIND", "UNLINK", "UNLOCK", "UNSUBSCRIBE",
]
# fmt: on
METHODS: tuple[str, ...] = get_args(Method)

# An enum is written as text, which pydantic's strict mode would refuse.
PhaseName: TypeAlias = Annotated[Phase, Field(strict=False)]
AmbiguousPathsName: TypeAlias = Annotated[AmbiguousPaths, Field(strict=False)]
RedactionName: TypeAlias = Annotated[Redaction, Field(strict=False)]
EffectName: TypeAlias = Annotated[Effect, Field(strict=False)]
WriteCopyingName: TypeAlias = Annotated[WriteCopying, Field(strict=False)]


# pydantic puts the pattern of a mapping's keys into the schema, but allows all others beside it.
NAMES_ONLY: JsonDict = {"additionalProperties": False}


def _no_null(schema: dict[str, Any]) -> None:
    """Offer editors no null: it stands for a key that is left out, and may not be written."""
    schema.pop("default")
    schema |= next(kind for kind in schema.pop("anyOf") if kind["type"] != "null")


class Config(BaseModel):
    """What all parts share: no unknown keys, no guessing between text and numbers.

    The text below a field is for readers of the schema, which finds it by itself: pydantic would
    parse this file whenever a process starts.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


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


class CanaryConfig(Config):
    """Which readers the service answers in the canary."""

    weight: Percent
    """The share of keys that read from the service."""
    key: CanaryKey = "address"
    """What keeps a client on one side: `header:NAME`, `cookie:NAME`, `query:NAME` or `address`.
    A request without it stays with the monolith."""


class RetentionConfig(Config):
    """How long findings, and noise, are kept."""

    age: Period = "90d"
    """After a finding was last seen."""
    findings: int = Field(default=500, ge=1, le=500)
    """How many of a route, and as many of noise: those that were seen last."""


class ShadowConfig(Config):
    """How copies are taken and compared. A route's own overrides it key by key."""

    sample: Percent = "100%"
    """The share of reads that are copied, and of writes that are judged."""
    ignore: list[Rule] = []
    """What may differ: `$.a.path`, `header:NAME`, `status` or `body`."""
    unordered: list[Rule] = []
    """The lists whose order means nothing."""
    keyed: dict[JsonPath, Members] = Field(default={}, json_schema_extra=NAMES_ONLY)
    """Lists whose order means nothing, and the member, or members, that tell elements apart."""
    tolerance: dict[JsonPath, Tolerance] = Field(default={}, json_schema_extra=NAMES_ONLY)
    """By how much numbers may differ: an amount such as `0.01`, or a share such as `0.1%`."""
    plaintext: list[Rule] = []
    """The values that may be stored as they are, not as keyed hashes."""
    writes: WriteCopyingName = WriteCopying.SKIP
    """What the candidate has to do with writes: nothing (`skip`); both sides are asked for what was
    written, once it has arrived (`read-back`); or it is asked what it would answer, and to change
    nothing (`dry-run`)."""
    read_back_within: Duration = "5s"
    """How long a write may take to arrive at the candidate; later it is not read back."""
    retention: RetentionConfig = RetentionConfig()
    """How long what was found is kept."""
    confirm: bool = True
    """Whether both sides are asked once more before a difference counts, which tells noise."""
    noise_sample: Percent = "1%"
    """The share of copied reads, alike on both sides, of which the primary is asked twice, to learn
    what it shows against itself before that differs."""
    reversed: bool = False
    """Whether reads are copied to the monolith once extracted: is the way back still safe?"""

    def overridden_by(self, route: Self | None) -> Self:
        """Give what holds for a route: its own keys, and the domain's where it has none."""
        own = {} if route is None else {key: getattr(route, key) for key in route.model_fields_set}
        return self.model_copy(update=own)


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


class RewriteConfig(Config):
    """Another path for the service; the monolith gets the path as it came."""

    # A null would be neither: the schema has `oneOf` for what `_one_of_both` checks.
    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["prefix"]}, {"required": ["template"]}]}
    )

    prefix: PlainPath | None = Field(default=None, json_schema_extra=_no_null)
    """Replaces what stands before the first parameter or `**` of the route's path."""
    template: TemplatePath | None = Field(default=None, json_schema_extra=_no_null)
    """The whole path: names parameters of the route's path as `{name}`, and may end in `**` if
    that does."""

    json_urls: bool = False
    """Whether URLs of the service in JSON bodies become the client's too, as in `Location`."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        written = self.model_fields_set & {"prefix", "template"}
        if len(written) != 1 or (self.prefix is None and self.template is None):
            raise ValueError("must have either a prefix or a template")
        return self


class RouteConfig(Config):
    """What requests, and what happens to them where that is not as in the domain."""

    path: PathPattern
    """Literal segments, `{name}`, `{name:int}`, `{name:uuid}`; a last `**` claims the segment
    boundary before it and all below."""
    methods: list[Method] | None = Field(default=None, min_length=1)
    """Only these; without it, all. GET does not include HEAD."""
    hosts: list[Host] | None = Field(default=None, min_length=1)
    """Only these: exact, or `*.example.org` for all names below it."""
    headers: dict[HeaderName, str] = Field(default={}, json_schema_extra=NAMES_ONLY)
    """Only requests with these headers; `"*"` stands for any value."""
    query: dict[str, str] = {}
    """Only requests with these query parameters; `"*"` stands for any value."""
    phase: PhaseName | None = None
    """Where its reads stand, if they lag behind or run ahead of the domain's."""
    effect: EffectName | None = None
    """Whether its requests read or write, if the method does not tell."""
    rewrite: RewriteConfig | None = None
    """Another path for the service."""
    shadow: ShadowConfig | None = None
    """Overrides of the domain's `shadow`, key by key."""
    fallback: bool | None = None
    """Overrides the domain's `fallback`."""
    read_back: ReadBackTemplate | None = None
    """The path of what a write has changed, for `writes: read-back`, where neither its own path nor
    `Location` tells: `{name}` is a parameter of `path`, `{body:id}` a member of the JSON answer."""


class LagConfig(Config):
    """Where to ask how many changes one side has made that the other does not have yet."""

    path: PlainPath
    """What is asked with GET: a number from 0 on, or a JSON object that has it in `member`."""
    upstream: str | None = None
    """Who is asked, each of its targets; by default the domain's service."""
    member: str | None = Field(default=None, min_length=1, max_length=100)
    """The member of a JSON object that holds the number; without it, the body is the number."""
    timeout: Duration = "1s"
    """How long an answer may take; a later one counts as a lag."""


class DryRunConfig(Config):
    """Where the service promises that a dry run changes nothing; without its word none is sent."""

    promise: PlainPath
    """What each target of the service is asked with GET."""
    every: Duration = "10s"
    """For how long a promise is good, on the connection that it was given on."""
    timeout: Duration = "1s"
    """How long an answer may take."""


class FenceConfig(Config):
    """How long, and how many, writes may wait while the domain's writer moves."""

    wait: Duration = "5s"
    """After which the move is given up and the writes go on where they went."""
    requests: int = Field(default=1000, ge=0, le=100_000)
    """Writes that wait in one worker, each with up to 64 KiB of its body; more get 503."""


class ReadYourWritesConfig(Config):
    """After a client's write, its reads go to the writer until the other side has caught up."""

    kept_in: TokenPlace | None = None
    """Where the client keeps when it wrote: `cookie:NAME`, or `header:NAME` for clients that send
    back what the answer to their write had in that header. By default it is a cookie of the
    domain's own, `strangler-written-DOMAIN`."""
    bound: Duration = "10s"
    """For how long at most, however far the other side lags."""


class DomainConfig(Config):
    """Routes that move together, because they share data and therefore one writer."""

    service: str
    """The upstream that is extracted from the monolith."""
    phase: PhaseName = Phase.MONOLITH
    """Where the domain stands on its way out."""
    canary: CanaryConfig | None = None
    """Who reads from the service in the phase `canary`, which needs it."""
    shadow: ShadowConfig = ShadowConfig()
    """How copies are taken and compared."""
    fallback: bool | None = None
    """Whether the monolith steps in for reads that the service fails before its first byte: by
    default in `canary` and not in `extracted`; never in `retired`."""
    lag: LagConfig | None = None
    """Where changes that are still on their way are told: the writer moves when there are none."""
    fence: FenceConfig = FenceConfig()
    """How writes wait while the writer moves."""
    dry_run: DryRunConfig | None = None
    """Where the service promises to honour dry runs, which `writes: dry-run` needs."""
    gate: GateConfig = GateConfig()
    """What must be proven before the domain goes on."""
    read_your_writes: ReadYourWritesConfig | None = None
    """Whether a client's reads go to the writer for a while after its write."""
    autopilot: AutopilotConfig | None = None
    """Moves it through the canary by itself; without it, people do."""
    routes: list[RouteConfig] = Field(min_length=1)
    """What the domain claims."""


class RoutesConfig(Config):
    """One `routes.yaml`."""

    version: int = Field(ge=1, le=1)  # and not Literal[1], which takes true for 1
    """The version of this format."""
    upstreams: dict[Name, UpstreamConfig] = Field(min_length=1, json_schema_extra=NAMES_ONLY)
    """Whom we call, by name."""
    monolith: str
    """The upstream that answers whatever no route claims."""
    redaction: RedactionName = Redaction.VALUES
    """What of the answers that differ is stored as keyed hashes: all `values` but those that
    `plaintext` names, or only `secrets`, which is what is or looks like a credential or personal
    data."""
    ambiguous_paths: AmbiguousPathsName = AmbiguousPaths.REFUSE
    """What becomes of a path that some server may take for one of another route, such as `/cart;x`
    or `/CART`: `refuse` it, `route` it to where it may belong, `forward` it as it stands."""
    domains: dict[Name, DomainConfig] = Field(default={}, json_schema_extra=NAMES_ONLY)
    """What is moving out, by name."""
