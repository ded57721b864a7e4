"""Takes findings out of the store that nobody needs any more; what was said of them stays."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.store.tables import examples, findings, hours, spots

AT_ONCE = 500
"""Findings in one statement: databases bound how many parameters it has."""


async def purge_hours(connection: AsyncConnection, before: datetime) -> None:
    """Take out the counts by the hour from before a time."""
    await connection.execute(delete(hours).where(hours.c.hour < before))


async def purge(
    connection: AsyncConnection,
    *,
    domain: str | None = None,
    route: str | None = None,
    before: datetime | None = None,
    most: int | None = None,
) -> int:
    """Take out findings that were last seen before a time, or beyond the `most` of a route.

    Noise is counted apart from what is real. Give how many were taken out. Where such a finding
    is seen again, it is a new one with the same id and the same history of states.
    """
    where = _where(domain, route)
    gone: set[str] = set()
    if before is not None:
        query = select(findings.c.id).where(*where, findings.c.last_seen < before)
        gone.update((await connection.execute(query)).scalars())
    if most is not None:
        gone.update(await _over(connection, where, most))
    await _take_out(connection, sorted(gone))
    return len(gone)


def _where(domain: str | None, route: str | None) -> list[ColumnElement[bool]]:
    wanted = ((findings.c.domain, domain), (findings.c.route, route))
    return [column == value for column, value in wanted if value is not None]


async def _over(
    connection: AsyncConnection, where: Sequence[ColumnElement[bool]], most: int
) -> list[str]:
    """Name the findings of each route beyond the number to keep: those seen longest ago."""
    query = select(findings.c.id, findings.c.route, findings.c.noise).where(*where)
    rows = await connection.execute(query.order_by(findings.c.last_seen.desc(), findings.c.id))
    met: dict[tuple[str, bool], int] = {}
    over = []
    for id_, route, noise in rows:
        met[route, noise] = met.get((route, noise), 0) + 1
        if met[route, noise] > most:
            over.append(id_)
    return over


async def _take_out(connection: AsyncConnection, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        await connection.execute(delete(spots).where(spots.c.finding.in_(part)))
        await connection.execute(delete(examples).where(examples.c.finding.in_(part)))
        await connection.execute(delete(findings).where(findings.c.id.in_(part)))
