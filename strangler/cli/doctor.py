"""The verb `doctor`: says whether the store is there and whole, its ledger what was written."""

import asyncio
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from strangler.cli.options import DEFAULT_STORE, AsJson, StoreUrl
from strangler.cli.output import counted, moment, write_json
from strangler.cli.routes_file import compile_routes
from strangler.cli.tables import add_row, columns, show
from strangler.migration.fold import disagreements
from strangler.routing.mistakes import RoutesError

if TYPE_CHECKING:
    from strangler.store.store import Store
    from strangler.store.verification import Verification

MOST_SAID = 10
"""Faults of one kind that are listed: the first ones say what happened, the rest how much."""


class Health(StrEnum):
    """What a check came to. A concern wants a look and is nobody's fault."""

    FINE = "fine"
    CONCERN = "concern"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: `said` is for people, a line for each fault."""

    name: str
    health: Health
    said: tuple[str, ...]


def doctor(
    store: StoreUrl = DEFAULT_STORE,
    anchor: Annotated[
        str | None,
        typer.Option(
            "--anchor",
            metavar="HASH",
            help="A hash that doctor printed before: it must still be in the chain.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Look at everything that the store holds together by: exit code 1 if something is broken."""
    checks = asyncio.run(_examine(store, anchor))
    if as_json:
        write_json({"healthy": _healthy(checks), "checks": [asdict(check) for check in checks]})
    else:
        _show(checks)
    return 0 if _healthy(checks) else 1


def _healthy(checks: list[Check]) -> bool:
    return all(check.health is not Health.BROKEN for check in checks)


async def _examine(url: str, anchor: str | None) -> list[Check]:
    """Open the store and look; what it says no to is the finding that ends the look."""
    from strangler.store.errors import StoreError  # noqa: PLC0415 - half of the verbs do without
    from strangler.store.store import Store  # noqa: PLC0415
    from strangler.store.tables import SCHEMA  # noqa: PLC0415

    checks: list[Check] = []
    try:
        store = await Store.open(url)
        try:
            checks.append(
                Check("store", Health.FINE, (f"{store!r} answers, its schema is {SCHEMA}",))
            )
            checks += await _look(store, anchor)
        finally:
            await store.close()
    except StoreError as error:
        checks.append(Check("store", Health.BROKEN, (str(error),)))
    return checks


async def _look(store: "Store", anchor: str | None) -> list[Check]:
    from strangler.store.verification import Verification  # noqa: PLC0415 - see above

    database = _judged(
        "database", await store.unsound(), "whole, and it refuses to change the ledger"
    )
    read = Verification()
    while chapters := await store.chapters(read.newest.number if read.newest else 0):
        for chapter in chapters:
            read.take(chapter)
    notices = [
        f"{each.kind} on {each.replica} at {moment(each.at)} UTC: {each.text}"
        for each in await store.notices()
    ]
    return [
        database,
        *ledger_checks(read, anchor),
        Check("notices", Health.CONCERN if notices else Health.FINE, tuple(notices) or ("none",)),
    ]


def ledger_checks(read: "Verification", anchor: str | None) -> list[Check]:
    """Judge what reading the whole ledger came to."""
    newest = read.newest
    if newest is None:
        lost = [f"{anchor} is not in it, it is empty"] if anchor else []
        return [_judged("chain", lost, "no revision is live yet")]
    broken = read.broken + (
        [f"no revision has the hash {anchor}: the chain was made anew, or put back from a back-up"]
        if anchor and anchor not in read.hashes
        else []
    )
    revisions = counted(newest.number, "revision")
    return [
        _judged("chain", broken, f"{revisions}, the newest {newest.hash}"),
        _judged("texts", read.altered, "each is what its digest says"),
        *_live_checks(read, newest.text, newest.number),
    ]


def _live_checks(read: "Verification", text: str, number: int) -> list[Check]:
    try:
        table = compile_routes(text, f"revision {number}")
    except RoutesError as error:
        return [_judged("live", [str(mistake) for mistake in error.mistakes], "")]
    domains, routes = counted(len(table.domains), "domain"), counted(len(table.routes), "route")
    folded = read.unfolded or disagreements(read.phases, table)
    return [
        _judged("live", [], f"revision {number} compiles: {domains}, {routes}"),
        _judged("phases", folded, "the transitions lead to what is live"),
    ]


def _judged(name: str, faults: list[str], fine: str) -> Check:
    if not faults:
        return Check(name, Health.FINE, (fine,))
    more = len(faults) - MOST_SAID
    said = (*faults[:MOST_SAID], *([f"and {more:,} more"] if more > 0 else []))
    return Check(name, Health.BROKEN, said)


_STYLES = {Health.FINE: "", Health.CONCERN: "yellow", Health.BROKEN: "bold red"}


def _show(checks: list[Check]) -> None:
    table = columns("check", "health", "what was found", whole={"check", "health"})
    for check in checks:
        add_row(table, [check.name, check.health, "\n".join(check.said)], _STYLES[check.health])
    show(table)
