"""From `routes.yaml` to an immutable `RouteTable`: what can be decided once is decided here."""

from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import TypeAlias

from strangler.routing.check import Complaint, check, conditions_of
from strangler.routing.config import (
    CanaryConfig,
    DomainConfig,
    DryRunConfig,
    LagConfig,
    RouteConfig,
    RoutesConfig,
    ShadowConfig,
)
from strangler.routing.decision import Decision, Plan
from strangler.routing.gate_config import AutopilotConfig, GateConfig
from strangler.routing.keys import key_source
from strangler.routing.own_writes import OwnWrites, own_cookie
from strangler.routing.pattern import normalised
from strangler.routing.phase import PHASES, Copying, Phase, System, WriteCopying
from strangler.routing.plan import Sides, always, plan_reads, plan_writes, with_own_writes
from strangler.routing.redaction import Redaction, Retention
from strangler.routing.shape import route_path
from strangler.routing.source import Source, read_source
from strangler.routing.spelling import hundredths, seconds
from strangler.routing.table import (
    AutopilotPolicy,
    CanaryPolicy,
    Domain,
    EjectionPolicy,
    FencePolicy,
    GatePolicy,
    HealthCheck,
    LagProbe,
    Limits,
    PromiseProbe,
    RetryPolicy,
    Route,
    RouteTable,
    ShadowPolicy,
    Target,
    Timeouts,
    TlsPolicy,
    Upstream,
    tries,
)
from strangler.routing.upstream_config import (
    EjectionConfig,
    HealthConfig,
    LimitsConfig,
    TlsConfig,
    UpstreamConfig,
)
from strangler.routing.way_back import (
    Seen,
    Way,
    prefix_way,
    seen_by_service,
    template_way,
    way_back,
)


def load(
    text: str | bytes, name: str = "routes.yaml", complaint: Complaint | None = None
) -> RouteTable:
    """Compile one `routes.yaml`; `name` is what its mistakes call it. Raises `RoutesError`.

    Bytes are read as UTF-8. A text must have the line ends of its file (`newline=""`), or the
    digest is not the file's. `complaint` says what is wrong with a comparison rule, if anything.
    """
    source = read_source(text, name)
    config = check(source, complaint)
    domains = {name: _domain(name, config, source) for name in config.domains}
    routes = tuple(route for domain in domains.values() for route in domain.routes)
    root, folded = tries(routes)
    upstreams = {name: _upstream(name, one, source) for name, one in config.upstreams.items()}
    return RouteTable(
        digest=digest_of(text),
        monolith=config.monolith,
        upstreams=MappingProxyType(upstreams),
        domains=MappingProxyType(domains),
        routes=routes,
        fallthrough=always(Decision(config.monolith, System.MONOLITH)),
        ambiguous_paths=config.ambiguous_paths,
        root=root,
        folded=folded,
    )


def digest_of(text: str | bytes) -> str:
    """Give the SHA-256 of a file's text, in hex: what tells two revisions apart."""
    return sha256(text.encode("utf-8") if isinstance(text, str) else text).hexdigest()


def label_of(route: RouteConfig) -> str:
    """Name a route by what it claims: the same words in every revision that has it."""
    methods = [",".join(sorted(route.methods))] if route.methods else []
    hosts = [f"host={','.join(sorted(route.hosts))}"] if route.hosts else []
    headers = [f"header:{name.lower()}={value}" for name, value in sorted(route.headers.items())]
    query = [f"query:{name}={value}" for name, value in sorted(route.query.items())]
    return " ".join([*methods, route.path.text, *hosts, *headers, *query])


def _upstream(name: str, config: UpstreamConfig, source: Source) -> Upstream:
    times = config.timeouts
    return Upstream(
        name,
        targets=_targets(name, config, source),
        timeouts=Timeouts(
            connect=seconds(times.connect),
            response=seconds(times.response),
            idle=seconds(times.idle),
            keepalive=seconds(times.keepalive),
        ),
        health=None if config.health is None else _health(config.health),
        ejection=_ejection(config.ejection),
        slow_start=0.0 if config.slow_start is None else seconds(config.slow_start),
        limits=Limits() if config.limits is None else _limits(config.limits),
        retries=RetryPolicy(_share(config.retries.budget), float(config.retries.floor)),
        resolve=seconds(config.resolve),
    )


def _health(config: HealthConfig) -> HealthCheck:
    return HealthCheck(
        config.path,
        interval=seconds(config.interval),
        timeout=seconds(config.timeout),
        healthy_after=config.healthy_after,
        unhealthy_after=config.unhealthy_after,
    )


def _ejection(config: EjectionConfig) -> EjectionPolicy:
    return EjectionPolicy(
        config.after,
        share=_share(config.share),
        shortest=seconds(config.shortest),
        longest=seconds(config.longest),
    )


def _limits(config: LimitsConfig) -> Limits:
    return Limits(config.in_flight, pending=config.pending, wait=seconds(config.wait))


def _share(percent: str) -> float:
    return hundredths(percent) / 10_000


def _targets(name: str, config: UpstreamConfig, source: Source) -> tuple[Target, ...]:
    tls = TlsConfig() if config.tls is None else config.tls
    set_here = {key: source.values[("upstreams", name, "tls", key)] for key in tls.model_fields_set}
    places = {key: (place.line, place.column) for key, place in set_here.items()}

    def target(url: str) -> Target:
        scheme, _, authority = url.partition("://")
        host, _, port = authority.rpartition(":")
        host = host.strip("[]")
        if scheme == "http":
            return Target(host, int(port))
        asked = tls.server_name or host
        policy = TlsPolicy(asked, tls.ca, tls.cert, tls.key, tls.verify, places)
        return Target(host, int(port), policy)

    return tuple(map(target, config.targets))


_Kind: TypeAlias = tuple[Phase, float, bool, WriteCopying, bool | None]
"""What tells routes of a domain apart: phase, share that is copied, whether reversed, what the
candidate has to do with writes, fallback."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the routes of one domain have in common. `seen` are the paths that its service sees.

    `plans`, of reads and of writes, are worked out once for all routes that are treated alike.
    `compared`: reads of one of them at least may be compared.
    """

    name: str
    config: DomainConfig
    canary: CanaryPolicy | None
    sides: Sides
    seen: Seen
    own: OwnWrites | None
    shadow: ShadowPolicy
    compared: bool
    plans: dict[_Kind, tuple[Plan, Plan]] = field(default_factory=dict)


def _domain(name: str, whole: RoutesConfig, source: Source) -> Domain:
    config = whole.domains[name]
    canary = None if config.canary is None else _canary(config.canary)
    sides = {System.MONOLITH: whole.monolith, System.SERVICE: config.service}
    ways = [_way(route) for route in config.routes]
    seen = seen_by_service(
        (route.path, way) for route, way in zip(config.routes, ways, strict=True)
    )
    shadow = _shadow(config.shadow, None, whole.redaction)
    compared = any(_is_compared(config, route, shadow) for route in config.routes)
    frame = _Frame(name, config, canary, sides, seen, _own_writes(name, config), shadow, compared)
    routes = tuple(
        _route(frame, route, way, source.line_of(route_path(name, index)))
        for index, (route, way) in enumerate(zip(config.routes, ways, strict=True))
    )
    return Domain(
        name,
        config.service,
        config.phase,
        canary,
        routes,
        lag=None if config.lag is None else _lag(config.lag, config.service),
        gate=_gate(config.gate),
        autopilot=None if config.autopilot is None else _autopilot(config.autopilot),
        fence=FencePolicy(seconds(config.fence.wait), config.fence.requests),
        dry_run=None if config.dry_run is None else _promise(config.dry_run),
    )


def _is_compared(config: DomainConfig, route: RouteConfig, shadow: ShadowPolicy) -> bool:
    """Decide whether a route's reads may be copied; `shadow` holds where it has none of its own."""
    shadow = (
        shadow if route.shadow is None else _shadow(config.shadow, route.shadow, shadow.redaction)
    )
    copying = PHASES[route.phase or config.phase].copying
    copied = copying is Copying.SAMPLED or (copying is Copying.IF_REVERSED and shadow.reversed)
    return copied and shadow.sample > 0


def _own_writes(name: str, config: DomainConfig) -> OwnWrites | None:
    asked = config.read_your_writes
    if asked is None:
        return None
    kind, _, carrier = (asked.kept_in or own_cookie(name)).partition(":")
    shared = []
    for step in zip(*(route.path.literal_prefix for route in config.routes), strict=False):
        if len(set(step)) > 1:
            break
        shared.append(step[0])
    path = "/" + "/".join(shared)
    return OwnWrites(name, carrier.encode(), kind == "cookie", seconds(asked.bound), path.encode())


def _lag(config: LagConfig, service: str) -> LagProbe:
    upstream = config.upstream or service
    return LagProbe(upstream, config.path, config.member, seconds(config.timeout))


def _promise(config: DryRunConfig) -> PromiseProbe:
    return PromiseProbe(config.promise, seconds(config.every), seconds(config.timeout))


def _autopilot(config: AutopilotConfig) -> AutopilotPolicy:
    latency = config.rollback_on.latency
    return AutopilotPolicy(
        steps=tuple((step, hundredths(step)) for step in config.steps),
        hold=seconds(config.hold),
        errors=_share(config.rollback_on.errors),
        mismatches=_share(config.rollback_on.mismatches),
        quantile=_share(latency.quantile),
        slower=_share(latency.slower),
        allow=seconds(latency.allow),
        within=seconds(config.within),
    )


def _gate(config: GateConfig) -> GatePolicy:
    latency = config.latency
    return GatePolicy(
        mismatches=_share(config.mismatches),
        inconclusive=_share(config.inconclusive),
        errors=_share(config.errors),
        quantile=_share(latency.quantile),
        slower=_share(latency.slower),
        allow=seconds(latency.allow),
        samples=config.samples,
        alpha=round(1 - _share(config.confidence), 4),  # as exact as it is written
        quiet=seconds(config.quiet),
    )


def _canary(config: CanaryConfig) -> CanaryPolicy:
    return CanaryPolicy(
        hundredths(config.weight), key_source(config.key), config.weight, config.key
    )


def _route(frame: _Frame, config: RouteConfig, way: Way | None, line: int) -> Route:
    phase = config.phase or frame.config.phase
    own = config.shadow
    shadow = (
        frame.shadow if own is None else _shadow(frame.config.shadow, own, frame.shadow.redaction)
    )
    fallback = frame.config.fallback if config.fallback is None else config.fallback
    kind = (phase, shadow.sample, shadow.reversed, shadow.writes, fallback)
    plans = frame.plans.get(kind)
    if plans is None:
        plans = frame.plans[kind] = _plans(frame, *kind)
    return Route(
        label=label_of(config),
        domain=frame.name,
        path=config.path,
        claims=conditions_of(config),
        phase=phase,
        effect=config.effect,
        service=frame.config.service,
        reads=plans[0],
        writes=plans[1],
        canary=frame.canary if PHASES[phase].canary_reads else None,
        shadow=shadow,
        rewrite=None if way is None else way.there,
        way_back=None if way is None else way_back(config.path, way, frame.seen),
        json_urls=config.rewrite is not None and config.rewrite.json_urls,
        line=line,
        own_writes=frame.own,
        read_back=config.read_back,
    )


def _plans(
    frame: _Frame,
    phase: Phase,
    sample: float,
    reversed_shadow: bool,
    copying: WriteCopying,
    fallback: bool | None,
) -> tuple[Plan, Plan]:
    """Work out what becomes of reads and of writes."""
    rule = PHASES[phase]
    reads = plan_reads(
        rule,
        frame.sides,
        salt=frame.name.encode(),
        threshold=frame.canary.threshold if frame.canary else 0,
        sample=sample,
        reversed_shadow=reversed_shadow,
        fallback=fallback,
    )
    writes = plan_writes(
        rule,
        frame.sides,
        copying=copying,
        sample=sample,
        reversed_shadow=reversed_shadow,
        watched=frame.compared,
    )
    writer = PHASES[frame.config.phase].writes
    at_writer = Decision(frame.sides[writer], writer)
    return (
        with_own_writes(reads, frame.own, at_writer, reads=True),
        with_own_writes(writes, frame.own, at_writer, reads=False),
    )


def _shadow(domain: ShadowConfig, route: ShadowConfig | None, redaction: Redaction) -> ShadowPolicy:
    config = domain.overridden_by(route)
    return ShadowPolicy(
        sample=_share(config.sample),
        ignore=tuple(config.ignore),
        unordered=tuple(config.unordered),
        keyed=tuple(config.keyed.items()),
        tolerance=tuple(config.tolerance.items()),
        plaintext=tuple(config.plaintext),
        confirm=config.confirm,
        noise_sample=_share(config.noise_sample),
        reversed=config.reversed,
        writes=config.writes,
        read_back_within=seconds(config.read_back_within),
        redaction=redaction,
        retention=Retention(seconds(config.retention.age), config.retention.findings),
    )


def _way(route: RouteConfig) -> Way | None:
    config = route.rewrite
    if config is None:
        return None
    if config.template is not None:
        return template_way(route.path, config.template)
    pieces = (config.prefix or "").split("/")
    return prefix_way(route.path, tuple(normalised(piece) for piece in pieces if piece))
