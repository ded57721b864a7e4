"""The verb `diff purge`: takes out of the store what was found and is not needed any more."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from strangler.cli.asking import ask
from strangler.cli.failure import VerbError
from strangler.cli.history import TIMES, moment_of
from strangler.cli.options import DEFAULT_STORE, LARGEST, StoreUrl
from strangler.cli.output import counted, tell
from strangler.cli.scope import require_known
from strangler.store.store import Store


def purge(
    domain: Annotated[
        str | None, typer.Option("--domain", metavar="DOMAIN", help="Only of this domain.")
    ] = None,
    route: Annotated[
        str | None, typer.Option("--route", metavar="LABEL", help="Only of the route labelled so.")
    ] = None,
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="TIME", help=f"Last seen before then: {TIMES}."),
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep", min=0, max=LARGEST, metavar="N", help="All but the N of each route seen last."
        ),
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Take findings and noise out of the store, with their examples; what was said stays."""
    if before is None and keep is None:
        raise VerbError("say which: --before TIME, or --keep N (--keep 0 for all)")
    time = moment_of("--before", before, datetime.now(UTC))

    async def take_out(opened: Store) -> int:
        gone = await opened.purge(domain=domain, route=route, before=time, most=keep)
        if not gone:
            await require_known(opened, domain, route)
        return gone

    gone = ask(store, take_out)
    tell(f"{counted(gone, 'finding')} taken out")
