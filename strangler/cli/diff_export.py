"""The verb `diff export`: writes a failing test for the engineer's own suite."""

import re
from pathlib import Path
from typing import Annotated

import typer

from strangler.cli.diff_request import finding_and_table, request_of
from strangler.cli.exported_test import TEMPLATE
from strangler.cli.failure import VerbError
from strangler.cli.options import (
    DEFAULT_STORE,
    FindingId,
    RequestHeaders,
    RequestPath,
    StoreUrl,
)
from strangler.cli.output import tell
from strangler.control.both_sides import Request, url_of
from strangler.routing.table import RouteTable
from strangler.store.records import Finding


def export(
    finding_id: FindingId,
    pytest: Annotated[
        bool, typer.Option("--pytest", help="As a test for pytest: the one form that there is.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write it to a file.", show_default=False),
    ] = None,
    path: RequestPath = None,
    header: RequestHeaders = None,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Write a test that fails as long as both sides differ as the finding says."""
    if not pytest:
        raise VerbError("say as what: --pytest")
    if header:
        raise VerbError("a test would keep the header: set STRANGLER_HEADERS when it runs")
    found, table = finding_and_table(store, finding_id)
    text = test_of(found, request_of(found, table, path, []), table)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise VerbError(f"{out}: {error.strerror}") from error
    tell(f"{out} is written: run it with pytest")


def test_of(finding: Finding, request: Request, table: RouteTable) -> str:
    """Write the test: it needs Python and pytest alone."""
    words = re.sub(r"[^a-z0-9]+", "_", f"{finding.kind}_{finding.paths[0]}".lower()).strip("_")
    values = {
        "TITLE": f"{finding.title}, on {finding.route}".replace('"""', "'''").replace("\\", "/"),
        "FINDING": finding.id,
        "NAME": words,
        "METHOD": repr(request.head.method),
        "PATHS": repr(list(finding.paths)),
        "KIND": repr(finding.kind),
    }
    for role in ("primary", "candidate"):
        upstream = getattr(request, role)
        base = str(table.upstreams[upstream].targets[0])
        variable = re.sub(r"[^A-Z0-9]", "_", upstream.upper()) + "_URL"
        values |= {
            f"{role.upper()}_URL": f"os.environ.get({variable!r}, {base!r})",
            f"{role.upper()}_TARGET": repr(url_of(request, table, upstream).removeprefix(base)),
        }
    text = TEMPLATE
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
