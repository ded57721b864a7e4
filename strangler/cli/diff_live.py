"""Shows what both sides answer now, value beside value. It is shown, and stored nowhere."""

import json
from shlex import join

from rich.table import Table

from strangler.cli.failure import VerbError
from strangler.cli.tables import add_row, columns, show
from strangler.compare.verdict import Difference
from strangler.control.both_sides import AskingError, Request, Told, ask_both, url_of
from strangler.routing.table import RouteTable
from strangler.store.records import Finding

LONGEST = 400
"""Characters of one value: what a person reads beside another."""


def ask_live(request: Request, table: RouteTable) -> Told:
    """Ask both sides; what goes wrong, or cannot be compared, ends the verb."""
    try:
        told = ask_both(request, table)
    except AskingError as error:
        raise VerbError(str(error)) from error
    if told.reason:
        raise VerbError(f"the answers cannot be compared: {told.reason}")
    return told


def show_live(finding: Finding, request: Request, table: RouteTable) -> None:
    """Show the answers of both sides side by side; what belongs to the finding stands out."""
    told = ask_live(request, table)
    ours, theirs = told.primary, told.candidate
    show("", f"asked again, not stored: {request.head.method} {request.head.target.path}")
    sides = (f"{request.primary} {ours.status}", f"{request.candidate} {theirs.status}")
    rows = columns("place", "kind", *sides)
    met = told.of_kind(finding.kind, finding.change, finding.paths)
    for each in told.lasting:
        _add(rows, each, each.kind.value, "bold yellow" if each in met else "")
    for each in told.noise:
        _add(rows, each, f"noise, {each.kind.value}", "dim")
    show(rows if told.lasting or told.noise else "the answers mean the same now")


def _add(rows: Table, difference: Difference, kind: str, style: str) -> None:
    ours, theirs = _written(difference.primary), _written(difference.candidate)
    add_row(rows, [difference.place, kind, ours, theirs], style)


def curl_lines(request: Request, table: RouteTable) -> list[str]:
    """Write the requests to both sides as commands for a shell."""
    words = ["curl", "-sS", "-i", "-X", request.head.method]
    for name, value in request.head.headers:
        if name.lower() != b"host" or value != b"localhost":  # what we make up where none is given
            words += ["-H", f"{name.decode('latin-1')}: {value.decode('latin-1')}"]
    sides = (request.primary, request.candidate)
    return [join([*words, url_of(request, table, side)]) for side in sides]


def _written(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
