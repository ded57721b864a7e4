"""Lays out tables and prose for people, as wide as the terminal, with colours only there."""

import os
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from strangler.cli.output import printable, show_lines

PIPED_WIDTH = 80
"""Columns where there is no terminal to ask, nor `COLUMNS`: what fits into mails and reviews."""


def show(*parts: RenderableType) -> None:
    """Print tables and prose: as wide as the terminal, with colours only there."""
    console = _console()
    texts = [printable(part) if isinstance(part, str) else part for part in parts]
    if console.is_terminal:
        console.print(*texts, sep="\n")
        return
    with console.capture() as captured:
        console.print(*texts, sep="\n")
    show_lines(*(line.rstrip() for line in captured.get().splitlines()))


def width() -> int:
    """Give the columns that there are: the terminal's, or what `COLUMNS` says."""
    return _console().width


def _console() -> Console:
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        wanted = os.environ.get("COLUMNS", "")
        console.width = int(wanted) if wanted.isdecimal() and int(wanted) else PIPED_WIDTH
    return console


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
