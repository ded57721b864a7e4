"""Finds out whose the paths of a batch are, and claims those that nobody has for new findings."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.store.grouping import Grouped, group, spots_of, without
from strangler.store.observed import Batch
from strangler.store.tables import findings, spots
from strangler.store.tally import refused
from strangler.store.upsert import upsert_into

ASKED_AT_ONCE = 500
"""Spots in one question: databases bound how many parameters a statement has."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A batch grouped by findings. `left_out` sightings found no room; `rows` were written."""

    grouped: Grouped
    left_out: int = 0
    rows: int = 0


async def place(connection: AsyncConnection, batch: Batch) -> Placed:
    """Group a batch by findings."""
    wanted = spots_of(batch)
    if not wanted:
        return Placed(group(batch, {}))
    owners = await _owners(connection, wanted)
    grouped = group(batch, owners)
    if not grouped.claims:
        return Placed(grouped)
    left_out = await _without_room(connection, grouped)
    claims = without(grouped, left_out).claims
    await _claim(connection, claims)
    # Another replica may have been first with some of the paths: then they are its finding's.
    now = await _owners(connection, grouped.claims)
    if any(now.get(at, id_) != id_ for at, id_ in grouped.claims.items()):
        grouped = group(batch, owners | now)
    gone = [each for id_ in left_out for each in grouped.seen.get(id_, ())]
    count = sum(each.observation.count for each in gone)
    return Placed(without(grouped, left_out), count, len(claims))


async def _owners(connection: AsyncConnection, wanted: Collection[str]) -> dict[str, str]:
    owners: dict[str, str] = {}
    for part in _parts(sorted(wanted)):
        query = select(spots.c.spot, spots.c.finding).where(spots.c.spot.in_(part))
        owners |= {row.spot: row.finding for row in await connection.execute(query)}
    return owners


async def _claim(connection: AsyncConnection, claims: dict[str, str]) -> None:
    if claims:
        rows = [{"spot": at, "finding": claims[at]} for at in sorted(claims)]
        await connection.execute(upsert_into(connection, spots).on_conflict_do_nothing(), rows)


async def _without_room(connection: AsyncConnection, grouped: Grouped) -> list[str]:
    """Name the new findings whose routes have their fill; a route's findings are bounded."""
    new = {
        id_: (grouped.seen[id_][0].observation.route, id_.startswith("n"))
        for id_ in sorted(set(grouped.claims.values()))
    }
    routes = {route for route, _ in new.values()}
    place = (findings.c.route, findings.c.noise)
    query = select(*place, func.count()).where(findings.c.route.in_(routes)).group_by(*place)
    rows = await connection.execute(query)
    filled = Counter({(route, noise): count for route, noise, count in rows})
    return refused(new, filled)


def _parts(items: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(items), ASKED_AT_ONCE):
        yield items[start : start + ASKED_AT_ONCE]
