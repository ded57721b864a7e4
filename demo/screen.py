"""Tells the story to people: chapters, live numbers, ticks and tables."""

import time
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from demo.checks import Check, Checks

POLL = 0.2
"""Seconds between two looks at a condition."""


class Screen:
    """The terminal, and the clock of the story."""

    def __init__(self, checks: Checks, traffic: Callable[[], str]) -> None:
        """Show `checks` as they are made; `traffic` gives the live numbers in one line."""
        self._checks = checks
        self._traffic = traffic
        self._console = Console(highlight=False)
        self._chapter = ""
        self._began = time.monotonic()

    def __repr__(self) -> str:
        """Show which chapter is told."""
        return f"<Screen {self._chapter!r}>"

    def title(self, text: str) -> None:
        """Open the story."""
        self._console.print(Panel(text, title="strangler", border_style="green"))

    def chapter(self, title: str, text: str) -> None:
        """Open a chapter."""
        self._chapter = title
        seconds = time.monotonic() - self._began
        self._console.print()
        self._console.rule(f"[bold]{title}[/bold]  [dim]{seconds:.0f} s[/dim]", align="left")
        self._console.print(text)

    def say(self, text: str) -> None:
        """Say one thing."""
        self._console.print(f"  {text}")

    def until(self, what: str, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition, with the live numbers on show; False after `seconds`."""
        deadline = time.monotonic() + seconds
        with self._console.status(what) as status:
            while not condition():
                if time.monotonic() > deadline:
                    return False
                status.update(f"{what}  [dim]{self._traffic()}[/dim]")
                time.sleep(POLL)
        return True

    def check(self, claim: str, *, held: bool, detail: str = "") -> None:
        """Make a claim."""
        self._checks.add(Check(self._chapter, claim, held, detail))
        mark = "[green]✓[/green]" if held else "[bold red]✗[/bold red]"
        self._console.print(f"  {mark} {claim}" + (f"  [dim]{detail}[/dim]" if detail else ""))

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Show a table."""
        table = Table(title=title, title_justify="left", title_style="bold", expand=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self._console.print(table)

    def verdict(self) -> None:
        """Close the story."""
        failed = [check for check in self._checks.made if not check.held]
        seconds = time.monotonic() - self._began
        if self._checks.held:
            text = f"All {len(self._checks.made)} checks held, in {seconds:.0f} s."
            self._console.print(Panel(text, border_style="green"))
            return
        lines = [f"{check.chapter}: {check.claim}  {check.detail}" for check in failed]
        self._console.print(
            Panel("\n".join(lines), title=f"{len(failed)} checks failed", border_style="red")
        )
