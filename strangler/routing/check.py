"""Decides what is wrong in a `routes.yaml` that can be read: all of it at once.

What only the whole can tell (unknown upstreams, a canary without a weight, two writers, ties) is
looked for in every part whose own shape is right, whatever else is wrong.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from strangler.routing.check_writes import (
    promise_mistakes,
    read_back_mistakes,
    template_mistakes,
)
from strangler.routing.conditions import Condition, Conditions
from strangler.routing.conditions import Source as From
from strangler.routing.config import DomainConfig, RouteConfig, RoutesConfig, ShadowConfig
from strangler.routing.mistakes import KeyPath, Mistake, RoutesError, did_you_mean
from strangler.routing.own_writes import own_cookie
from strangler.routing.pattern import Shape
from strangler.routing.phase import PHASES, READ_METHODS, Effect, Phase
from strangler.routing.shape import Parts, read_shape
from strangler.routing.source import Source

MAX_CLAIMS = 256
"""Claims on one path are tried one after the other: more of them is a path to split."""

Complaint: TypeAlias = Callable[[str, str], str | None]
"""Says what is wrong with a rule of a purpose (a key of `shadow`, such as `ignore`), if anything.

The language of rules belongs to the comparison, which lies above this package.
"""


def check(source: Source, complaint: Complaint | None = None) -> RoutesConfig:
    """Give the file's content as a whole that holds together, or raise all its mistakes."""
    parts, shape = read_shape(source)
    mistakes = [*source.mistakes, *shape, *_upstream_mistakes(source), *_tls_mistakes(source)]
    by_domain: dict[object, list[tuple[KeyPath, RouteConfig]]] = defaultdict(list)
    for path, route in parts.routes:
        by_domain[path[1]].append((path, route))
    for name, domain in parts.domains.items():
        routes = by_domain[name]
        mistakes += _canary_mistakes(source, name, domain, routes)
        mistakes += _writer_mistakes(source, domain, routes)
        mistakes += promise_mistakes(source, name, domain, routes)
        if parts.whole is not None:
            mistakes += read_back_mistakes(source, name, domain, routes)
    mistakes += _token_mistakes(source, parts)
    mistakes += _tie_mistakes(source, parts.routes)
    mistakes += _template_mistakes(source, parts.routes)
    mistakes += template_mistakes(source, parts.routes)
    if complaint is not None:
        mistakes += _rule_mistakes(source, parts, complaint)
    if mistakes or parts.whole is None:
        raise RoutesError(mistakes)
    return parts.whole


def conditions_of(route: RouteConfig) -> tuple[Conditions, ...]:
    """Give the alternatives of conditions that a route's requests meet: one for each host."""
    methods = None if route.methods is None else frozenset(route.methods)
    headers = [Condition(From.HEADER, name.lower(), value) for name, value in route.headers.items()]
    query = [Condition(From.QUERY, name, value) for name, value in route.query.items()]
    more = (*sorted(headers), *sorted(query))
    if route.hosts is None:
        return (Conditions(methods, more),)
    hosts = [Condition(From.HOST, "", host) for host in route.hosts]
    return tuple(Conditions(methods, (host, *more)) for host in hosts)


def _upstream_mistakes(source: Source) -> Iterator[Mistake]:
    """Find names that no upstream has, in the raw data: no bad part may hide another."""
    data = source.data if isinstance(source.data, dict) else {}
    upstreams, domains = data.get("upstreams"), data.get("domains")
    if not isinstance(upstreams, dict):
        return
    monolith = data.get("monolith")
    named: dict[KeyPath, object] = {("monolith",): monolith}
    if isinstance(domains, dict):
        for name, domain in domains.items():
            if isinstance(domain, dict) and "service" in domain:
                named["domains", name, "service"] = domain["service"]
            lag = domain.get("lag") if isinstance(domain, dict) else None
            if isinstance(lag, dict) and "upstream" in lag:
                named["domains", name, "lag", "upstream"] = lag["upstream"]
    for path, upstream in named.items():
        if isinstance(upstream, str) and upstream not in upstreams:
            say = f"there is no upstream {upstream}; {did_you_mean(upstream, upstreams)}"
            yield source.at_value(path, say)
        elif path[-1] == "service" and isinstance(upstream, str) and upstream == monolith:
            yield source.at_value(path, "must not be the monolith: a service is moved out of it")


def _tls_mistakes(source: Source) -> Iterator[Mistake]:
    """Find TLS settings that have no use, in the raw data like the names of upstreams."""
    data = source.data if isinstance(source.data, dict) else {}
    upstreams = data.get("upstreams")
    for name, upstream in upstreams.items() if isinstance(upstreams, dict) else ():
        tls = upstream.get("tls") if isinstance(upstream, dict) else None
        if not isinstance(tls, dict):
            continue
        path = ("upstreams", name, "tls")
        targets = upstream.get("targets")
        if isinstance(targets, list) and not any(str(url).startswith("https:") for url in targets):
            say = "has no use: none of the targets begins with https://"
            yield source.at_key(path, say)
        for one, other in (("cert", "key"), ("key", "cert")):
            if tls.get(one) is not None and tls.get(other) is None:
                yield source.at_key((*path, one), f"needs `{other}: FILE` beside it")
        if tls.get("verify") is False and tls.get("ca") is not None:
            yield source.at_value((*path, "verify"), "leaves `ca` without a use: drop one of them")


_Routes = Sequence[tuple[KeyPath, RouteConfig]]


def _canary_mistakes(
    source: Source, name: str, domain: DomainConfig, routes: _Routes
) -> Iterator[Mistake]:
    if domain.canary is not None:
        return
    phases: list[tuple[KeyPath, Phase]] = [(("domains", name, "phase"), domain.phase)]
    phases += [((*path, "phase"), route.phase) for path, route in routes if route.phase]
    for path, phase in phases:
        if PHASES[phase].canary_reads:
            say = "needs a weight: add `canary: {weight: 10%}` to the domain"
            yield source.at_value(path, say)


def _writer_mistakes(source: Source, domain: DomainConfig, routes: _Routes) -> Iterator[Mistake]:
    writer = PHASES[domain.phase].writes
    for path, route in routes:
        if route.phase is None or PHASES[route.phase].writes is writer:
            continue
        writing = _writing(route)
        if writing:
            yield source.at_value(
                (*path, "phase"),
                f"gives the domain two writers: {writing} here would go to the "
                f"{PHASES[route.phase].writes.value}, all others to the {writer.value}; "
                "limit the route to reads (`methods: [GET, HEAD]`) or move the domain",
            )


def _token_mistakes(source: Source, parts: Parts) -> Iterator[Mistake]:
    """Find cookies in which the tokens of two domains would take each other's place."""
    owners: dict[str, str] = {}
    for name, domain in parts.domains.items():
        asked = domain.read_your_writes
        if asked is None:
            continue
        place = asked.kept_in or own_cookie(name)
        owner = owners.setdefault(place, name)
        if owner != name and place.startswith("cookie:"):
            at = ("domains", name, "read_your_writes", "kept_in")
            yield source.at_value(
                at,
                f"is where {owner} keeps its tokens: a client that writes to both would lose one; "
                "name another cookie, or leave it out",
            )


def _writing(route: RouteConfig) -> str:
    """Name the requests of a route that write; empty where none does."""
    if route.effect is Effect.READ:
        return ""
    if route.effect is Effect.WRITE:
        return "its requests"
    if route.methods is None:
        return "its writes"
    return ", ".join(method for method in route.methods if method not in READ_METHODS)


def _tie_mistakes(source: Source, routes: _Routes) -> Iterator[Mistake]:
    """Find routes of which neither is the more specific, each once, with the first it ties with."""
    claims: dict[Shape, list[tuple[KeyPath, tuple[Conditions, ...]]]] = defaultdict(list)
    for path, route in routes:
        same = claims[route.path.shape]
        mine = conditions_of(route)
        for other, theirs in same:
            if any(ours.ties(one) for ours in mine for one in theirs):
                yield source.at_value(
                    (*path, "path"),
                    f"ties with the route on line {source.line_of(other)}: some requests are "
                    "claimed by both and neither is the more specific; drop one or add a condition",
                )
                break
        same.append((path, mine))
        if sum(len(theirs) for _, theirs in same) > MAX_CLAIMS:
            say = f"is one of more than {MAX_CLAIMS} claims on one path: split the path"
            yield source.at_value((*path, "path"), say)
            same.clear()


def _template_mistakes(source: Source, routes: _Routes) -> Iterator[Mistake]:
    """Find what a template names and the path of its route has not."""
    for path, route in routes:
        template = None if route.rewrite is None else route.rewrite.template
        if template is None:
            continue
        at = (*path, "rewrite", "template")
        for name in template.names:
            if name not in route.path.names:
                say = f"names {{{name}}}, which {route.path} has not"
                yield source.at_value(at, f"{say}; {did_you_mean(name, route.path.names)}")
        if template.rest and not route.path.rest:
            say = f"ends in **, and {route.path} does not: end both in ** or neither"
            yield source.at_value(at, say)


def _rule_mistakes(source: Source, parts: Parts, complaint: Complaint) -> Iterator[Mistake]:
    shadows: list[tuple[KeyPath, ShadowConfig]] = [
        (("domains", name, "shadow"), domain.shadow) for name, domain in parts.domains.items()
    ]
    shadows += [((*path, "shadow"), route.shadow) for path, route in parts.routes if route.shadow]
    for path, shadow in shadows:
        for purpose in ("ignore", "unordered", "plaintext"):
            for index, rule in enumerate(getattr(shadow, purpose)):
                wrong = complaint(purpose, rule)
                if wrong is not None:
                    yield source.at_value((*path, purpose, index), wrong)
        for purpose in ("keyed", "tolerance"):
            for rule in getattr(shadow, purpose):
                wrong = complaint(purpose, rule)
                if wrong is not None:
                    yield source.at_key((*path, purpose, rule), wrong)
