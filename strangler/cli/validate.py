"""The verbs `validate` and `schema`: what `routes.yaml` may say, and what is wrong with one."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from strangler.cli.options import DEFAULT_ROUTES, AsJson, RoutesPath
from strangler.cli.output import counted, show_lines, tell, write_json
from strangler.cli.routes_file import compile_routes, read_bytes
from strangler.proxy.upstream_context import concerns
from strangler.routing.mistakes import Mistake, RoutesError
from strangler.routing.schema import json_schema
from strangler.routing.table import RouteTable

FileArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help="The file, in place of --routes.", show_default=False),
]


def validate(
    file: FileArgument = None, routes: RoutesPath = DEFAULT_ROUTES, as_json: AsJson = False
) -> int:
    """Say what is wrong with a routes.yaml: everything at once, by line and column."""
    path = file or routes
    try:
        table = compile_routes(read_bytes(path), str(path))
    except RoutesError as error:
        if as_json:
            write_json(_report(path, None, error.mistakes))
        else:
            tell(*map(str, error.mistakes))
        return 1
    doubts = concerns(table, str(path), datetime.now(UTC))
    if as_json:
        write_json(_report(path, table, (), doubts))
    else:
        tell(*(f"{doubt} (a warning)" for doubt in doubts))
        domains = counted(len(table.domains), "domain")
        show_lines(f"{path}: fine, {domains}, {counted(len(table.routes), 'route')}")
    return 0


def schema() -> None:
    """Print the JSON Schema of routes.yaml, for editors."""
    write_json(json_schema())


def _report(
    path: Path,
    table: RouteTable | None,
    mistakes: Iterable[Mistake],
    warnings: Iterable[Mistake] = (),
) -> dict[str, Any]:
    return {
        "file": str(path),
        "valid": table is not None,
        "digest": table.digest if table else None,
        "domains": len(table.domains) if table else None,
        "routes": len(table.routes) if table else None,
        "mistakes": _listed(mistakes),
        "warnings": _listed(warnings),
    }


def _listed(mistakes: Iterable[Mistake]) -> list[dict[str, Any]]:
    return [
        {"line": each.line, "column": each.column, "path": each.path, "message": each.message}
        for each in mistakes
    ]
