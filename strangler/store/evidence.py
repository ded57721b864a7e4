"""Writes what was observed: counts of verdicts and rules, findings and examples.

Everything is written additively, so that many replicas can write at once and in any order. All
writers go through the tables in one order and through the rows in order of their keys, so that
no two of them wait for each other in a circle.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.store.bounds import ExampleKey, keep
from strangler.store.records import AnswerKey, Batch, Example, Finding
from strangler.store.tables import answers, examples, findings, rule_firings, verdicts
from strangler.store.tally import Counts, admitted, tally


def upsert_into(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Start an INSERT … ON CONFLICT of the dialect at hand."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


async def write_batch(connection: AsyncConnection, batch: Batch) -> int:
    """Add one batch to what is there; give how many sightings of new findings had no room."""
    added = tally(batch)
    await _add_counts(connection, verdicts, added.verdicts)
    await _add_counts(connection, rule_firings, added.rules)
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


async def write_answers(
    connection: AsyncConnection, counts: Mapping[AnswerKey, int], at: datetime
) -> None:
    """Add counts of answers to what is there; `at` is when the last of them came."""
    statement = upsert_into(connection, answers)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=list(answers.primary_key),
        set_={
            "count": answers.c.count + new.count,
            "last_seen": _greatest(answers.c.last_seen, new.last_seen),
        },
    )
    names = answers.primary_key.columns.keys()
    rows = [
        {**dict(zip(names, key, strict=True)), "count": count, "last_seen": at}
        for key, count in sorted(counts.items())
    ]
    await connection.execute(statement, rows)


async def _add_counts(connection: AsyncConnection, table: Table, counts: Counts) -> None:
    """Add counts to a table whose key is told in the order of its columns."""
    if not counts:
        return
    statement = upsert_into(connection, table)
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={"count": table.c.count + statement.excluded.count},
    )
    names = table.primary_key.columns.keys()
    rows = [
        {**dict(zip(names, key, strict=True)), "count": count}
        for key, count in sorted(counts.items())
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
