"""The verb `diff noise`: what is known of the noise of each route, and on what evidence."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from strangler.cli.asking import ask
from strangler.cli.options import DEFAULT_STORE, AsJson, StoreUrl
from strangler.cli.output import counted, minute, tell, write_json
from strangler.cli.scope import require_known
from strangler.cli.tables import add_row, columns, show
from strangler.store.bounds import NOISE_KEPT
from strangler.store.records import NoiseSeen

if TYPE_CHECKING:
    from strangler.store.store import Store


def list_noise(
    domain: Annotated[
        str | None, typer.Option("--domain", metavar="DOMAIN", help="Only of this domain.")
    ] = None,
    route: Annotated[
        str | None, typer.Option("--route", metavar="LABEL", help="Only of the route labelled so.")
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """List what never rests: where, of what kind, how often that was seen, and until when."""
    now = datetime.now(UTC)
    known = ask(store, lambda opened: _known(opened, now, domain, route))
    if as_json:
        write_json([report(one) for one in known])
    elif known:
        _show(known)
        tell(f"{counted(len(known), 'place')} of noise; what is not met any more is forgotten")
    else:
        tell("no noise is known")


async def _known(
    store: "Store", now: datetime, domain: str | None, route: str | None
) -> list[NoiseSeen]:
    known = await store.noise(now, domain=domain, route=route)
    if not known:
        await require_known(store, domain, route)
    return known


def report(one: NoiseSeen) -> dict[str, Any]:
    """Give what is known of one place, for programs."""
    return {**asdict(one), "expires": one.last_seen + NOISE_KEPT}


def _show(known: Sequence[NoiseSeen]) -> None:
    headings = ("kind", "moved", "last seen (UTC)", "expires", "where, and its form")
    table = columns(*headings, right={"moved"}, whole=headings[:4])
    for one in known:
        forms = [f"  {side}: {form}" for side, form in _forms(one) if form]
        where = "\n".join([f"{one.path} on {one.route}, of {one.upstream}", *forms])
        moved = f"{one.moved:,} of {one.looks:,}"
        expires = f"{one.last_seen + NOISE_KEPT:%Y-%m-%d}"
        add_row(table, [one.kind, moved, minute(one.last_seen), expires, where])
    show(table)


def _forms(one: NoiseSeen) -> list[tuple[str, str]]:
    """Give the forms of both sides, or the one that they share."""
    if one.primary == one.candidate:
        return [("both", one.primary)]
    return [("primary", one.primary), ("candidate", one.candidate)]
