"""Decides what changes when one table replaces another, in the terms in which operators think."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from strangler.migration.guards import LostGuard, lost_guards
from strangler.migration.overlap import overlapping, wins
from strangler.migration.transition import PhaseChange, transitions_between
from strangler.routing.match import Claim
from strangler.routing.phase import Phase
from strangler.routing.table import Route, RouteTable


@dataclass(frozen=True, slots=True)
class RouteNote:
    """A route that comes or goes. `others` had its requests before, or have them afterwards."""

    route: str
    domain: str
    line: int
    phase: Phase
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """What changes on one route, or on all of a domain that are in both tables (`route` None)."""

    domain: str
    route: str | None
    what: str

    def __str__(self) -> str:
        """Write the edit for people."""
        return f"{self.domain}{f' ({self.route})' if self.route else ''}: {self.what}"


@dataclass(frozen=True, slots=True)
class PhaseMove:
    """A change of phase. `why` says what is wrong with one that needs force."""

    change: PhaseChange
    legal: bool
    why: str


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """All that changes. Without anything, only words change.

    `added` take requests from `others`, which the more specific route shadows from then on;
    of `removed` ones the requests go to `others`, or to the monolith where there are none.
    `upstreams` are texts for people, and speak of whatever is set for all routes too.
    """

    added: tuple[RouteNote, ...]
    removed: tuple[RouteNote, ...]
    edits: tuple[Edit, ...]
    moves: tuple[PhaseMove, ...]
    guards: tuple[LostGuard, ...]
    upstreams: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether no request is treated otherwise."""
        return not (self.added or self.removed or self.edits or self.moves or self.upstreams)

    @property
    def illegal(self) -> tuple[str, ...]:
        """Say what is wrong with the moves that need force."""
        return tuple(f"{move.change}: {move.why}" for move in self.moves if not move.legal)


def plan_change(old: RouteTable, new: RouteTable) -> MigrationPlan:
    """Work out what changes."""
    before, after = _by_label(old), _by_label(new)
    return MigrationPlan(
        added=tuple(
            _note(new, route, before) for label, route in after.items() if label not in before
        ),
        removed=tuple(
            _note(new, route, after) for label, route in before.items() if label not in after
        ),
        edits=(*_domain_edits(old, new), *_edits(before, after)),
        moves=tuple(_move(change) for change in transitions_between(old, new)),
        guards=lost_guards(old, new),
        upstreams=tuple(_upstreams(old, new)),
    )


def _by_label(table: RouteTable) -> dict[str, Route]:
    return {route.label: route for route in table.routes}


def _move(change: PhaseChange) -> PhaseMove:
    judgement = change.judged()
    return PhaseMove(change, judgement.legal, judgement.why)


def _note(table: RouteTable, route: Route, known: Mapping[str, Route]) -> RouteNote:
    """Tell of a route that comes or goes which of the known ones stand back behind it."""
    others: dict[str, None] = {}
    for conditions in route.claims:
        claim = Claim(route.path, conditions, route)
        for other in overlapping(table.root, claim):
            if other.owner.label in known and wins(claim, other):
                others[other.owner.label] = None
    return RouteNote(route.label, route.domain, route.line, route.phase, tuple(others))


# --- what changes on routes that stay -----------------------------------------------------------


_TOLD_ELSEWHERE = {"name", "service", "phase", "canary", "routes"}
"""Fields of a domain that are told as moves, or of its routes."""


def _domain_edits(old: RouteTable, new: RouteTable) -> Iterator[Edit]:
    for name, domain in new.domains.items():
        before = old.domains.get(name)
        for one in fields(domain) if before is not None else ():
            if one.name not in _TOLD_ELSEWHERE:
                was, becomes = getattr(before, one.name), getattr(domain, one.name)
                yield from (Edit(name, None, what) for what in _differences(one.name, was, becomes))


def _edits(before: Mapping[str, Route], after: Mapping[str, Route]) -> Iterator[Edit]:
    """List the edits; one that all routes of a domain share is told once, of the domain."""
    both = [label for label in after if label in before]
    told: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    routes: defaultdict[str, int] = defaultdict(int)
    for label in both:
        domain = after[label].domain
        routes[domain] += 1
        for what in _edited(before[label], after[label]):
            told[domain, what].append(label)
    for (domain, what), labels in told.items():
        if len(labels) == routes[domain] > 1:
            yield Edit(domain, None, what)
        else:
            yield from (Edit(domain, label, what) for label in labels)


def _edited(old: Route, new: Route) -> Iterator[str]:
    """Say what differs beside phase and weight, which are told as moves."""
    yield from _differences("domain", old.domain, new.domain)
    yield from _differences("service", old.service, new.service)
    yield from _differences("effect", old.effect, new.effect)
    if old.canary is not None and new.canary is not None:
        key = list(_differences("canary key", old.canary.key_text, new.canary.key_text))
        yield from (f"{each}: clients may change sides" for each in key)
    yield from _differences("shadow", old.shadow, new.shadow)
    if old.phase is new.phase:
        yield from _differences("fallback", old.reads.inside.fallback, new.reads.inside.fallback)
    yield from _differences(
        "rewrite", old.rewrite and old.rewrite.to, new.rewrite and new.rewrite.to
    )
    yield from _differences("json_urls", old.json_urls, new.json_urls)
    yield from _differences("read_back", old.read_back, new.read_back)


def _upstreams(old: RouteTable, new: RouteTable) -> Iterator[str]:
    yield from _differences("monolith", old.monolith, new.monolith)
    yield from _differences("ambiguous_paths", old.ambiguous_paths, new.ambiguous_paths)
    for name in sorted({*old.upstreams, *new.upstreams}):
        before, after = old.upstreams.get(name), new.upstreams.get(name)
        if before is None or after is None:
            yield f"{name}: {'comes' if before is None else 'goes'}"
        else:
            yield from (f"{name}: {each}" for each in _differences("", before, after))


def _differences(name: str, old: Any, new: Any) -> Iterator[str]:
    """Say what differs between two values, field by field where they have fields."""
    if old == new:
        return
    if is_dataclass(old) and type(old) is type(new) and not _is_plain(old):
        for one in fields(old):
            if one.compare:
                below = f"{name}.{one.name}" if name else one.name
                yield from _differences(below, getattr(old, one.name), getattr(new, one.name))
    else:
        yield f"{name} {_written(old)} → {_written(new)}"


def _is_plain(value: Any) -> bool:
    """Whether a value has a spelling of its own, as patterns and targets have."""
    return "__str__" in vars(type(value))


def _written(value: Any) -> str:
    match value:
        case None | () | []:
            return "none"
        case bool():
            return "on" if value else "off"
        case tuple() | list():
            return ", ".join(map(str, value))
        case float():
            return f"{value:g}"
    return str(value)
