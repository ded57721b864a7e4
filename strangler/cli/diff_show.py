"""The verb `diff show`: one finding with what was said of it, and its examples side by side."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.padding import Padding

from strangler.cli.asking import ask
from strangler.cli.diff_list import SHORT_ID, share_of, summary
from strangler.cli.failure import VerbError
from strangler.cli.options import (
    DEFAULT_STORE,
    AsJson,
    FindingId,
    RequestHeaders,
    RequestPath,
    StoreUrl,
)
from strangler.cli.output import counted, moment, show_lines, tell, write_json
from strangler.cli.tables import add_row, columns, named, show
from strangler.compare.state import FindingState
from strangler.store.observed import Example
from strangler.store.records import Finding, StateChange


def show_finding(
    finding_id: FindingId,
    live: Annotated[
        bool,
        typer.Option("--live", help="Ask both sides again and show the values; stored nowhere."),
    ] = False,
    curl: Annotated[
        bool, typer.Option("--curl", help="Print the requests to both sides as curl commands.")
    ] = False,
    path: RequestPath = None,
    header: RequestHeaders = None,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Show one finding with what was said of it and its examples."""
    if as_json and (curl or live):
        raise VerbError("--json gives what is stored: leave it out, or --live and --curl")
    if curl or live:
        _show_again(finding_id, path, header or [], store, curl=curl)
        return
    found = the_finding(store, finding_id)
    if as_json:
        history = [asdict(said) for said in found.history]
        examples = [asdict(one) for one in found.examples]
        write_json({**summary(found), "history": history, "examples": examples})
        return
    show(named(_facts(found)))
    for number, example in enumerate(found.examples, 1):
        show("", *_example(number, example))
    if found.matters:
        again = f"`strangler diff show {found.id[:SHORT_ID]} --live`"
        tell(f"{again} shows the values; `diff accept` or `diff fixed` judges it")


def _show_again(
    finding_id: str, path: str | None, headers: list[str], store: str, *, curl: bool
) -> None:
    """Ask again, or print how to; what that needs is imported here, as `diff show` does without."""
    from strangler.cli.diff_live import curl_lines, show_live  # noqa: PLC0415 - see above
    from strangler.cli.diff_request import finding_and_table, request_of  # noqa: PLC0415

    found, table = finding_and_table(store, finding_id)
    request = request_of(found, table, path, headers)
    if curl:
        show_lines(*curl_lines(request, table))
    else:
        show(named(_facts(found)))
        show_live(found, request, table)


def the_finding(store: str, finding_id: str) -> Finding:
    """Read the finding that an id, or the beginning of one, names."""
    found = ask(store, lambda opened: opened.finding(finding_id))
    if found is None:
        raise no_such_finding(finding_id)
    return found


def no_such_finding(finding_id: str) -> VerbError:
    """Say that there is none, and where to look."""
    return VerbError(f"there is no finding {finding_id}; see `strangler diff list --all`")


def _facts(finding: Finding) -> Iterator[tuple[str, str]]:
    yield "finding", finding.id
    yield "title", finding.title
    yield "route", f"{finding.route} (domain {finding.domain})"
    noise = ", noise: an upstream shows it against itself too" if finding.noise else ""
    yield "kind", finding.kind + noise
    for path in finding.paths:
        yield "paths", path
    yield "state", _state(finding)
    share = f", {share_of(finding)} of the comparisons since then" if finding.share else ""
    yield "seen", counted(finding.count, "time") + share
    yield "first", f"{moment(finding.first_seen)} UTC, revision {finding.revision_first}"
    yield "last", f"{moment(finding.last_seen)} UTC, revision {finding.revision_last}"
    for said in finding.history:
        yield "history", _said(said)


def _state(finding: Finding) -> str:
    until = f" until {moment(finding.until)} UTC" if finding.until else ""
    return finding.state + until


def _said(said: StateChange) -> str:
    until = f" until {moment(said.until)} UTC" if said.until else ""
    state = "reopened" if said.state is FindingState.OPEN else said.state
    return f"{moment(said.at)} UTC {state}{until} by {said.actor}: {said.reason}"


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
