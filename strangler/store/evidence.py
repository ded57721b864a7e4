"""Writes what was observed: counts of verdicts and rules, findings and examples.

Everything is written additively, so that many replicas can write at once and in any order. All
writers go through the tables in one order and through the rows in order of their keys, so that
no two of them wait for each other in a circle.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.compare.verdict import ENDED
from strangler.store.examples import add_examples
from strangler.store.grouping import Grouped
from strangler.store.observed import Batch
from strangler.store.placing import place
from strangler.store.records import AnswerKey, Finding
from strangler.store.states import reopen
from strangler.store.tables import answers, findings, hours, rule_firings, verdicts
from strangler.store.tally import Counts, tally
from strangler.store.upsert import upsert_into


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: the rows that were written, the sightings that had no room."""

    rows: int
    left_out: int


async def write_batch(connection: AsyncConnection, batch: Batch) -> Written:
    """Add one batch to what is there."""
    placed = await place(connection, batch)
    compared = await _compared(connection, placed.grouped)
    added = tally(batch, placed.grouped, await _sets(connection, placed.grouped))
    rows = placed.rows
    rows += await _add_counts(connection, verdicts, added.verdicts)
    rows += await _add_counts(connection, hours, added.hours)
    rows += await _add_counts(connection, rule_firings, added.rules)
    if added.findings:
        seen = [added.findings[id_] for id_ in sorted(added.findings)]
        rows += await _add_findings(connection, seen, compared)
        rows += await reopen(connection, seen)
    return Written(rows, placed.left_out)


async def _compared(connection: AsyncConnection, grouped: Grouped) -> dict[str, int]:
    """Say how often the routes of new findings were compared before, by route."""
    new = set(grouped.claims.values())
    routes = {grouped.seen[id_][0].observation.route for id_ in new}
    return await comparisons(connection, routes) if routes else {}


async def comparisons(connection: AsyncConnection, routes: Collection[str]) -> dict[str, int]:
    """Say how many comparisons of routes came to an end, by route."""
    total = func.sum(verdicts.c.count)
    query = select(verdicts.c.route, total).where(
        verdicts.c.route.in_(routes), verdicts.c.verdict.in_(sorted(ENDED))
    )
    rows = await connection.execute(query.group_by(verdicts.c.route))
    return {route: int(count) for route, count in rows}


async def _sets(connection: AsyncConnection, grouped: Grouped) -> dict[str, set[str]]:
    """Read the sets of findings that mismatches of these routes were counted for before."""
    routes = {seen[0].observation.route for seen in grouped.seen.values()}
    sets: dict[str, set[str]] = {}
    if routes:
        query = select(verdicts.c.route, verdicts.c.findings).distinct()
        query = query.where(verdicts.c.route.in_(routes), verdicts.c.findings != "")
        for route, named in await connection.execute(query):
            sets.setdefault(route, set()).add(named)
    return sets


async def write_answers(
    connection: AsyncConnection, counts: Mapping[AnswerKey, int], at: datetime
) -> None:
    """Add counts of answers to what is there; `at` is when the last of them came."""
    names = answers.primary_key.columns.keys()
    rows = [
        {**dict(zip(names, key, strict=True)), "count": count, "last_seen": at}
        for key, count in sorted(counts.items())
    ]
    await add_up(connection, answers, rows)


async def _add_counts(connection: AsyncConnection, table: Table, counts: Counts) -> int:
    """Add counts to a table whose key is told in the order of its columns; give the rows."""
    names = table.primary_key.columns.keys()
    rows = [
        {**dict(zip(names, key, strict=True)), "count": count}
        for key, count in sorted(counts.items())
    ]
    await add_up(connection, table, rows)
    return len(rows)


async def add_up(
    connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Add the counts of rows, in order of their keys, to those that have the same keys."""
    if not rows:
        return
    statement = upsert_into(connection, table)
    new = statement.excluded
    added: dict[str, ColumnElement[Any]] = {"count": table.c.count + new.count}
    if "last_seen" in table.c:
        added["last_seen"] = _greatest(table.c.last_seen, new.last_seen)
    key = list(table.primary_key)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=key, set_=added), list(rows)
    )


async def _add_findings(
    connection: AsyncConnection, seen: Sequence[Finding], compared: Mapping[str, int]
) -> int:
    statement = upsert_into(connection, findings)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[findings.c.id],
        set_={
            "count": findings.c.count + new.count,
            "first_seen": _least(findings.c.first_seen, new.first_seen),
            "last_seen": _greatest(findings.c.last_seen, new.last_seen),
            "revision_first": _least(findings.c.revision_first, new.revision_first),
            "revision_last": _greatest(findings.c.revision_last, new.revision_last),
        },
    )
    rows = [
        {**_row(finding, findings), "compared_before": compared.get(finding.route, 0)}
        for finding in seen
    ]
    await connection.execute(statement, rows)
    return len(rows) + await add_examples(connection, seen)


def _least(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((right < left, right), else_=left)


def _greatest(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((right > left, right), else_=left)


def _row(record: Finding, table: Table) -> dict[str, Any]:
    names = {field.name for field in fields(record)} & set(table.c.keys())
    return {name: getattr(record, name) for name in names}
