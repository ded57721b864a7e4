"""Finds what a write has changed: the read that asks for it, and the route that claims that read.

Nothing is asked that a client of this domain could not ask: another origin, another domain, and
reads that the service does not have yet are left alone.
"""

from dataclasses import dataclass
from enum import StrEnum

from strangler.http.message import RequestHead
from strangler.http.reference import Origin, merge, read_authority, read_reference
from strangler.http.target import TargetError, parse_target
from strangler.routing.ambiguity import ambiguity
from strangler.routing.phase import PHASES, Copying, Effect, WriteCopying
from strangler.routing.read_back import values_of
from strangler.routing.table import Route, RouteTable

NAMED_BY_ITSELF = frozenset({"PUT", "PATCH", "DELETE"})
"""The methods that act on the resource which the request names (RFC 9110 sections 9.3.4 and 9.3.5,
RFC 5789); a POST may do anything."""

CREATED = 201
"""The status with which `Location` names what was created (RFC 9110 section 15.3.2)."""


class Found(StrEnum):
    """By what the resource was found."""

    TEMPLATE = "template"
    LOCATION = "Location"
    PATH = "path"


class Unfound(StrEnum):
    """Why there is nothing to read back."""

    NO_VALUE = "the answer has not what read_back names"
    FOREIGN = "its Location is none of ours"
    UNNAMED = "nothing names what it changed"
    UNCLAIMED = "no compared route of the domain reads it"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A write that the primary has taken, and what it said, as the client saw it.

    `origin` is how the client named us. `said` is the JSON of the answer, None where there is none.
    """

    route: Route
    head: RequestHead
    origin: Origin
    status: int
    location: bytes | None
    said: object


@dataclass(frozen=True, slots=True)
class Resource:
    """The read that asks for what was written, the route that claims it, and how it was found."""

    head: RequestHead
    route: Route
    found: Found


def resource_of(table: RouteTable, write: Acknowledged) -> Resource | Unfound:
    """Find what a write has changed: by its route's template, its `Location`, or its own path."""
    template = write.route.read_back
    if template is not None:
        path = template.fill(values_of(write.route.path, write.head.target.path), write.said)
        if path is None:
            return Unfound.NO_VALUE
        return _claimed(table, write, path.encode("ascii"), Found.TEMPLATE)
    named = write.location if write.status == CREATED else None
    located = None if named is None else _located(write, named)
    if located is not None:
        return _claimed(table, write, located, Found.LOCATION)
    if write.head.method in NAMED_BY_ITSELF:
        return _claimed(table, write, write.head.target.forward, Found.PATH)
    return Unfound.UNNAMED if named is None else Unfound.FOREIGN


def may_show(read: Route, write: Route) -> bool:
    """Decide whether reads of one route may have shown what writes of another have changed."""
    return (
        write.shadow.writes is WriteCopying.READ_BACK
        and _reads_in(read, write.domain)
        and (write.read_back is None or write.read_back.may_be(read.path))
    )


def _reads_in(route: Route, domain: str) -> bool:
    return route.domain == domain and route.effect_of("GET") is Effect.READ


def _located(write: Acknowledged, location: bytes) -> bytes | None:
    """Give what to ask us for to get what `location` names; None where it is not ours to give."""
    reference = read_reference(merge(write.head.target.forward, location))
    if reference is None:
        return None
    if reference.authority is not None:
        ours = read_authority(write.origin.authority)
        scheme = reference.scheme or write.origin.scheme
        if ours is None or not reference._replace(scheme=scheme).names(*ours):
            return None
    return reference.origin_form


def _claimed(
    table: RouteTable, write: Acknowledged, path: bytes, found: Found
) -> Resource | Unfound:
    try:
        target = parse_target(path)
    except TargetError:
        return Unfound.FOREIGN
    head = RequestHead("GET", target, write.head.host, write.head.headers)
    route = table.match(head)
    if (
        route is None
        or not _reads_in(route, write.route.domain)
        or PHASES[route.phase].copying is Copying.NEVER
        or ambiguity(table, head, route) is not None
    ):
        return Unfound.UNCLAIMED
    return Resource(head, route, found)
