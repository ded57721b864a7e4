"""Writes for people and for programs: data on stdout, messages on stderr.

What is shown may come from clients (a request id) or from other machines (a notice), so nothing
of it is markup and no control character reaches a terminal.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
import typer
from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 80
"""Columns where there is no terminal to ask: what fits into mails, logs and reviews."""


def show(*parts: RenderableType) -> None:
    """Print tables and prose: as wide as the terminal, with colours only there."""
    console = Console(markup=False, highlight=False, emoji=False)
    texts = [printable(part) if isinstance(part, str) else part for part in parts]
    if console.is_terminal:
        console.print(*texts, sep="\n")
        return
    console.width = PIPED_WIDTH
    with console.capture() as captured:
        console.print(*texts, sep="\n")
    show_lines(*(line.rstrip() for line in captured.get().splitlines()))


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


def columns(*headings: str, right: Iterable[str] = (), whole: Iterable[str] = ()) -> Table:
    """Begin a table; columns in `right` hold numbers, those in `whole` are never wrapped."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in headings:
        table.add_column(
            heading,
            justify="right" if heading in right else "left",
            no_wrap=heading in whole,
            overflow="fold",
        )
    return table


def named(pairs: Iterable[tuple[str, str]]) -> Table:
    """Lay out names beside what they stand for; a repeated name is written once."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    last = ""
    for name, value in pairs:
        add_row(table, ["" if name == last else name, value])
        last = name
    return table


def add_row(table: Table, cells: Sequence[str], style: str = "") -> None:
    """Add a row of texts, free of whatever would act on a terminal."""
    table.add_row(*(Text(printable(cell)) for cell in cells), style=style)


def printable(text: str) -> str:
    """Escape control, bidirectional and unpaired surrogate characters; line ends stay."""
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode()
        for each in text
    )


def moment(at: datetime) -> str:
    """Write a time in UTC for a column that says so."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def counted(number: int, one: str, many: str = "") -> str:
    """Write `1 finding`, `2 findings`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
