"""The compiled route table: one immutable snapshot that the data plane reads and swaps whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from strangler.http.message import RequestHead
from strangler.routing.conditions import Conditions
from strangler.routing.decision import Plan
from strangler.routing.keys import KeySource
from strangler.routing.match import Claim, Node
from strangler.routing.own_writes import OwnWrites
from strangler.routing.pattern import Pattern
from strangler.routing.phase import READ_METHODS, Effect, Phase, WriteCopying, effect_of
from strangler.routing.read_back import ReadBackPath
from strangler.routing.redaction import DEFAULT_RETENTION, Redaction, Retention
from strangler.routing.rewrite import Rewrite
from strangler.routing.way_back import WayBack


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """How a target proves who it is, and who we say that we are. Files are absolute paths.

    `server_name` is what the target must be certified for, and what we ask for (SNI). `ca` is
    trusted in place of the system's CAs. `cert` and `key` are shown to a target that asks for a
    certificate of ours. Without `verify` any certificate will do. `places` tells on which line and
    column of `routes.yaml` each of these stands, where it does.
    """

    server_name: str
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    verify: bool = True
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Target:
    """One address of an upstream; an IPv6 `host` is without brackets. `tls` is None for http."""

    host: str
    port: int
    tls: TlsPolicy | None = None

    @property
    def authority(self) -> str:
        """Write host and port as a Host field holds them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        """Write the address as the URL that `routes.yaml` holds."""
        return f"{'http' if self.tls is None else 'https'}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds in seconds on one exchange with an upstream.

    `connect`: until a connection stands. `response`: from the request's last byte to the head of
    the response. `idle`: between two bytes of a body or a tunnel, either way. `keepalive`: how
    long an unused connection is kept; below the upstream's own, or writes meet closed doors.
    """

    connect: float = 2.0
    response: float = 30.0
    idle: float = 60.0
    keepalive: float = 4.0


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """An active check: GET `path` on every target each `interval` seconds; 2xx is healthy.

    An answer that takes longer than `timeout` seconds is a failure. `unhealthy_after` failures in
    a row end the belief in a target, `healthy_after` good answers in a row restore it.
    """

    path: str
    interval: float = 5.0
    timeout: float = 2.0
    healthy_after: int = 1
    unhealthy_after: int = 2


@dataclass(frozen=True, slots=True)
class EjectionPolicy:
    """Passive health: after how many failed exchanges in a row a target is passed over.

    For `shortest` seconds at first, twice as long each time, `longest` at most; never more than
    `share` (0 to 1) of an upstream's targets at once.
    """

    after: int = 5
    share: float = 0.5
    shortest: float = 1.0
    longest: float = 30.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The circuit breaker, for each worker: `in_flight` requests at one target, None for no bound.

    Beyond it, `pending` requests wait for a place at the upstream, each for `wait` seconds.
    """

    in_flight: int | None = None
    pending: int = 100
    wait: float = 1.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How many requests may be sent a second time: a share of the recent ones, and some besides.

    `budget` is that share (0 to 1), `floor` a number a second.
    """

    budget: float = 0.2
    floor: float = 3.0


@dataclass(frozen=True, slots=True)
class Upstream:
    """Whom we call: a name, its targets, how long we wait for them and how we spare them.

    `slow_start`: seconds in which a target that returns comes to its full share; 0 for at once.
    `resolve`: seconds that the addresses of a host name are believed.
    """

    name: str
    targets: tuple[Target, ...]
    timeouts: Timeouts = Timeouts()
    health: HealthCheck | None = None
    ejection: EjectionPolicy = EjectionPolicy()
    slow_start: float = 0.0
    limits: Limits = Limits()
    retries: RetryPolicy = RetryPolicy()
    resolve: float = 30.0


@dataclass(frozen=True, slots=True)
class CanaryPolicy:
    """`threshold` buckets of 10,000 of the keys read from the service.

    `weight` and `key_text` are as written in `routes.yaml`.
    """

    threshold: int
    key: KeySource
    weight: str
    key_text: str


@dataclass(frozen=True, slots=True)
class ShadowPolicy:
    """How a route's copies are taken and compared. Rules are as written in `routes.yaml`.

    `sample` is a share in [0, 1]. `confirm`: ask both sides once more before a difference counts.
    `noise_sample` is the share of copies of which the primary is asked twice anyway.
    `reversed`: after the cutover, copy reads to the monolith. `writes`: what the candidate has to
    do with writes; `read_back_within` are the seconds after which one is not read back any more.
    `redaction` says what is hashed before it is stored, `retention` how long it is kept.
    """

    sample: float = 1.0
    ignore: tuple[str, ...] = ()
    unordered: tuple[str, ...] = ()
    keyed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    tolerance: tuple[tuple[str, str], ...] = ()
    plaintext: tuple[str, ...] = ()
    confirm: bool = True
    noise_sample: float = 0.01
    reversed: bool = False
    writes: WriteCopying = WriteCopying.SKIP
    read_back_within: float = 5.0
    redaction: Redaction = Redaction.VALUES
    retention: Retention = DEFAULT_RETENTION


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """What the gates of a domain ask for before it may go on.

    Shares are in [0, 1], times in seconds. `mismatches` and `inconclusive` are budgets for the
    rates of both among comparisons. The service's answers may fail by `errors` more often than
    the monolith's, and their `quantile` may be slower by the share `slower` and by `allow`.
    `samples` is asked for of each kind of exchange. A gate that opens wrongly does so with a
    probability of at most `alpha`. `quiet`: for how long nobody may have needed the way back.
    """

    mismatches: float = 0.01
    inconclusive: float = 0.05
    errors: float = 0.01
    quantile: float = 0.95
    slower: float = 0.25
    allow: float = 0.01
    samples: int = 20
    alpha: float = 0.05
    quiet: float = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class AutopilotPolicy:
    """How a domain is moved through the canary without a person.

    `steps` are weights as written, each with its buckets of 10,000, rising. A step is held for
    `hold` seconds. `errors` and `mismatches`, shares in [0, 1], are the bounds beyond which it
    steps back, by what was seen in the last `within` seconds; so it does where the service's
    `quantile` of latency is slower than the monolith's by more than the share `slower` and `allow`.
    """

    steps: tuple[tuple[str, int], ...]
    hold: float = 600.0
    errors: float = 0.05
    mismatches: float = 0.05
    quantile: float = 0.95
    slower: float = 1.0
    allow: float = 0.1
    within: float = 60.0


@dataclass(frozen=True, slots=True)
class Route:
    """What requests, and what happens to them, compiled.

    `label` is unique in the table and stable across revisions: methods, pattern, conditions.
    `line` is the route's line in the file it was read from. `claims` are the alternatives of
    conditions that its requests meet: one for each host, else one. `rewrite` maps a forwarded
    path for the service, `way_back` what the service says of its paths for the client; both are
    None where the path stays. `json_urls`: the latter in JSON bodies, too. `read_back` names what
    a write has changed, where neither its path nor its answer does.
    """

    label: str
    domain: str
    path: Pattern
    claims: tuple[Conditions, ...]
    phase: Phase
    effect: Effect | None
    service: str
    reads: Plan
    writes: Plan
    canary: CanaryPolicy | None
    shadow: ShadowPolicy
    rewrite: Rewrite | None
    way_back: WayBack | None
    json_urls: bool
    line: int
    own_writes: OwnWrites | None = None
    read_back: ReadBackPath | None = None

    @property
    def pattern(self) -> str:
        """Give the path pattern as written."""
        return self.path.text

    @property
    def methods(self) -> frozenset[str] | None:
        """Give the methods that the route claims; None stands for all."""
        return self.claims[0].methods

    def effect_of(self, method: str) -> Effect:
        """Decide whether a request with this method reads or writes here."""
        return effect_of(method, self.effect)

    def plan_for(self, method: str) -> Plan:
        """Choose the plan of reads or of writes for one method."""
        if self.effect is None:
            return self.reads if method in READ_METHODS else self.writes
        return self.reads if self.effect is Effect.READ else self.writes

    def origin_form(self, head: RequestHead, upstream: str) -> bytes:
        """Give the request target for one upstream: rewritten for the service alone."""
        forward = head.target.forward
        if self.rewrite is None or upstream != self.service:
            return forward
        return self.rewrite.apply(forward)


@dataclass(frozen=True, slots=True)
class LagProbe:
    """Whom to ask for changes that one side lacks: GET `path` on each target of `upstream`.

    The answer is a number, or a JSON object with it in `member`. One that takes longer than
    `timeout` seconds, or is no number from 0 on, tells of no end of the lag.
    """

    upstream: str
    path: str
    member: str | None = None
    timeout: float = 1.0


@dataclass(frozen=True, slots=True)
class PromiseProbe:
    """Whom to ask whether dry runs have no effect: GET `path` on a target of the service.

    A word is good for `every` seconds, on the connection that it was given on. An answer that takes
    longer than `timeout` seconds gives none.
    """

    path: str
    every: float = 10.0
    timeout: float = 1.0

    def __str__(self) -> str:
        """Write the probe for people who read what changes."""
        return f"{self.path} (every {self.every:g} s, within {self.timeout:g} s)"


@dataclass(frozen=True, slots=True)
class FencePolicy:
    """How long (in seconds) writes wait while the writer moves, and how many in one worker."""

    wait: float = 5.0
    requests: int = 1000


@dataclass(frozen=True, slots=True)
class Domain:
    """Routes that move together, because they share data and therefore one writer.

    `canary` is the domain's own policy, also while its phase has no use for it.
    """

    name: str
    service: str
    phase: Phase
    canary: CanaryPolicy | None
    routes: tuple[Route, ...]
    gate: GatePolicy = GatePolicy()
    autopilot: AutopilotPolicy | None = None
    lag: LagProbe | None = None
    fence: FencePolicy = FencePolicy()
    dry_run: PromiseProbe | None = None


class AmbiguousPaths(StrEnum):
    """What to do with a path that a server may take for one of another route.

    `route` sends it there where nothing but case and parameters is in doubt, and refuses the rest.
    """

    REFUSE = "refuse"
    ROUTE = "route"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class RouteTable:
    """The whole of one `routes.yaml`, compiled. `digest` is the SHA-256 of its text.

    `folded` is `root` without regard to case; `cased`: that makes a difference to some route.
    """

    digest: str
    monolith: str
    upstreams: Mapping[str, Upstream]
    domains: Mapping[str, Domain]
    routes: tuple[Route, ...]
    fallthrough: Plan
    ambiguous_paths: AmbiguousPaths
    root: Node[Route] = field(repr=False, compare=False)
    folded: Node[Route] = field(repr=False, compare=False)
    cased: bool = field(init=False)

    def __post_init__(self) -> None:
        """Say once what every request would ask."""
        object.__setattr__(self, "cased", self.folded is not self.root)

    def match(self, head: RequestHead) -> Route | None:
        """Find the most specific route that claims the request; None means the monolith."""
        return self.root.find(head)


def tries(routes: Sequence[Route]) -> tuple[Node[Route], Node[Route]]:
    """Put all claims where their paths lead: as they are written, and without regard to case.

    Where case makes no difference both are one.
    """
    paths = [route.path for route in routes]
    folded = [path.folded for path in paths]
    root = _trie(routes, paths)
    return root, root if folded == paths else _trie(routes, folded)


def _trie(routes: Sequence[Route], paths: Sequence[Pattern]) -> Node[Route]:
    root: Node[Route] = Node()
    for route, path in zip(routes, paths, strict=True):
        for conditions in route.claims:
            root.add(Claim(path, conditions, route))
    return root
