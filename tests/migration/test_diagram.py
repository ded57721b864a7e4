from pathlib import Path

from strangler.migration.diagram import answers, mermaid

PAGE = (Path(__file__).parent.parent.parent / "docs" / "phases.md").read_text("utf-8")


def test_the_diagram_in_the_docs_is_drawn_from_the_table() -> None:
    assert f"```mermaid\n{mermaid()}\n```\n" in PAGE, f"docs/phases.md must hold\n{mermaid()}"


def test_the_table_of_answers_in_the_docs_is_the_one_that_runs() -> None:
    assert f"\n{answers()}\n" in PAGE, f"docs/phases.md must hold\n{answers()}"
