"""Writes for people and for programs: data on stdout, messages on stderr.

What is shown may come from clients (a request id) or from other machines (a notice), so nothing
of it is markup and no control character reaches a terminal.
"""

from datetime import datetime
from typing import Any

import orjson
import typer


def show_lines(*lines: str) -> None:
    """Print lines that must stay whole, however long: an editor may jump to what they name."""
    for line in lines:
        typer.echo(printable(line))


def write_json(data: Any) -> None:
    """Print data as JSON; times are ISO 8601 in UTC."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    typer.echo(orjson.dumps(data, option=options), nl=False)


def tell(*lines: str) -> None:
    """Print messages on stderr, one a line."""
    for line in lines:
        typer.echo(printable(line), err=True)


def printable(text: str) -> str:
    """Escape control, bidirectional and unpaired surrogate characters; line ends stay."""
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode()
        for each in text
    )


def moment(at: datetime) -> str:
    """Write a time in UTC for a column that says so."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def minute(at: datetime) -> str:
    """Write a time in UTC where seconds would only take room."""
    return f"{at:%Y-%m-%d %H:%M}"


def counted(number: int, one: str, many: str = "") -> str:
    """Write `1 finding`, `2 findings`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
