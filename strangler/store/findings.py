"""Reads what was observed: findings with their examples, counts of verdicts, rules, answers."""

from dataclasses import replace
from typing import Any

from sqlalchemy import RowMapping, Select, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.store.errors import StoreError
from strangler.store.records import AnswerCount, Example, Finding, RuleCount, VerdictCount
from strangler.store.tables import answers, examples, findings, rule_firings, verdicts

SHORTEST_ID = 4
"""With fewer characters, the same words would soon mean another finding."""


async def read_findings(
    connection: AsyncConnection,
    *,
    domain: str | None,
    route: str | None,
    noise: bool | None,
    limit: int,
) -> list[Finding]:
    """Read findings without their examples, the last seen first."""
    query = select(findings).order_by(findings.c.last_seen.desc(), findings.c.id).limit(limit)
    query = _where(query, findings, domain=domain, route=route, noise=noise)
    return [_finding(row) for row in (await connection.execute(query)).mappings()]


async def read_finding(connection: AsyncConnection, prefix: str) -> Finding | None:
    """Read the one finding whose id starts with `prefix`, with its examples."""
    prefix = prefix.lower()
    if len(prefix) < SHORTEST_ID:
        raise StoreError(f"{prefix!r} is too short for a finding; give {SHORTEST_ID} characters")
    matching = findings.c.id.startswith(prefix, autoescape=True)
    query = select(findings).where(matching).order_by(findings.c.id).limit(10)
    found = [_finding(row) for row in (await connection.execute(query)).mappings()]
    if not found:
        return None
    if len(found) > 1 and found[0].id != prefix:
        listed = ", ".join(f"{each.id[:16]} ({each.kind} on {each.route})" for each in found)
        raise StoreError(f"{prefix!r} is the start of several findings: {listed}")
    return replace(found[0], examples=await _read_examples(connection, found[0].id))


async def _read_examples(connection: AsyncConnection, finding: str) -> tuple[Example, ...]:
    query = (
        select(*(column for column in examples.c if column.name != "finding"))
        .where(examples.c.finding == finding)
        .order_by(examples.c.at, examples.c.request_id)
    )
    return tuple(Example(**row) for row in (await connection.execute(query)).mappings())


def _finding(row: RowMapping) -> Finding:
    return Finding(**{**row, "paths": tuple(row["paths"])})


async def read_verdicts(
    connection: AsyncConnection, *, domain: str | None, since: int
) -> list[VerdictCount]:
    """Read the counts of verdicts under revision `since` and later ones."""
    query = select(verdicts).where(verdicts.c.revision >= since).order_by(*verdicts.primary_key)
    query = _where(query, verdicts, domain=domain)
    return [VerdictCount(**row) for row in (await connection.execute(query)).mappings()]


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
