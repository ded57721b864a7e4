"""Draws the phases for the docs from the tables that the program runs on."""

from strangler.migration.transition import MOVES, Direction
from strangler.routing.phase import PHASES, Copying, Phase, PhaseRule, System

_COPIES = {
    Copying.NEVER: "none",
    Copying.SAMPLED: "a sample of reads to the other side",
    Copying.IF_REVERSED: "reads to the monolith, if `reversed`",
}


def mermaid() -> str:
    """Draw all moves that need no force: forward by one step, back by any number."""
    lines = ["stateDiagram-v2", f"    [*] --> {Phase.MONOLITH}"]
    arrows = {Direction.FORWARD: "promote", Direction.BACK: "roll back"}
    lines += [
        f"    {before} --> {after}: {arrows[direction]}"
        for (before, after), direction in MOVES.items()
        if direction in arrows
    ]
    return "\n".join(lines)


def answers() -> str:
    """Write the table of who answers in each phase."""
    rows = ["| phase | reads | writes | shadow copies |", "|---|---|---|---|"]
    rows += [
        f"| `{phase}` | {_readers(rule)} | {rule.writes} | {_COPIES[rule.copying]} |"
        for phase, rule in PHASES.items()
    ]
    return "\n".join(rows)


def _readers(rule: PhaseRule) -> str:
    if rule.canary_reads:
        return f"{System.SERVICE} for `weight` of the keys, else {rule.reads}"
    return rule.reads.value
