"""The compiled route table: one immutable snapshot that the data plane reads and swaps whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from strangler.http.message import RequestHead
from strangler.routing.conditions import Conditions
from strangler.routing.decision import Plan
from strangler.routing.keys import KeySource
from strangler.routing.match import Node
from strangler.routing.pattern import Pattern
from strangler.routing.phase import Effect, Phase, effect_of
from strangler.routing.rewrite import Rewrite


@dataclass(frozen=True, slots=True)
class Target:
    """One address of an upstream; an IPv6 `host` is without brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        """Write the address as the URL that `routes.yaml` holds."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


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
    """An active check: GET `path` on every target each `interval` seconds; 2xx is healthy."""

    path: str
    interval: float = 5.0


@dataclass(frozen=True, slots=True)
class Upstream:
    """Whom we call: a name, its targets and how long we wait for them."""

    name: str
    targets: tuple[Target, ...]
    timeouts: Timeouts = Timeouts()
    health: HealthCheck | None = None


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
    `reversed`: after the cutover, copy reads to the monolith.
    """

    sample: float = 1.0
    ignore: tuple[str, ...] = ()
    unordered: tuple[str, ...] = ()
    plaintext: tuple[str, ...] = ()
    confirm: bool = True
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """What requests, and what happens to them, compiled.

    `label` is unique in the table and stable across revisions: methods, pattern, conditions.
    `line` is the route's line in the file it was read from. `claims` are the alternatives of
    conditions that its requests meet: one for each host, else one. `rewrite` maps a forwarded
    path for the service; None where the path stays.
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
    line: int

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
        return self.reads if effect_of(method, self.effect) is Effect.READ else self.writes

    def origin_form(self, head: RequestHead, upstream: str) -> bytes:
        """Give the request target for one upstream: rewritten for the service alone."""
        forward = head.target.forward
        if self.rewrite is None or upstream != self.service:
            return forward
        return self.rewrite.apply(forward)


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


@dataclass(frozen=True, slots=True)
class RouteTable:
    """The whole of one `routes.yaml`, compiled. `digest` is the SHA-256 of its text."""

    digest: str
    monolith: str
    upstreams: Mapping[str, Upstream]
    domains: Mapping[str, Domain]
    routes: tuple[Route, ...]
    fallthrough: Plan
    root: Node[Route] = field(repr=False, compare=False)

    def match(self, head: RequestHead) -> Route | None:
        """Find the most specific route that claims the request; None means the monolith."""
        return self.root.find(head)
