"""Tells which writes lose a guard when one table replaces another.

A write is guarded by having one writer, by never being copied, and by never being sent twice. A
change may take that away for good reasons; nobody should do it without having read it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from strangler.routing.config import METHODS
from strangler.routing.phase import PHASES, READ_METHODS, Effect, System
from strangler.routing.table import Domain, Route, RouteTable


@dataclass(frozen=True, slots=True)
class LostGuard:
    """What some writes lose: all of a domain (`route` is None), or those of one route."""

    domain: str
    route: str | None
    why: str

    def __str__(self) -> str:
        """Write it for people."""
        return f"{self.domain}{f' ({self.route})' if self.route else ''}: {self.why}"


def lost_guards(old: RouteTable, new: RouteTable) -> tuple[LostGuard, ...]:
    """List what writes lose; domains first, each by name."""
    names = sorted({*old.domains, *new.domains})
    moved = [guard for name in names for guard in _writer_moves(name, old, new)]
    before = {route.label: route for route in old.routes}
    after = {route.label: route for route in new.routes}
    routes = [
        guard
        for label in sorted({*before, *after})
        for guard in _route_guards(before.get(label), after.get(label), old, new)
    ]
    return (*moved, *routes)


def writer_of(table: RouteTable, name: str) -> str:
    """Name the upstream that writes a domain; what no table claims is the monolith's."""
    domain = table.domains.get(name)
    if domain is None or PHASES[domain.phase].writes is System.MONOLITH:
        return table.monolith
    return domain.service


def _writer_moves(name: str, old: RouteTable, new: RouteTable) -> Iterator[LostGuard]:
    before, after = writer_of(old, name), writer_of(new, name)
    if before != after and _writes(old.domains.get(name), new.domains.get(name)):
        yield LostGuard(name, None, f"its writer moves from {before} to {after}")


def _writes(*domains: Domain | None) -> bool:
    return any(
        _writing(route) for domain in domains if domain is not None for route in domain.routes
    )


_ALL = frozenset(METHODS)


def _methods(route: Route) -> frozenset[str]:
    return _ALL if route.methods is None else route.methods


def _writing(route: Route) -> frozenset[str]:
    """Name the methods of a route that write."""
    match route.effect:
        case None:
            return _methods(route) - READ_METHODS
        case Effect.WRITE:
            return _methods(route)
        case Effect.READ:
            return frozenset()


def _route_guards(
    before: Route | None, after: Route | None, old: RouteTable, new: RouteTable
) -> Iterator[LostGuard]:
    if before is not None and after is not None:
        yield from _treated_otherwise(before, after)
        if before.domain == after.domain:
            return
    # Between domains, or in and out of the table: do its writes part from those beside it?
    route = after or before
    if route is None or not _writing(route):
        return
    was = old.monolith if before is None else before.writes.outside.primary
    becomes = new.monolith if after is None else after.writes.outside.primary
    if was != becomes and writer_of(old, route.domain) == writer_of(new, route.domain):
        why = f"its writes go from {was} to {becomes}, those beside it stay where they are"
        yield LostGuard(route.domain, route.label, why)


def _treated_otherwise(before: Route, after: Route) -> Iterator[LostGuard]:
    """Look at one route in both tables: its methods are the same, its label says so."""
    writes_now = _writing(after)
    reads_now = _writing(before) - writes_now
    if reads_now:
        why = f"{_some(reads_now)} counted as a write and is a read from now on"
        yield LostGuard(after.domain, after.label, why)
    copied = after.writes.inside
    if writes_now and copied.sends_body and not before.writes.inside.sends_body:
        why = f"{_some(writes_now)} is copied to {copied.candidate} as a dry run"
        yield LostGuard(after.domain, after.label, why)
    unsafe = _methods(after) - READ_METHODS - writes_now
    if not unsafe:
        return
    one = min(unsafe)  # all go by the same plan
    old, new = before.plan_for(one).inside, after.plan_for(one).inside
    if new.fallback is not None and old.fallback is None:
        why = f"{_some(unsafe)} that {new.primary} fails is sent to {new.fallback} as well"
        yield LostGuard(after.domain, after.label, why)
    if new.candidate is not None and old.candidate is None:
        why = f"{_some(unsafe)} is copied to {new.candidate}"
        yield LostGuard(after.domain, after.label, why)


def _some(methods: frozenset[str]) -> str:
    """Name a few methods; a route without `methods` has them all."""
    few = len(methods) <= 3
    return ", ".join(sorted(methods)) if few else "what is neither GET, HEAD nor OPTIONS"
