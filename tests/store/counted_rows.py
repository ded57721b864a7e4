"""Counts the rows that a store writes, where they leave for the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from strangler.store.store import Store

WRITING = ("INSERT", "UPDATE", "DELETE")


@contextmanager
def counted_rows(store: Store) -> Iterator[list[int]]:
    """Give a list that gets the rows of each statement that writes."""
    rows: list[int] = []

    def count(_c: Any, _cursor: Any, statement: str, sent: Any, _context: Any, many: bool) -> None:
        if statement.lstrip().upper().startswith(WRITING):
            rows.append(len(sent) if many else 1)

    engine = store._engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        yield rows
    finally:
        event.remove(engine, "before_cursor_execute", count)
