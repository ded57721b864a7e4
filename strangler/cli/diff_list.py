"""The verb `diff list`: what the service answers otherwise than the monolith."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from strangler.cli.asking import ask
from strangler.cli.options import DEFAULT_STORE, AsJson, Limit, StoreUrl
from strangler.cli.output import counted, minute, tell, write_json
from strangler.cli.scope import require_known
from strangler.cli.tables import add_row, columns, show, width
from strangler.compare.state import FindingState
from strangler.store.records import Finding

if TYPE_CHECKING:
    from strangler.store.store import Store

DIFFERENCES = 2
"""The exit code of `diff list` where something differs that is open and not noise."""

SHORT_ID = 8
"""Characters of an id in a table: enough to ask for one finding of thousands."""

NARROW = 72
"""Columns below which a title would have less room than a line of it takes."""

PATHS_SHOWN = 5
"""Paths of one finding in a table; `diff show` has them all."""


def list_findings(
    domain: Annotated[
        str | None, typer.Option("--domain", metavar="DOMAIN", help="Only of this domain.")
    ] = None,
    route: Annotated[
        str | None, typer.Option("--route", metavar="LABEL", help="Only of the route labelled so.")
    ] = None,
    noise: Annotated[
        bool, typer.Option("--noise", help="Noise alone: what an upstream also shows by itself.")
    ] = False,
    state: Annotated[
        FindingState | None,
        typer.Option(
            "--state", metavar="STATE", help="Only what is open (the default), accepted or fixed."
        ),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            envvar="STRANGLER_DIFF_LIST_ALL",
            help="Findings in every state, and noise.",
        ),
    ] = False,
    store: StoreUrl = DEFAULT_STORE,
    limit: Limit = 200,
    as_json: AsJson = False,
) -> int:
    """List findings, the last seen first. Exit code 2: some are open and not noise."""
    kinds = None if everything else noise
    states = list(FindingState) if everything else [state or FindingState.OPEN]

    async def read(opened: "Store") -> tuple[list[Finding], list[Finding]]:
        found = await opened.findings(
            domain=domain, route=route, noise=kinds, states=states, limit=limit
        )
        others = [one for one in FindingState if one not in states]
        aside = await opened.findings(domain=domain, route=route, noise=kinds, states=others)
        if not found and not aside:
            await require_known(opened, domain, route)
        return found, aside

    found, aside = ask(store, read)
    if as_json:
        write_json([summary(finding) for finding in found])
    else:
        _tell(found, aside, limit)
    return DIFFERENCES if any(finding.matters for finding in found) else 0


def summary(finding: Finding) -> dict[str, Any]:
    """Give what is known of a finding without its examples and its history."""
    return {
        "id": finding.id,
        "domain": finding.domain,
        "route": finding.route,
        "kind": finding.kind,
        "title": finding.title,
        "paths": finding.paths,
        "noise": finding.noise,
        "state": finding.state,
        "until": finding.until,
        "count": finding.count,
        "share": finding.share,
        "first_seen": finding.first_seen,
        "last_seen": finding.last_seen,
        "revision_first": finding.revision_first,
        "revision_last": finding.revision_last,
    }


def share_of(finding: Finding) -> str:
    """Write the share of the comparisons that showed a finding."""
    if finding.share is None:
        return ""
    return f"{finding.share:.0%}" if finding.share >= 0.1 else f"{finding.share:.2%}"


def _tell(found: Sequence[Finding], aside: Sequence[Finding], limit: int) -> None:
    states = Counter(finding.state for finding in aside)
    listed = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    more = f"; besides {listed}: --all shows them" if listed else ""
    if not found:
        tell(f"no findings{more}")
        return
    _show_list(found)
    full = f", perhaps more: --limit is {limit}" if len(found) == limit else ""
    listed = counted(len(found), "finding")
    tell(f"{listed}{full}; `strangler diff show ID` shows one{more}")


def _show_list(found: Sequence[Finding]) -> None:
    if width() < NARROW:
        _show_narrow(found)
        return
    headings = ("id", "count", "share", "last seen (UTC)", "what differs, and where")
    table = columns(*headings, right={"count", "share"}, whole=headings[:4])
    for finding in found:
        cells = [finding.id[:SHORT_ID], f"{finding.count:,}", share_of(finding)]
        what = "\n  ".join(_what(finding))
        style = "" if finding.matters else "dim"
        add_row(table, [*cells, minute(finding.last_seen), what], style)
    show(table)


def _show_narrow(found: Sequence[Finding]) -> None:
    """Show below each other what has no room side by side."""
    table = columns("id", "what differs, where and how often", whole={"id"})
    for finding in found:
        share = share_of(finding)
        often = counted(finding.count, "time") + (f", {share}" if share else "")
        what = "\n  ".join([*_what(finding), often])
        add_row(table, [finding.id[:SHORT_ID], what], "" if finding.matters else "dim")
    show(table)


def _what(finding: Finding) -> list[str]:
    """Say what differs: the title, then where, then the paths that the title does not name."""
    marks = [] if finding.state is FindingState.OPEN else [finding.state.value]
    marks += ["noise"] if finding.noise else []
    lines = [", ".join([*marks, finding.title]), finding.route]
    if len(finding.paths) > 1:
        lines += finding.paths[:PATHS_SHOWN]
    if len(finding.paths) > PATHS_SHOWN:
        lines.append(f"and {len(finding.paths) - PATHS_SHOWN} more paths")
    return lines
