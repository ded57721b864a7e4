"""Decides what moving a domain's writer takes: which writes wait, and when they may go on.

The argument why no two replicas ever disagree about a writer is in docs/fence.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto

from strangler.routing.pattern import Pattern
from strangler.routing.phase import READ_METHODS, Effect
from strangler.routing.table import Route, RouteTable


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose writer moves. `everything`: requests change hands that no route of before names.

    Then all writes wait, as nobody could say of one which side it is on.
    """

    domains: frozenset[str] = frozenset()
    everything: bool = False

    def __bool__(self) -> bool:
        return bool(self.domains) or self.everything

    def __str__(self) -> str:
        """Name the domains for people."""
        names = ", ".join(sorted(self.domains))
        return f"{names} and all unclaimed requests" if self.everything else names


def moved_writers(before: RouteTable | None, after: RouteTable) -> Scope:
    """Find the domains of which some write goes to another upstream when `after` is live.

    It errs towards a fence too many: a route that comes or goes is held against every route of the
    other table that could have the same requests, whatever their conditions.
    """
    if before is None:
        return Scope()
    old, new = _writing(before), _writing(after)
    domains = set()
    everything = before.monolith != after.monolith
    for label in old.keys() & new.keys():
        if _writer(old[label]) != _writer(new[label]):
            domains |= {old[label].domain, new[label].domain}
    for label in old.keys() ^ new.keys():
        ours, theirs, other = (
            (old[label], new, after.monolith)
            if label in old
            else (new[label], old, before.monolith)
        )
        if {*_writers(theirs.values(), ours), other} != {_writer(ours)}:
            domains.add(ours.domain)
            everything = True
    return Scope(frozenset(domains), everything)


def _writing(table: RouteTable) -> dict[str, Route]:
    return {route.label: route for route in table.routes if _can_write(route)}


def _can_write(route: Route) -> bool:
    if route.effect is not None:
        return route.effect is Effect.WRITE
    return route.methods is None or not route.methods <= READ_METHODS


def _writer(route: Route) -> str:
    return route.writes.outside_alone.primary


def _writers(others: Iterable[Route], route: Route) -> set[str]:
    return {_writer(one) for one in others if may_meet(one.path, route.path)}


def may_meet(one: Pattern, other: Pattern) -> bool:
    """Decide whether some path could be claimed by both patterns."""
    pairs = zip(one.segments, other.segments, strict=False)
    if any(a.literal != b.literal for a, b in pairs if a.literal and b.literal):
        return False
    longer = len(one.segments) - len(other.segments)
    return longer == 0 or (other.rest if longer > 0 else one.rest)


class Step(StrEnum):
    """What whoever moves a writer does next."""

    WAIT = auto()
    PROBE = auto()  # ask for the lag: every replica's writes wait
    SWITCH = auto()
    LIFT = auto()


def next_step(left: float, unacknowledged: Sequence[str], lags: Sequence[str] | None) -> Step:
    """Decide the next step of a move with `left` seconds to its deadline.

    `unacknowledged` names the replicas that did not say that their writes wait. `lags` says what
    stands in the way at the probes, None where they were not asked since all replicas' writes wait:
    an answer from before says nothing of the writes that came after it.
    """
    if left <= 0:
        return Step.LIFT
    if unacknowledged:
        return Step.WAIT
    if lags is None:
        return Step.PROBE
    return Step.WAIT if lags else Step.SWITCH


class Writes(StrEnum):
    """Where a replica's writes of a fenced domain stand."""

    AS_LIVE = auto()  # they go where the table says
    HELD = auto()  # they wait, or are refused: none is sent


class Seen(StrEnum):
    """What a replica found when it looked for its fence in the store."""

    NOTHING = auto()  # the store could not be asked
    RAISED = auto()
    OVER = auto()  # switched or lifted: the newest revision, read after it, is what holds


def writes_after(writes: Writes, seen: Seen) -> Writes:
    """Decide what a replica does with the writes: only the store's word lets them go on."""
    match seen:
        case Seen.NOTHING:
            return writes
        case Seen.RAISED:
            return Writes.HELD
        case Seen.OVER:
            return Writes.AS_LIVE
