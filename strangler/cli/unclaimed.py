"""What `status --unclaimed` shows: what the monolith gets unclaimed, and what nobody calls."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from strangler.cli.asking import ask
from strangler.cli.failure import VerbError
from strangler.cli.output import counted, moment, write_json
from strangler.cli.routes_file import compile_routes
from strangler.cli.tables import add_row, columns, show
from strangler.migration.unclaimed import Seen, Template, left_unclaimed
from strangler.routing.mistakes import RoutesError
from strangler.routing.table import Route, RouteTable

if TYPE_CHECKING:
    from strangler.store.store import Store

MOST_SHOWN = 50
"""Lines of one kind that people read; JSON has them all."""


@dataclass(frozen=True, slots=True)
class Called:
    """A route of the live table and how often it was called; `seen` is None if it never was."""

    route: Route
    seen: Seen | None


@dataclass(frozen=True, slots=True)
class Remainder:
    """What is left to be moved, and what may be left to be deleted.

    `since` is when counting began, None where nothing was ever counted.
    """

    since: datetime | None
    unclaimed: tuple[Template, ...]
    routes: tuple[Called, ...]

    @property
    def never(self) -> list[Route]:
        """The routes that nobody has called."""
        return [called.route for called in self.routes if called.seen is None]


def remainder(
    table: RouteTable, unclaimed: Sequence[Template], calls: Mapping[str, Seen]
) -> Remainder:
    """Hold what was counted against the live table: what it claims by now is moved."""
    left = left_unclaimed(table, unclaimed)
    began = [one.seen.first for one in unclaimed] + [seen.first for seen in calls.values()]
    routes = tuple(Called(route, calls.get(route.label)) for route in table.routes)
    return Remainder(min(began, default=None), left, routes)


def tell_unclaimed(url: str, *, as_json: bool) -> int:
    """Ask the store at `url` and print the remainder."""
    left = ask(url, _look)
    if left is None:
        show("no revision is live yet: start `strangler serve --routes FILE`")
        return 0
    if as_json:
        write_json(_report(left))
    else:
        _show(left)
    return 0


async def _look(store: "Store") -> Remainder | None:
    live = await store.newest()
    if live is None:
        return None
    try:
        table = compile_routes(live.text, f"revision {live.number}")
    except RoutesError as error:
        raise VerbError(*map(str, error.mistakes)) from error
    return remainder(table, await store.unclaimed(), await store.calls())


# --- for programs -------------------------------------------------------------------------------


def _report(left: Remainder) -> dict[str, Any]:
    return {
        "since": left.since,
        "unclaimed": [
            {"method": one.method, "path": one.path, **_seen(one.seen)} for one in left.unclaimed
        ],
        "routes": [
            {
                "route": called.route.label,
                "domain": called.route.domain,
                "line": called.route.line,
                **_seen(called.seen),
            }
            for called in left.routes
        ],
    }


def _seen(seen: Seen | None) -> dict[str, Any]:
    if seen is None:
        return {"count": 0, "first_seen": None, "last_seen": None}
    return {"count": seen.count, "first_seen": seen.first, "last_seen": seen.last}


# --- for people ---------------------------------------------------------------------------------


def _show(left: Remainder) -> None:
    if left.since is None:
        show("nothing was counted yet: `strangler serve` writes every ten seconds what it has seen")
        return
    show(f"counted since {moment(left.since)} UTC")
    if left.unclaimed:
        show("", "claimed by no route, so still the monolith's:")
        table = columns(
            "requests", "method", "path", "first (UTC)", "last (UTC)", right={"requests"}
        )
        for one in left.unclaimed[:MOST_SHOWN]:
            seen = one.seen
            times = moment(seen.first), moment(seen.last)
            add_row(table, [f"{seen.count:,}", one.method, one.path, *times])
        show(table, *_more(len(left.unclaimed)))
    else:
        show("", "every request was claimed by a route")
    if left.never:
        number = counted(len(left.never), "route was", "routes were")
        show("", f"{number} never called:")
        lines = [f"  {one.domain}: {one.label} (line {one.line})" for one in left.never]
        show(*lines[:MOST_SHOWN], *_more(len(lines)))


def _more(number: int) -> Iterator[str]:
    if number > MOST_SHOWN:
        yield f"  and {number - MOST_SHOWN:,} more (--json has them all)"
