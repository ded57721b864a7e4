"""From `routes.yaml` to an immutable `RouteTable`: every decision that can be made once is made here."""

from hashlib import sha256
from types import MappingProxyType
from urllib.parse import urlsplit

from strangler.routing.check import check, conditions_of
from strangler.routing.config import (
    CanaryConfig,
    DomainConfig,
    RouteConfig,
    RoutesConfig,
    ShadowConfig,
    UpstreamConfig,
)
from strangler.routing.decision import Decision, Plan
from strangler.routing.keys import key_source
from strangler.routing.match import Claim, Node
from strangler.routing.pattern import Pattern, normalised, parse_pattern
from strangler.routing.phase import PHASES, Copying, Effect, Phase, System
from strangler.routing.rewrite import PrefixRewrite
from strangler.routing.shape import route_path
from strangler.routing.source import Source, read_source
from strangler.routing.spelling import hundredths, seconds
from strangler.routing.table import (
    CanaryPolicy,
    Domain,
    HealthCheck,
    Route,
    RouteTable,
    ShadowPolicy,
    Target,
    Timeouts,
    Upstream,
)


def load(text: str | bytes, name: str = "routes.yaml") -> RouteTable:
    """Compile one `routes.yaml`; `name` is what its mistakes call it. Raises `RoutesError`.

    Bytes are read as UTF-8. A text must have the line ends of its file (`newline=""`), or the
    digest is not the file's.
    """
    source = read_source(text, name)
    config = check(source)
    domains = {
        name: _domain(name, domain, config, source) for name, domain in config.domains.items()
    }
    routes = tuple(route for domain in domains.values() for route in domain.routes)
    root: Node[Route] = Node()
    for route in routes:
        for conditions in route.claims:
            root.add(Claim(route.path, conditions, route))
    upstreams = {name: _upstream(name, one) for name, one in config.upstreams.items()}
    return RouteTable(
        digest=digest_of(text),
        monolith=config.monolith,
        upstreams=MappingProxyType(upstreams),
        domains=MappingProxyType(domains),
        routes=routes,
        fallthrough=_always(Decision(config.monolith, System.MONOLITH)),
        root=root,
    )


def digest_of(text: str | bytes) -> str:
    """Give the SHA-256 of a file's text, in hex: what tells two revisions apart."""
    return sha256(text.encode("utf-8") if isinstance(text, str) else text).hexdigest()


def _upstream(name: str, config: UpstreamConfig) -> Upstream:
    times = config.timeouts
    return Upstream(
        name,
        targets=tuple(_target(url) for url in config.targets),
        timeouts=Timeouts(
            connect=seconds(times.connect),
            response=seconds(times.response),
            idle=seconds(times.idle),
            keepalive=seconds(times.keepalive),
        ),
        health=config.health and HealthCheck(config.health.path, seconds(config.health.interval)),
    )


def _target(url: str) -> Target:
    parts = urlsplit(url)
    assert parts.hostname is not None and parts.port is not None  # noqa: S101, PT018 (its spelling)
    return Target(parts.hostname, parts.port)


def _domain(name: str, config: DomainConfig, whole: RoutesConfig, source: Source) -> Domain:
    canary = config.canary and _canary(config.canary)
    routes = tuple(
        _route(name, route, config, canary, whole.monolith, source.line_of(route_path(name, index)))
        for index, route in enumerate(config.routes)
    )
    return Domain(name, config.service, config.phase, canary, routes)


def _canary(config: CanaryConfig) -> CanaryPolicy:
    return CanaryPolicy(
        hundredths(config.weight), key_source(config.key), config.weight, config.key
    )


def _shadow(domain: ShadowConfig, route: ShadowConfig | None) -> ShadowPolicy:
    config = domain
    if route is not None:
        own = {key: getattr(route, key) for key in route.model_fields_set}
        config = domain.model_copy(update=own)
    return ShadowPolicy(
        sample=hundredths(config.sample) / 10_000,
        ignore=tuple(config.ignore),
        unordered=tuple(config.unordered),
        plaintext=tuple(config.plaintext),
        confirm=config.confirm,
        reversed=config.reversed,
    )


def _route(
    name: str,
    config: RouteConfig,
    domain: DomainConfig,
    canary: CanaryPolicy | None,
    monolith: str,
    line: int,
) -> Route:
    phase = config.phase or domain.phase
    pattern = parse_pattern(config.path)
    shadow = _shadow(domain.shadow, config.shadow)
    fallback = domain.fallback if config.fallback is None else config.fallback
    sides = {System.MONOLITH: monolith, System.SERVICE: domain.service}
    return Route(
        label=label_of(config),
        domain=name,
        path=pattern,
        claims=conditions_of(config),
        phase=phase,
        effect=config.effect,
        service=domain.service,
        reads=_reads(phase, sides, name, canary, shadow, fallback),
        writes=_always(Decision(sides[PHASES[phase].writes], PHASES[phase].writes)),
        canary=canary if PHASES[phase].canary_reads else None,
        shadow=shadow,
        rewrite=config.rewrite and _rewrite(pattern, config.rewrite.prefix),
        line=line,
    )


def label_of(config: RouteConfig) -> str:
    """Name a route by what it claims: the same words in every revision that has it."""
    methods = [",".join(sorted(config.methods))] if config.methods else []
    hosts = [f"host={','.join(sorted(config.hosts))}"] if config.hosts else []
    headers = [f"header:{name.lower()}={value}" for name, value in sorted(config.headers.items())]
    query = [f"query:{name}={value}" for name, value in sorted(config.query.items())]
    return " ".join([*methods, config.path, *hosts, *headers, *query])


def _rewrite(pattern: Pattern, prefix: str) -> PrefixRewrite:
    segments = [normalised(segment) for segment in prefix.split("/")[1:] if segment]
    replacement = "".join(f"/{segment}" for segment in segments)
    return PrefixRewrite(len(pattern.literal_prefix), replacement.encode("ascii"))


def _reads(
    phase: Phase,
    sides: dict[System, str],
    domain: str,
    canary: CanaryPolicy | None,
    shadow: ShadowPolicy,
    fallback: bool | None,
) -> Plan:
    """Work out who may answer the reads of a route, who gets the copies and who steps in."""
    rule = PHASES[phase]
    copies = rule.copying is Copying.SAMPLED or (
        rule.copying is Copying.IF_REVERSED and shadow.reversed
    )
    steps_in = rule.may_fall_back and (rule.canary_reads if fallback is None else fallback)

    def decision(system: System, copy: bool) -> Decision:
        other = sides[system.other]
        service = system is System.SERVICE
        return Decision(
            sides[system], system, other if copy else None, other if service and steps_in else None
        )

    inside = System.SERVICE if rule.canary_reads else rule.reads
    return Plan(
        outside=decision(rule.reads, copies),
        outside_alone=decision(rule.reads, copy=False),
        inside=decision(inside, copies),
        inside_alone=decision(inside, copy=False),
        threshold=canary.threshold if canary and rule.canary_reads else 0,
        salt=domain.encode(),
        sample=shadow.sample if copies else 0.0,
    )


def _always(decision: Decision) -> Plan:
    return Plan(decision, decision, decision, decision, threshold=0, salt=b"", sample=0.0)
