"""Reads what was observed: findings with their examples, counts of verdicts, rules, answers."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.compare.state import FindingState
from strangler.compare.verdict import ENDED
from strangler.store.errors import StoreError
from strangler.store.examples import read_examples
from strangler.store.records import AnswerCount, Finding, HourCount, RuleCount, VerdictCount
from strangler.store.states import newest_said, read_history, standing
from strangler.store.tables import answers, finding_states, findings, hours, rule_firings, verdicts

SHORTEST_ID = 4
"""With fewer characters, the same words would soon mean another finding."""


async def read_findings(
    connection: AsyncConnection,
    *,
    domain: str | None,
    route: str | None,
    noise: bool | None,
    states: Collection[FindingState] | None,
    now: datetime,
    limit: int,
) -> list[Finding]:
    """Read findings without their examples and history, the last seen first."""
    query = _all(now).order_by(findings.c.last_seen.desc(), findings.c.id).limit(limit)
    query = _where(query, findings, domain=domain, route=route, noise=noise)
    if states is not None:
        query = query.where(standing(now).in_([state.value for state in states]))
    return [_finding(row) for row in (await connection.execute(query)).mappings()]


def _all(now: datetime) -> Select[Any]:
    """Select findings with how they stand, and how often their routes were compared since."""
    newest = newest_said().subquery()
    compared = (
        select(verdicts.c.route, func.sum(verdicts.c.count).label("total"))
        .where(verdicts.c.verdict.in_(sorted(ENDED)))
        .group_by(verdicts.c.route)
        .subquery()
    )
    since = func.coalesce(compared.c.total, 0) - findings.c.compared_before
    return (
        select(
            *(each for each in findings.c if each.name != "compared_before"),
            since.label("compared"),
            standing(now).label("state"),
            finding_states.c.until,
        )
        .outerjoin(compared, compared.c.route == findings.c.route)
        .outerjoin(newest, newest.c.finding == findings.c.id)
        .outerjoin(finding_states, finding_states.c.number == newest.c.number)
    )


async def read_finding(connection: AsyncConnection, prefix: str, now: datetime) -> Finding | None:
    """Read the one finding whose id starts with `prefix`, with its examples and history."""
    prefix = prefix.lower()
    if len(prefix) < SHORTEST_ID:
        raise StoreError(f"{prefix!r} is too short for a finding; give {SHORTEST_ID} characters")
    matching = findings.c.id.startswith(prefix, autoescape=True)
    query = _all(now).where(matching).order_by(findings.c.id).limit(10)
    found = [_finding(row) for row in (await connection.execute(query)).mappings()]
    if not found:
        return None
    if len(found) > 1 and found[0].id != prefix:
        listed = ", ".join(f"{each.id[:16]} ({each.kind} on {each.route})" for each in found)
        raise StoreError(f"{prefix!r} is the start of several findings: {listed}")
    id_ = found[0].id
    history = (await read_history(connection, [id_])).get(id_, [])
    examples = await read_examples(connection, id_)
    return replace(found[0], history=tuple(history), examples=examples)


def _finding(row: RowMapping) -> Finding:
    """Make a finding of a row; PostgreSQL sums integers to a decimal."""
    state = FindingState(row["state"])
    return Finding(
        **{
            **row,
            "paths": tuple(row["paths"]),
            "compared": int(row["compared"]),
            "state": state,
            "until": row["until"] if state is not FindingState.OPEN else None,
        }
    )


async def read_verdicts(
    connection: AsyncConnection, *, domain: str | None, since: int
) -> list[VerdictCount]:
    """Read the counts of verdicts under revision `since` and later ones."""
    query = select(verdicts).where(verdicts.c.revision >= since).order_by(*verdicts.primary_key)
    query = _where(query, verdicts, domain=domain)
    rows = (await connection.execute(query)).mappings()
    return [VerdictCount(**{**row, "findings": tuple(row["findings"].split())}) for row in rows]


async def read_hours(
    connection: AsyncConnection, *, domain: str | None, route: str | None, since: datetime
) -> list[HourCount]:
    """Read how comparisons ended by the hour, oldest first."""
    query = select(hours).where(hours.c.hour >= since).order_by(hours.c.hour, *hours.primary_key)
    query = _where(query, hours, domain=domain, route=route)
    return [HourCount(**row) for row in (await connection.execute(query)).mappings()]


async def read_answers(
    connection: AsyncConnection, *, domain: str, since: int
) -> list[AnswerCount]:
    """Read the counts of answers under revision `since` and later ones."""
    query = select(answers).where(answers.c.revision >= since).order_by(*answers.primary_key)
    query = _where(query, answers, domain=domain)
    return [AnswerCount(**row) for row in (await connection.execute(query)).mappings()]


async def read_rule_counts(
    connection: AsyncConnection, *, domain: str | None, route: str | None, since: int
) -> list[RuleCount]:
    """Read how often each rule fired on each route under revision `since` and later ones."""
    names = (rule_firings.c.domain, rule_firings.c.route, rule_firings.c.rule)
    query = (
        select(*names, func.sum(rule_firings.c.count).label("count"))
        .where(rule_firings.c.revision >= since)
        .group_by(*names)
        .order_by(*names)
    )
    query = _where(query, rule_firings, domain=domain, route=route)
    rows = (await connection.execute(query)).mappings()
    # PostgreSQL sums integers to a decimal.
    return [RuleCount(**{**row, "count": int(row["count"])}) for row in rows]


def _where(query: Select[Any], table: Table, **wanted: str | bool | None) -> Select[Any]:
    """Narrow a query to the values that are given; None stands for any."""
    for name, value in wanted.items():
        if value is not None:
            query = query.where(table.c[name] == value)
    return query
