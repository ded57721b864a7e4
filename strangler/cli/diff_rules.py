"""The verb `diff rules`: every rule that makes answers equal, and how often it did."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from strangler.cli.asking import ask
from strangler.cli.failure import VerbError
from strangler.cli.options import DEFAULT_STORE, LARGEST, AsJson, StoreUrl
from strangler.cli.output import tell, write_json
from strangler.cli.plan import live_table
from strangler.cli.scope import require_known
from strangler.cli.tables import add_row, columns, show
from strangler.routing.table import Route, RouteTable
from strangler.store.records import Revision, RuleCount
from strangler.store.store import Store

BUILT_IN = "built in"
FORMER = "not in the table any more"


def rules(
    domain: Annotated[
        str | None, typer.Option("--domain", metavar="DOMAIN", help="Only of this domain.")
    ] = None,
    route: Annotated[
        str | None, typer.Option("--route", metavar="LABEL", help="Only of the route labelled so.")
    ] = None,
    since: Annotated[
        int,
        typer.Option("--since", min=0, max=LARGEST, metavar="N", help="Only from revision N on."),
    ] = 0,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """List the rules of each route with how often each made something equal, 0 included."""

    async def read(opened: Store) -> tuple[Revision | None, list[RuleCount]]:
        counts = await opened.rule_counts(domain, route=route, since=since)
        if not counts:
            await require_known(opened, domain, route)
        return await opened.newest(), counts

    live, counts = ask(store, read)
    if live is None:
        raise VerbError("the store holds no revision yet: nothing has rules")
    table = live_table(live)
    chosen = [
        one for one in table.routes if domain in {None, one.domain} and route in {None, one.label}
    ]
    rows = listed(table, chosen, counts)
    if as_json:
        write_json(rows)
    elif rows:
        _show(rows)
    else:
        tell("no route has a rule")


def listed(
    table: RouteTable, routes: Sequence[Route], counts: Sequence[RuleCount]
) -> list[dict[str, Any]]:
    """Put rules beside how often they fired; then come those that fired and are no more."""
    fired = {(one.domain, one.route, one.rule): one.count for one in counts}
    rows = [row for route in routes for row in _rules_of(route, fired)]
    told = {(row["domain"], row["route"], row["rule"]) for row in rows}
    known = {route.label for route in table.routes}
    for place, count in sorted(fired.items()):
        if place not in told:
            is_built_in = place[1] in known and place[2].startswith("header:")
            rows.append(_row(*place, BUILT_IN if is_built_in else FORMER, count))
    return rows


def _rules_of(route: Route, fired: dict[tuple[str, str, str], int]) -> Iterator[dict[str, Any]]:
    """Give the rules of one route that may make something equal."""
    shadow = route.shadow
    rules = [
        *((rule, "ignore") for rule in shadow.ignore),
        *((rule, "unordered") for rule in shadow.unordered),
        *((path, "keyed") for path, _ in shadow.keyed),
        *((path, "tolerance") for path, _ in shadow.tolerance),
    ]
    for rule, purpose in rules:
        count = fired.get((route.domain, route.label, rule), 0)
        yield _row(route.domain, route.label, rule, purpose, count)


def _row(domain: str, route: str, rule: str, purpose: str, count: int) -> dict[str, Any]:
    return {"domain": domain, "route": route, "rule": rule, "purpose": purpose, "count": count}


def _show(rows: Sequence[dict[str, Any]]) -> None:
    table = columns("count", "rule", "for", "route", right={"count"}, whole={"count"})
    for row in rows:
        style = "dim" if row["purpose"] == BUILT_IN else "" if row["count"] else "yellow"
        cells = [f"{row['count']:,}", row["rule"], row["purpose"], row["route"]]
        add_row(table, cells, style)
    show(table)
