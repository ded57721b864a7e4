"""Writes what was observed: counts of verdicts and rules, findings and examples.

Everything is written additively, so that many replicas can write at once and in any order. All
writers go through the tables in one order and through the rows in order of their keys, so that
no two of them wait for each other in a circle.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Table, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.store.bounds import ExampleKey, keep
from strangler.store.records import Batch, Example, Finding
from strangler.store.tables import examples, findings, rule_firings, verdicts
from strangler.store.tally import Counts, admitted, tally


def upsert_into(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Start an INSERT … ON CONFLICT of the dialect at hand."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


async def write_batch(connection: AsyncConnection, batch: Batch) -> int:
    """Add one batch to what is there; give how many sightings of new findings had no room."""
    added = tally(batch)
    await _add_counts(connection, verdicts, "verdict", added.verdicts)
    await _add_counts(connection, rule_firings, "rule", added.rules)
    if not added.findings:
        return 0
    seen = [added.findings[id_] for id_ in sorted(added.findings)]
    chosen = await _with_room(connection, seen)
    if chosen:
        await _add_findings(connection, chosen)
    return sum(finding.count for finding in seen) - sum(finding.count for finding in chosen)


async def _with_room(connection: AsyncConnection, seen: Sequence[Finding]) -> list[Finding]:
    """Leave out new findings of routes that have their fill; a route's findings are bounded."""
    routes = {finding.route for finding in seen}
    query = select(findings.c.id, findings.c.route, findings.c.noise)
    rows = (await connection.execute(query.where(findings.c.route.in_(routes)))).all()
    known = {id_ for id_, _, _ in rows}
    return admitted(seen, known, Counter((route, noise) for _, route, noise in rows))


async def _add_counts(connection: AsyncConnection, table: Table, name: str, counts: Counts) -> None:
    if not counts:
        return
    statement = upsert_into(connection, table)
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={"count": table.c.count + statement.excluded.count},
    )
    rows = [
        {"domain": domain, "route": route, "revision": revision, name: value, "count": count}
        for (domain, route, revision, value), count in sorted(counts.items())
    ]
    await connection.execute(statement, rows)


async def _add_findings(connection: AsyncConnection, seen: Sequence[Finding]) -> None:
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
    await connection.execute(statement, [_row(finding, findings) for finding in seen])
    await _add_examples(connection, seen)


def _least(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((right < left, right), else_=left)


def _greatest(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((right > left, right), else_=left)


def _row(record: Finding | Example, table: Table) -> dict[str, Any]:
    names = {field.name for field in fields(record)} & set(table.c.keys())
    return {name: getattr(record, name) for name in names}


async def _add_examples(connection: AsyncConnection, seen: Sequence[Finding]) -> None:
    """Add the examples, then drop what is over: the findings' rows are locked by now."""
    rows = [
        {"finding": finding.id, **_row(example, examples)}
        for finding in seen
        for example in finding.examples
    ]
    await connection.execute(upsert_into(connection, examples).on_conflict_do_nothing(), rows)
    for finding in seen:
        await _drop_examples(connection, finding.id)


async def _drop_examples(connection: AsyncConnection, finding: str) -> None:
    query = select(examples.c.at, examples.c.request_id).where(examples.c.finding == finding)
    keys: list[ExampleKey] = [(at, request) for at, request in await connection.execute(query)]
    for at, request in set(keys).difference(keep(keys)):
        await connection.execute(
            delete(examples).where(
                examples.c.finding == finding,
                examples.c.at == at,
                examples.c.request_id == request,
            )
        )
