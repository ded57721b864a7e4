"""The verbs `diff list` and `diff show`: what the service answers otherwise than the monolith."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.padding import Padding

from strangler.cli.asking import ask
from strangler.cli.failure import VerbError
from strangler.cli.options import DEFAULT_STORE, AsJson, Limit, StoreUrl
from strangler.cli.output import counted, moment, tell, write_json
from strangler.cli.tables import add_row, columns, named, show
from strangler.store.records import Example, Finding

DIFFERENCES = 2
"""The exit code of `diff list` where something differs that is not noise."""

SHORT_ID = 8
"""Characters of an id in a table: enough to ask for one finding of thousands."""

app = typer.Typer(no_args_is_help=True, help="Read what the shadow copies showed.")


@app.command("list")
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
    everything: Annotated[
        bool,
        typer.Option("--all", envvar="STRANGLER_DIFF_LIST_ALL", help="Findings and noise."),
    ] = False,
    store: StoreUrl = DEFAULT_STORE,
    limit: Limit = 200,
    as_json: AsJson = False,
) -> int:
    """List findings, the last seen first. Exit code 2: there are some that are not noise."""
    kinds = None if everything else noise
    found = ask(
        store,
        lambda opened: opened.findings(domain=domain, route=route, noise=kinds, limit=limit),
    )
    if as_json:
        write_json([summary(finding) for finding in found])
    elif found:
        _show_list(found)
        more = f", perhaps more: --limit is {limit}" if len(found) == limit else ""
        tell(f"{counted(len(found), 'finding')}{more}; `strangler diff show ID` shows one")
    else:
        tell("no findings")
    return 0 if all(finding.noise for finding in found) else DIFFERENCES


@app.command("show")
def show_finding(
    finding_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id of a finding, or its first characters.")
    ],
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Show one finding with its examples."""
    found = ask(store, lambda opened: opened.finding(finding_id))
    if found is None:
        raise VerbError(f"there is no finding {finding_id}; see `strangler diff list --all`")
    if as_json:
        write_json({**summary(found), "examples": [asdict(one) for one in found.examples]})
    else:
        show(named(_facts(found)))
        for number, example in enumerate(found.examples, 1):
            show("", *_example(number, example))


def summary(finding: Finding) -> dict[str, Any]:
    """Give what is known of a finding without its examples."""
    return {
        "id": finding.id,
        "domain": finding.domain,
        "route": finding.route,
        "kind": finding.kind,
        "paths": finding.paths,
        "noise": finding.noise,
        "count": finding.count,
        "first_seen": finding.first_seen,
        "last_seen": finding.last_seen,
        "revision_first": finding.revision_first,
        "revision_last": finding.revision_last,
    }


def _show_list(found: Sequence[Finding]) -> None:
    headings = ("id", "count", "last seen (UTC)", "what differs")
    table = columns(*headings, right={"count"}, whole=headings[:3])
    for finding in found:
        kind = f"noise, {finding.kind}" if finding.noise else finding.kind
        what = "\n  ".join([f"{kind} on {finding.route}", *finding.paths])
        cells = [finding.id[:SHORT_ID], f"{finding.count:,}", moment(finding.last_seen), what]
        add_row(table, cells, "dim" if finding.noise else "")
    show(table)


def _facts(finding: Finding) -> Iterator[tuple[str, str]]:
    yield "finding", finding.id
    yield "route", f"{finding.route} (domain {finding.domain})"
    noise = ", noise: an upstream shows it against itself too" if finding.noise else ""
    yield "kind", finding.kind + noise
    for path in finding.paths:
        yield "paths", path
    yield "seen", counted(finding.count, "time")
    yield "first", f"{moment(finding.first_seen)} UTC, revision {finding.revision_first}"
    yield "last", f"{moment(finding.last_seen)} UTC, revision {finding.revision_last}"


def _example(number: int, example: Example) -> Iterator[RenderableType]:
    statuses = f"primary {example.primary_status}"
    statuses += f", candidate {example.candidate_status} from {example.candidate_upstream}"
    yield named(
        [
            (f"example {number}", f"{example.method} {example.target}"),
            ("request id", example.request_id),
            ("at", f"{moment(example.at)} UTC"),
            ("answers", statuses),
        ]
    )
    table = columns("place", "kind", "primary", "candidate")
    for one in example.differences:
        sides = [_side(one.get("primary")), _side(one.get("candidate"))]
        add_row(table, [str(one.get("place") or one["path"]), str(one.get("kind", "")), *sides])
    yield Padding(table, (0, 0, 0, 2))
    if example.omitted:
        yield f"  and {counted(example.omitted, 'difference')} more, left out"


def _side(value: object) -> str:
    return "(absent)" if value is None else str(value)
