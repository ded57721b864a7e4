"""Folds transitions to the phases that they lead to, to be held against a table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from strangler.migration.transition import PhaseChange
from strangler.routing.phase import Phase
from strangler.routing.table import RouteTable


@dataclass(slots=True)
class Phases:
    """Where domains stand, and by (domain, label) the routes that stand elsewhere.

    A domain that is not named is in the phase `monolith`.
    """

    domains: dict[str, Phase] = field(default_factory=dict)
    routes: dict[tuple[str, str], Phase] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show all of it, for it is small."""
        return f"<Phases {self.domains} {self.routes}>"

    def take(self, changes: Iterable[PhaseChange]) -> None:
        """Take the changes of one revision on: all of them, for they belong together."""
        for change in changes:
            if change.route is None:
                self.domains[change.domain] = change.after
            else:
                self.routes[change.domain, change.route] = change.after
        # A route whose phase is its domain's follows it from now on.
        self.domains = _elsewhere(self.domains)
        self.routes = {
            (domain, route): phase
            for (domain, route), phase in self.routes.items()
            if phase is not self.domains.get(domain, Phase.MONOLITH)
        }


def _elsewhere(domains: Mapping[str, Phase]) -> dict[str, Phase]:
    return {name: phase for name, phase in domains.items() if phase is not Phase.MONOLITH}


def phases_of(table: RouteTable) -> Phases:
    """Give where everything stands in a table, as folding all that led to it must."""
    domains = _elsewhere({name: domain.phase for name, domain in table.domains.items()})
    routes = {
        (name, route.label): route.phase
        for name, domain in table.domains.items()
        for route in domain.routes
        if route.phase is not domain.phase
    }
    return Phases(domains, routes)


def disagreements(folded: Phases, table: RouteTable) -> list[str]:
    """Say where folded transitions and a table do not agree; nothing where they do."""
    live = phases_of(table)
    names = sorted({*folded.domains, *live.domains})
    said = [
        _said(
            name, folded.domains.get(name, Phase.MONOLITH), live.domains.get(name, Phase.MONOLITH)
        )
        for name in names
        if folded.domains.get(name) is not live.domains.get(name)
    ]
    for domain, route in sorted({*folded.routes, *live.routes}):
        ours, theirs = folded.routes.get((domain, route)), live.routes.get((domain, route))
        if ours is not theirs:
            said.append(
                _said(f"{domain} ({route})", ours or "its domain's", theirs or "its domain's")
            )
    return said


def _said(subject: str, told: str, live: str) -> str:
    return f"{subject}: by its transitions in the phase {told}, by the live text in {live}"
