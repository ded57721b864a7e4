"""Writes and reads the examples of findings: a few of all sightings, each with the same chance."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.store.bounds import EXAMPLES, rank
from strangler.store.observed import Example
from strangler.store.records import Finding
from strangler.store.tables import examples
from strangler.store.upsert import upsert_into

_FIELDS = tuple(field.name for field in fields(Example))


async def add_examples(connection: AsyncConnection, seen: Sequence[Finding]) -> int:
    """Add the examples that were drawn, and give the rows; the findings' rows are locked by now.

    The more sightings there were, the more rarely one is drawn: most batches write none.
    """
    kept = await _ranks(connection, [finding.id for finding in seen])
    rows, dropped = [], 0
    for finding in seen:
        before = kept.get(finding.id, [])
        drawn = {rank(each.key): each for each in finding.examples}
        chosen = sorted({*before, *drawn})[:EXAMPLES]
        for over in set(before).difference(chosen):
            await _drop(connection, finding.id, over)
            dropped += 1
        rows += [
            _row(finding.id, number, drawn[number])
            for number in chosen
            if number in drawn and number not in before
        ]
    if rows:
        await connection.execute(upsert_into(connection, examples).on_conflict_do_nothing(), rows)
    return len(rows) + dropped


async def _ranks(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, list[int]]:
    query = select(examples.c.finding, examples.c.rank).where(examples.c.finding.in_(ids))
    kept: dict[str, list[int]] = {}
    for id_, number in await connection.execute(query):
        kept.setdefault(id_, []).append(number)
    return kept


async def _drop(connection: AsyncConnection, finding: str, number: int) -> None:
    here = (examples.c.finding == finding, examples.c.rank == number)
    await connection.execute(delete(examples).where(*here))


def _row(finding: str, number: int, example: Example) -> dict[str, Any]:
    values = {name: getattr(example, name) for name in _FIELDS}
    return {"finding": finding, "rank": number, **values}


async def read_examples(connection: AsyncConnection, finding: str) -> tuple[Example, ...]:
    """Read the examples of one finding, oldest first."""
    query = (
        select(*(examples.c[name] for name in _FIELDS))
        .where(examples.c.finding == finding)
        .order_by(examples.c.at, examples.c.request_id)
    )
    return tuple(Example(**row) for row in (await connection.execute(query)).mappings())
