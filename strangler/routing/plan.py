"""Works out, once per route, every decision that its requests can meet: `PHASES` made concrete."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from strangler.routing.decision import Decision, Plan
from strangler.routing.own_writes import OwnWrites
from strangler.routing.phase import Copying, PhaseRule, System, WriteCopying

Sides = Mapping[System, str]
"""The names of the two upstreams between which a domain moves."""


def always(decision: Decision) -> Plan:
    """Make the plan that knows one decision only."""
    return Plan(decision, decision, decision, decision, threshold=0, salt=b"", sample=0.0)


def with_own_writes(plan: Plan, own: OwnWrites | None, writer: Decision, *, reads: bool) -> Plan:
    """Have the clients of a plan read their own writes, where it could keep them from that.

    `writer` is the decision for whoever must read from the writer: without a copy, as a side that
    lags would only be found to differ.
    """
    if own is None:
        return plan
    if not reads:
        return replace(plan, own=own, marks=True)
    strays = {plan.inside.primary, plan.outside.primary} != {writer.primary}
    return replace(plan, own=own, fresh=writer if strays else None)


def plan_writes(
    rule: PhaseRule,
    sides: Sides,
    *,
    copying: WriteCopying,
    sample: float,
    reversed_shadow: bool,
    watched: bool = False,
) -> Plan:
    """Plan the writes of a route: one writer, and nothing that could write twice.

    The candidate of a write is asked for what was written, or for a dry run if it has promised that
    it can; the monolith never has. `watched`: reads of the domain are compared, and a write may
    pass while they are.
    """
    writer = rule.writes
    # There is nothing to hold the monolith's writes against.
    measured = rule.measured and writer is System.SERVICE
    alone = Decision(sides[writer], writer, measured=measured, watched=watched)
    if writer is System.SERVICE and copying is WriteCopying.DRY_RUN:
        return always(alone)
    if copying is WriteCopying.SKIP or not _copies(rule, reversed_shadow):
        return always(alone)
    judged = replace(alone, candidate=sides[writer.other], writes=copying)
    return Plan(judged, alone, judged, alone, threshold=0, salt=b"", sample=sample)


def plan_reads(
    rule: PhaseRule,
    sides: Sides,
    *,
    salt: bytes,
    threshold: int,
    sample: float,
    reversed_shadow: bool,
    fallback: bool | None,
) -> Plan:
    """Plan the reads of a route: who may answer, who gets the copies, who steps in.

    `fallback` is the operator's word, None for the phase's own habit: yes while the service
    answers on trial, no once it is the system of record and the monolith may be stale.
    """
    copied = _copies(rule, reversed_shadow)
    steps_in = rule.may_fall_back and (rule.canary_reads if fallback is None else fallback)
    inside = System.SERVICE if rule.canary_reads else rule.reads
    deciding = partial(_decision, sides, steps_in=steps_in, measured=rule.measured)
    return Plan(
        outside=deciding(rule.reads, copied=copied),
        outside_alone=deciding(rule.reads, copied=False),
        inside=deciding(inside, copied=copied),
        inside_alone=deciding(inside, copied=False),
        threshold=threshold if rule.canary_reads else 0,
        salt=salt,
        sample=sample if copied else 0.0,
    )


def _copies(rule: PhaseRule, reversed_shadow: bool) -> bool:
    return rule.copying is Copying.SAMPLED or (
        rule.copying is Copying.IF_REVERSED and reversed_shadow
    )


def _decision(
    sides: Sides, system: System, *, copied: bool, steps_in: bool, measured: bool
) -> Decision:
    other = sides[system.other]
    return Decision(
        primary=sides[system],
        system=system,
        candidate=other if copied else None,
        fallback=other if steps_in and system is System.SERVICE else None,
        measured=measured,
    )
