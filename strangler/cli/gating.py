"""Lets changes pass through their gates, or says in numbers why they may not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from strangler.cli.asking import ask
from strangler.cli.failure import GateShutError
from strangler.migration.gate import Gate
from strangler.migration.transition import PhaseChange
from strangler.routing.table import RouteTable
from strangler.store.records import Transition


@dataclass(frozen=True, slots=True)
class Passage:
    """Changes on their way into the ledger. `forced`: only force let them pass."""

    transitions: list[Transition]
    forced: bool


def through_gates(
    store: str,
    old: RouteTable,
    new: RouteTable,
    changes: Sequence[PhaseChange],
    *,
    force: bool,
) -> Passage:
    """Hold changes against the evidence: a gate that is not open ends the verb, but for force."""
    # With it comes SQLAlchemy, which `--help` and verbs that share this module do without.
    from strangler.control.gates import gates_for, with_evidence  # noqa: PLC0415

    now = datetime.now(UTC)
    gates = ask(store, lambda opened: gates_for(opened, old, new, changes, now))
    shut = [gate for gate in gates.values() if not gate.is_open]
    if shut and not force:
        raise GateShutError(
            *(line for gate in shut for line in gate_lines(gate)),
            "nothing was changed; wait for more, or --force it, which the ledger keeps for ever",
        )
    return Passage(with_evidence(changes, gates), forced=bool(shut))


def gate_lines(gate: Gate) -> Iterator[str]:
    """Write a gate for people: how it stands, and each criterion in numbers."""
    yield f"{gate}, by the evidence since revision {gate.since}"
    yield from (f"  {criterion}" for criterion in gate.criteria)
