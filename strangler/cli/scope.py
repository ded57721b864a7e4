"""Tells that nothing is known of a domain or route from that there is none of this name."""

from typing import TYPE_CHECKING

from strangler.cli.failure import VerbError

if TYPE_CHECKING:
    from strangler.store.store import Store


async def require_known(store: "Store", domain: str | None, route: str | None) -> None:
    """Refuse names that the live table does not have: for verbs that found nothing of them.

    A misspelt domain must not look like one of which there is nothing to say.
    """
    if domain is route is None:
        return
    live = await store.newest()
    if live is None:
        return
    # Where something was found, nobody waits for what a table needs.
    from strangler.cli.moving import domain_of  # noqa: PLC0415
    from strangler.cli.plan import live_table  # noqa: PLC0415
    from strangler.routing.mistakes import did_you_mean  # noqa: PLC0415

    table = live_table(live)
    chosen = table.routes if domain is None else domain_of(table, domain).routes
    labels = [one.label for one in chosen]
    if route is not None and route not in labels:
        within = "" if domain is None else f" in {domain}"
        raise VerbError(f"there is no route {route}{within}; {did_you_mean(route, labels)}")
