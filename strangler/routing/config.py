"""`routes.yaml`, version 1, as people write it: shapes and spellings, nothing worked out yet."""

from typing import Annotated, Literal, Self, TypeAlias, get_args

from pydantic import ConfigDict, Field, model_validator

from strangler.routing.config_part import NAMES_ONLY, Config, no_null
from strangler.routing.gate_config import AutopilotConfig, GateConfig
from strangler.routing.phase import Effect, Phase, WriteCopying
from strangler.routing.redaction import Redaction
from strangler.routing.spelling import (
    CanaryKey,
    Duration,
    HeaderName,
    Host,
    JsonPath,
    Members,
    Name,
    PathPattern,
    Percent,
    Period,
    PlainPath,
    ReadBackTemplate,
    Rule,
    TemplatePath,
    TokenPlace,
    Tolerance,
)
from strangler.routing.table import AmbiguousPaths
from strangler.routing.upstream_config import UpstreamConfig

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
    ignore: list[Rule] = Field(default=[])
    """What may differ: `$.a.path`, `header:NAME`, `status` or `body`."""
    unordered: list[Rule] = Field(default=[])
    """The lists whose order means nothing."""
    keyed: dict[JsonPath, Members] = Field(default={}, json_schema_extra=NAMES_ONLY)
    """Lists whose order means nothing, and the member, or members, that tell elements apart."""
    tolerance: dict[JsonPath, Tolerance] = Field(default={}, json_schema_extra=NAMES_ONLY)
    """By how much numbers may differ: an amount such as `0.01`, or a share such as `0.1%`."""
    plaintext: list[Rule] = Field(default=[])
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


class RewriteConfig(Config):
    """Another path for the service; the monolith gets the path as it came."""

    # A null would be neither: the schema has `oneOf` for what `_one_of_both` checks.
    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["prefix"]}, {"required": ["template"]}]}
    )

    prefix: PlainPath | None = Field(default=None, json_schema_extra=no_null)
    """Replaces what stands before the first parameter or `**` of the route's path."""
    template: TemplatePath | None = Field(default=None, json_schema_extra=no_null)
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
    query: dict[str, str] = Field(default={})
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
