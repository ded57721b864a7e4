"""Decides which path of a client stands for a path of the service: rewrites, read backwards."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from strangler.http.target import TargetError, parse_target
from strangler.routing.conditions import Conditions
from strangler.routing.match import Claim, Node
from strangler.routing.pattern import Pattern, pattern_of
from strangler.routing.rewrite import Rewrite, prefix_rewrite, template_rewrite

Seen: TypeAlias = Node[Rewrite | None]
"""The paths that a service sees of one domain's routes, each with what leads from there back to
the client's; None for the paths of a route that rewrites nothing."""


@dataclass(frozen=True, slots=True)
class Way:
    """The way of one route from the client's path to the service's, and back.

    `back` is None where a template drops what the client asked with. `below` leads back from all
    that lies under a route's prefix, be it the route's or not; a template has none.
    """

    there: Rewrite
    back: Rewrite | None
    below: Rewrite | None = None


@dataclass(frozen=True, slots=True)
class WayBack:
    """What the answers of a service on one route say of its paths, as the client has to see it.

    `client` and `service` are the literal segments that the route's path begins with on either
    side.
    """

    way: Way
    client: tuple[str, ...]
    service: tuple[str, ...]
    seen: Seen = field(repr=False, compare=False)

    def path(self, origin_form: bytes) -> bytes | None:
        """Give the client's spelling of a path of the service, its query unchanged.

        None for a path that leaves what is mapped, that is alike on both sides, or that cannot be
        read. Of several routes of the domain the most specific one counts, of equals this one.
        """
        try:
            target = parse_target(origin_form)
        except TargetError:
            return None
        claims = list(self.seen.ranked(target.path))
        if claims:
            back = self._of_the_nearest(claims)
        else:
            back = self.way.below if self._lies_below(target.path) else None
        return None if back is None else back.apply(target.forward)

    def cookie_path(self, path: bytes) -> bytes:
        """Give the client's spelling of a cookie's Path, which stands for all that lies below it.

        A Path above what the route sees reaches all of the route, and so it does for the client;
        but `/` holds everything on both sides. What is not mapped stays as it is.
        """
        if not path.startswith(b"/") or (path == b"/" and self.service):
            return path
        mapped = None if path == b"/" else self.path(path)
        if mapped is None and self._lies_above(path):
            return b"/" + "/".join(self.client).encode("ascii")
        return path if mapped is None else mapped

    def _of_the_nearest(self, claims: list[Claim[Rewrite | None]]) -> Rewrite | None:
        nearest, own = claims[0], self.way.back
        for claim in claims if own is not None else ():
            if claim.owner is own and claim.pattern.shape == nearest.pattern.shape:
                return own
        return nearest.owner

    def _lies_below(self, path: str) -> bool:
        return tuple(path.split("/")[1 : len(self.service) + 1]) == self.service

    def _lies_above(self, path: bytes) -> bool:
        try:
            pieces = parse_target(path).path.split("/")
        except TargetError:
            return False
        above = tuple(piece for piece in pieces if piece)
        return above == self.service[: len(above)]


def prefix_way(path: Pattern, prefix: tuple[str, ...]) -> Way:
    """Lead from a route's path to the same one under another prefix."""
    there = prefix_rewrite(path, prefix)
    all_below = pattern_of(there.to.segments[: len(there.to.literal_prefix)], rest=True)
    return Way(
        there, template_rewrite(there.to, path), prefix_rewrite(all_below, path.literal_prefix)
    )


def template_way(path: Pattern, template: Pattern) -> Way:
    """Lead from a route's path to what its template makes of it."""
    there = template_rewrite(path, template)
    kept = set(path.names) <= set(template.names) and path.rest == template.rest
    return Way(there, template_rewrite(there.to, path) if kept else None)


def seen_by_service(routes: Iterable[tuple[Pattern, Way | None]]) -> Seen:
    """Collect what the service of a domain sees of its routes, each given by its path and way."""
    seen: Seen = Node()
    for path, way in routes:
        if way is None:
            seen.add(Claim(path, Conditions(), None))
        elif way.back is not None:
            seen.add(Claim(way.there.to, Conditions(), way.back))
    return seen


def way_back(path: Pattern, way: Way, seen: Seen) -> WayBack:
    """Make the way back of one route among those of its domain."""
    return WayBack(way, path.literal_prefix, way.there.to.literal_prefix, seen)
