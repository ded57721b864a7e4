"""The page about the store shows the tables as they are."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Column, Table

from strangler.store import bounds
from strangler.store.tables import METADATA

PAGE = Path(__file__).parents[2] / "docs" / "store.md"


def diagram() -> str:
    """The tables as a Mermaid diagram: https://mermaid.js.org/syntax/entityRelationshipDiagram.html"""
    lines = ["erDiagram"]
    for table in METADATA.sorted_tables:
        lines += relations(table)
        lines += [f"    {table.name} {{", *(attribute(column) for column in table.c), "    }"]
    return "\n".join(lines)


def relations(table: Table) -> Iterator[str]:
    for key in sorted(table.foreign_keys, key=lambda key: key.column.table.name):
        yield f"    {key.column.table.name} ||--o{{ {table.name} : {key.parent.name}"


def attribute(column: Column[object]) -> str:
    kind = type(column.type).__name__.lower()
    marks = [name for name, has in (("PK", column.primary_key), ("FK", column.foreign_keys)) if has]
    return f"        {kind} {column.name} {', '.join(marks)}".rstrip()


def test_the_page_draws_the_tables() -> None:
    drawn = f"```mermaid\n{diagram()}\n```"
    assert drawn in PAGE.read_text(), f"docs/store.md should hold:\n{drawn}"


def test_the_page_tells_the_bounds() -> None:
    page = PAGE.read_text()
    for told in (
        f"{bounds.EXAMPLES} examples",
        f"up to {bounds.FINDINGS_TOLD} of them",
        f"{bounds.SETS_TOLD} such sets",
        f"{bounds.FINDINGS_PER_ROUTE} findings",
        f"newest {bounds.RECORDED_HEADS:,} of all",
        f"older than {bounds.RECORDED_FOR.days} days",
        f"{bounds.LIST_BYTES // 1024} KiB",
        f"{bounds.TEXT_BYTES // 1024} KiB",
    ):
        assert told in page
