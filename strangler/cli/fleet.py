"""Works out how each replica stands to the rest: up to date, behind, or silent."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rich.table import Table

from strangler.cli.output import moment
from strangler.cli.tables import add_row, columns
from strangler.store.records import Fleet, ReplicaState

SILENT_AFTER = 5.0
"""Seconds without a word after which a replica is called silent: several times what it takes."""


class Standing(StrEnum):
    """How a replica stands."""

    CURRENT = "current"
    BEHIND = "behind"  # not all its workers serve the live revision
    SILENT = "silent"  # it may be dead, or alive and cut off from the store


@dataclass(frozen=True, slots=True)
class Member:
    """One replica as `status` shows it; `silent` is for how many seconds, 0 while it speaks."""

    name: str
    life: str
    address: str
    standing: Standing
    revision: int
    workers: int
    workers_ready: int
    started_at: datetime
    seen_at: datetime
    silent: float


def members(fleet: Fleet) -> tuple[Member, ...]:
    """Judge every replica by the store's clock."""
    return tuple(_member(one, fleet) for one in fleet.replicas)


def _member(one: ReplicaState, fleet: Fleet) -> Member:
    silence = (fleet.now - one.seen_at).total_seconds()
    if silence >= SILENT_AFTER:
        standing = Standing.SILENT
    else:
        standing = Standing.CURRENT if one.revision == fleet.newest else Standing.BEHIND
    return Member(
        name=one.name,
        life=one.life,
        address=one.address,
        standing=standing,
        revision=one.revision,
        workers=one.workers,
        workers_ready=one.workers_ready,
        started_at=one.started_at,
        seen_at=one.seen_at,
        silent=round(silence, 1) if standing is Standing.SILENT else 0.0,
    )


def fleet_table(fleet: tuple[Member, ...]) -> Table:
    """Lay the fleet out for people."""
    table = columns("replica", "address", "revision", "workers", "standing", right={"revision"})
    for one in fleet:
        workers = f"{one.workers_ready} of {one.workers}"
        cells = [one.name, one.address, str(one.revision or "-"), workers, _said(one)]
        add_row(table, cells)
    return table


def _said(one: Member) -> str:
    if one.standing is Standing.SILENT:
        return f"silent since {moment(one.seen_at)} UTC"
    return one.standing.value
