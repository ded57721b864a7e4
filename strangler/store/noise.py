"""Keeps what is known of noise: added up over all replicas, and forgotten once it is not met."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import case, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.store.bounds import NOISE_KEPT, NOISE_PER_ROUTE, storable
from strangler.store.records import NoiseSeen
from strangler.store.tables import noise
from strangler.store.upsert import upsert_into

_KEY = ("route", "upstream", "path", "way")
_FORMS = ("primary", "candidate")


async def add_noise(connection: AsyncConnection, seen: Sequence[NoiseSeen], now: datetime) -> None:
    """Add what was seen to what is there, and forget what was not met for too long."""
    await connection.execute(delete(noise).where(noise.c.last_seen < now - NOISE_KEPT))
    written = [replace(one, path=storable(one.path)) for one in sorted(seen, key=_key)]
    rows = [asdict(one) for one in await _with_room(connection, written)]
    if not rows:
        return
    statement = upsert_into(connection, noise)
    new, there = statement.excluded, noise.c.last_seen
    said = {name: case((new[name] != "", new[name]), else_=noise.c[name]) for name in _FORMS}
    statement = statement.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={
            **said,
            "domain": new.domain,
            "kind": new.kind,
            "looks": noise.c.looks + new.looks,
            "moved": noise.c.moved + new.moved,
            "last_seen": case((new.last_seen > there, new.last_seen), else_=there),
        },
    )
    await connection.execute(statement, rows)


def _key(one: NoiseSeen) -> tuple[str, ...]:
    return one.route, one.upstream, one.path, one.way


async def _with_room(connection: AsyncConnection, seen: Sequence[NoiseSeen]) -> list[NoiseSeen]:
    """Leave out new places of routes that have their fill."""
    routes = {one.route for one in seen}
    query = select(*(noise.c[name] for name in _KEY)).where(noise.c.route.in_(routes))
    known = {tuple(row) for row in (await connection.execute(query)).all()}
    filled = Counter(key[0] for key in known)
    kept = []
    for one in seen:
        if _key(one) not in known:
            if filled[one.route] >= NOISE_PER_ROUTE:
                continue
            filled[one.route] += 1
        kept.append(one)
    return kept


async def read_noise(
    connection: AsyncConnection, now: datetime, *, domain: str | None, route: str | None
) -> list[NoiseSeen]:
    """Read what is known and not forgotten, by route and path."""
    query = (
        select(noise)
        .where(noise.c.last_seen >= now - NOISE_KEPT)
        .order_by(*(noise.c[name] for name in _KEY))
    )
    if domain is not None:
        query = query.where(noise.c.domain == domain)
    if route is not None:
        query = query.where(noise.c.route == route)
    return [NoiseSeen(**row) for row in (await connection.execute(query)).mappings()]
