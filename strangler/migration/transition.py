"""Decides which changes of phase are legal, and what changes when one table replaces another."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from strangler.routing.phase import Phase
from strangler.routing.table import Domain, RouteTable


class Direction(StrEnum):
    """Which way a change of phase goes. `SKIP` leaves out steps forward: it needs force."""

    STAY = "stay"
    FORWARD = "forward"
    BACK = "back"
    SKIP = "skip"


STEPS: Mapping[Phase, Phase] = MappingProxyType(
    {
        Phase.MONOLITH: Phase.SHADOW,
        Phase.SHADOW: Phase.CANARY,
        Phase.CANARY: Phase.EXTRACTED,
        Phase.EXTRACTED: Phase.RETIRED,
    }
)
"""The one step forward from each phase. Back goes from every phase to every earlier one."""


def _direction(before: Phase, after: Phase) -> Direction:
    if before is after:
        return Direction.STAY
    if after.step < before.step:
        return Direction.BACK
    return Direction.FORWARD if STEPS[before] is after else Direction.SKIP


MOVES: Mapping[tuple[Phase, Phase], Direction] = MappingProxyType(
    {(before, after): _direction(before, after) for before in Phase for after in Phase}
)
"""Every change of phase there is. The diagram in the docs is drawn from this table."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a change of phase may be made. `why` says what is wrong with an illegal one.

    `forced` tells that only force made it legal; the ledger keeps that.
    """

    direction: Direction
    legal: bool
    forced: bool
    why: str = ""


def judge(before: Phase, after: Phase, *, forced: bool = False) -> Judgement:
    """Judge one change of phase: one step forward at a time, any step back at once."""
    direction = MOVES[before, after]
    if direction is not Direction.SKIP:
        return Judgement(direction, legal=True, forced=False)
    if forced:
        return Judgement(direction, legal=True, forced=True)
    why = (
        f"{before} → {after} skips {_between(before, after)}: go to {STEPS[before]} first, "
        "or force it, which the ledger keeps"
    )
    return Judgement(direction, legal=False, forced=False, why=why)


def _between(before: Phase, after: Phase) -> str:
    return " and ".join(phase for phase in Phase if before.step < phase.step < after.step)


STAYS = "stays where it is"
"""The detail of a route that its domain leaves behind."""


@dataclass(frozen=True, slots=True)
class PhaseChange:
    """One change of phase or weight: of a domain, or (`route`, a label) of a route of its own.

    `detail` says what the phases do not, such as `weight 10% → 50%`.
    """

    domain: str
    route: str | None
    before: Phase
    after: Phase
    detail: str = ""

    def __str__(self) -> str:
        """Write the change for people."""
        subject = f"{self.domain} ({self.route})" if self.route else self.domain
        phases = f"{self.before} → {self.after}" if self.before is not self.after else self.after
        return f"{subject}: {phases}{f', {self.detail}' if self.detail else ''}"

    def judged(self, *, forced: bool = False) -> Judgement:
        """Judge this change."""
        return judge(self.before, self.after, forced=forced)


def transitions_between(old: RouteTable | None, new: RouteTable) -> tuple[PhaseChange, ...]:
    """List what changes phase or weight when `new` replaces `old`; domains first, each by name.

    What a table does not claim is in the phase `monolith`: so a new domain comes from there, and
    one that is taken out goes back there. A route is listed if its phase is, or was, its own; one
    that stays while its domain moves on is listed too, or the list would not tell where it stands.
    """
    before = {} if old is None else old.domains
    names = sorted({*before, *new.domains})
    domains = [_domain_change(name, before.get(name), new.domains.get(name)) for name in names]
    routes = [
        change
        for name in names
        for change in _route_changes(name, before.get(name), new.domains.get(name))
    ]
    return tuple(change for change in (*domains, *routes) if change is not None)


def _phase(domain: Domain | None) -> Phase:
    return Phase.MONOLITH if domain is None else domain.phase


def _domain_change(name: str, old: Domain | None, new: Domain | None) -> PhaseChange | None:
    before, after = _phase(old), _phase(new)
    was, becomes = _weight(old), _weight(new)
    if before is after and was == becomes:
        return None
    # Outside the canary a weight says nothing, so leaving it names none.
    weights = " → ".join(one for one in (was, becomes) if one) if becomes not in {None, was} else ""
    return PhaseChange(name, None, before, after, weights and f"weight {weights}")


def _weight(domain: Domain | None) -> str | None:
    """Give a domain's weight where it says who answers: in the canary."""
    if domain is None or domain.canary is None or domain.phase is not Phase.CANARY:
        return None
    return domain.canary.weight


def _route_changes(name: str, old: Domain | None, new: Domain | None) -> list[PhaseChange]:
    was, becomes = _own_phases(old), _own_phases(new)
    before, after = _all_phases(old), _all_phases(new)
    changes = [
        PhaseChange(name, label, before.get(label, _phase(old)), after.get(label, _phase(new)))
        for label in sorted({*was, *becomes})
    ]
    parting = becomes - was
    return [
        replace(change, detail=STAYS) if change.before is change.after else change
        for change in changes
        if change.before is not change.after or change.route in parting
    ]


def _all_phases(domain: Domain | None) -> dict[str, Phase]:
    return {} if domain is None else {route.label: route.phase for route in domain.routes}


def _own_phases(domain: Domain | None) -> set[str]:
    """Name the routes that do not stand where their domain stands."""
    return {label for label, phase in _all_phases(domain).items() if phase is not _phase(domain)}
