"""Decides what is wrong in how writes are to be judged: what is read, and on whose word."""

from collections.abc import Iterator, Sequence

from strangler.routing.config import DomainConfig, RouteConfig
from strangler.routing.mistakes import KeyPath, Mistake, did_you_mean
from strangler.routing.phase import Effect, WriteCopying, effect_of
from strangler.routing.source import Source

Routes = Sequence[tuple[KeyPath, RouteConfig]]


def promise_mistakes(
    source: Source, name: str, domain: DomainConfig, routes: Routes
) -> Iterator[Mistake]:
    """Find dry runs without a word of the service that they change nothing."""
    if domain.dry_run is not None:
        return
    for at in _asked_for(WriteCopying.DRY_RUN, name, domain, routes):
        yield source.at_value(
            at,
            "needs the word of the service that a dry run changes nothing: add "
            "`dry_run: {promise: /PATH}` to the domain",
        )


def read_back_mistakes(
    source: Source, name: str, domain: DomainConfig, routes: Routes
) -> Iterator[Mistake]:
    """Find writes that are to be read back where nothing can be read.

    `routes` are all of the domain: one that is left out might be the one that reads.
    """
    reading = [route for _, route in routes if _reads(route)]
    if not reading:
        for at in _asked_for(WriteCopying.READ_BACK, name, domain, routes):
            yield source.at_value(
                at,
                "has nothing to read: no route of the domain claims GET; add one for what its "
                "writes change",
            )
        return
    for path, route in routes:
        template = route.read_back
        if template is not None and not any(template.may_be(one.path) for one in reading):
            say = "names what no route of the domain claims for GET, so the service is not asked"
            yield source.at_value((*path, "read_back"), say)


def template_mistakes(source: Source, routes: Routes) -> Iterator[Mistake]:
    """Find what a `read_back` names and the path of its route has not."""
    for path, route in routes:
        for name in () if route.read_back is None else route.read_back.names:
            if name not in route.path.names:
                say = f"names {{{name}}}, which {route.path} has not"
                mean = did_you_mean(name, (*route.path.names, f"body:{name}"))
                yield source.at_value((*path, "read_back"), f"{say}; {mean}")


def _asked_for(
    copying: WriteCopying, name: str, domain: DomainConfig, routes: Routes
) -> Iterator[KeyPath]:
    """Give the places that ask for a way of judging writes."""
    if domain.shadow.writes is copying:
        yield ("domains", name, "shadow", "writes")
    for path, route in routes:
        shadow = route.shadow
        if shadow is not None and "writes" in shadow.model_fields_set and shadow.writes is copying:
            yield (*path, "shadow", "writes")


def _reads(route: RouteConfig) -> bool:
    claims = route.methods is None or "GET" in route.methods
    return claims and effect_of("GET", route.effect) is Effect.READ
