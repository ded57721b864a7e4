"""Decides what `promote` and `rollback` do to a domain. No file, no store: the plan only."""

from dataclasses import dataclass

from strangler.cli.failure import VerbError
from strangler.cli.routes_file import RoutesFile, compile_routes
from strangler.migration.transition import STEPS, PhaseChange, transitions_between
from strangler.routing.edit import EditError, set_phase, set_weight
from strangler.routing.mistakes import RoutesError, did_you_mean
from strangler.routing.phase import PHASES, Phase
from strangler.routing.table import Domain, RouteTable


@dataclass(frozen=True, slots=True)
class Move:
    """An edited file and what becomes live with it. `forced`: only force makes it legal."""

    text: str
    table: RouteTable
    changes: tuple[PhaseChange, ...]
    forced: bool


def domain_of(table: RouteTable, name: str) -> Domain:
    """Find a domain by its name."""
    if name not in table.domains:
        raise VerbError(f"there is no domain {name}; {did_you_mean(name, table.domains)}")
    return table.domains[name]


def phase_ahead(domain: Domain, to: Phase | None, weight: str | None) -> Phase:
    """Decide where a promotion goes: one step on, or where it is told to.

    A weight alone keeps a domain in the canary, where it changes who reads from the service.
    """
    here = domain.phase
    if to is None:
        stays = weight is not None and PHASES[here].canary_reads
        to = here if stays else STEPS.get(here)
    if to is None:
        raise VerbError(f"{domain.name} is {here} already: there is no step ahead")
    if to.step < here.step:
        back = f"strangler rollback {domain.name} --to {to}"
        raise VerbError(f"{here} → {to} is a step back: use `{back}`")
    if weight is not None and not PHASES[to].canary_reads:
        raise VerbError(f"--weight is for the phase canary; {domain.name} would go to {to}")
    if to is here and weight is None:
        raise VerbError(f"{domain.name} is in {here} already")
    if PHASES[to].canary_reads and weight is None and domain.canary is None:
        raise VerbError(f"the canary of {domain.name} has no weight yet: add --weight 10%")
    return to


def phase_behind(domain: Domain, to: Phase | None) -> Phase:
    """Decide where a rollback goes: one step back, or where it is told to."""
    here = domain.phase
    if here.step == 0:
        raise VerbError(f"{domain.name} is in {here}: there is no step back")
    if to is None:
        return list(Phase)[here.step - 1]
    if to.step >= here.step:
        raise VerbError(f"{here} → {to} is no step back: use `strangler promote`")
    return to


def planned_move(
    file: RoutesFile, domain: str, to: Phase, weight: str | None, *, force: bool
) -> Move:
    """Edit the file's text, see that the result holds together, and judge what changes."""
    text = _edited(file, domain, to, weight)
    try:
        table = compile_routes(text, str(file.path))
    except RoutesError as error:
        said = f"{file.path} would have mistakes with {domain} in {to}; nothing was changed:"
        raise VerbError(said, *map(str, error.mistakes)) from error
    changes = transitions_between(file.table, table)
    if not changes:
        raise VerbError(f"nothing would change: {domain} is in {to} with this weight already")
    judgements = [change.judged(forced=force) for change in changes]
    illegal = [judgement.why for judgement in judgements if not judgement.legal]
    if illegal:
        raise VerbError(*illegal)
    return Move(text, table, changes, any(judgement.forced for judgement in judgements))


def _edited(file: RoutesFile, domain: str, to: Phase, weight: str | None) -> str:
    text = file.text
    try:
        if weight is not None:
            text = set_weight(text, domain, weight)
        if file.table.domains[domain].phase is not to:
            text = set_phase(text, domain, to)
    except EditError as error:
        raise VerbError(str(error)) from error
    return text
