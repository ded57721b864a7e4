"""README.md of this folder lists every source, and every case of the protocol names one."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOURCE = re.compile(r"RFC \d+ section \d+(?:\.\d+)*|CVE-\d{4}-\d+|GHSA(?:-[0-9a-z]{4}){3}")
NAMED = re.compile(r"\b(?:RFC \d+|CVE-|GHSA-|W3C|[Pp]recedents?\b)")
ROW = re.compile(r"^\| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \|$", re.MULTILINE)


def files() -> dict[str, str]:
    """Give the text of every file of tests, by name."""
    return {path.stem: path.read_text() for path in sorted(HERE.glob("test_*.py"))}


def listed() -> dict[str, list[str]]:
    """Give the files that README.md lists for each source."""
    rows = ROW.findall((HERE / "README.md").read_text())
    return {source: where.split(", ") for source, _, where in rows if SOURCE.fullmatch(source)}


def described() -> dict[str, str]:
    """Give, for each file that README.md describes, who promises what it tests."""
    rows = ROW.findall((HERE / "README.md").read_text())
    return {name: promised_by for name, _, promised_by in rows if name.startswith("test_")}


def cited() -> dict[str, list[str]]:
    """Give the files in which each source is named."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, text in files().items():
        for source in SOURCE.findall(" ".join(text.split())):
            found[source].add(name.removeprefix("test_"))
    return {source: sorted(names) for source, names in found.items()}


def test_the_index_lists_every_source_with_its_files() -> None:
    assert listed() == cited()


def test_the_index_says_of_every_file_what_it_is_about() -> None:
    assert set(described()) == set(files())


@pytest.mark.parametrize(
    "name", [name for name, promised_by in described().items() if promised_by == "the protocol"]
)
def test_every_case_of_the_protocol_names_its_source(name: str) -> None:
    """In its rows, in its docstring, or once for all in its module's."""
    text = files()[name]
    tree = ast.parse(text)
    tables = {
        target.id: ast.get_source_segment(text, node) or ""
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    unnamed = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if not NAMED.search(_words_about(node, text, tables))
    ]

    assert unnamed == [] or NAMED.search(ast.get_docstring(tree) or "")


def _words_about(test: ast.FunctionDef, text: str, tables: dict[str, str]) -> str:
    """Give a test's docstring and decorators, with the tables that these name."""
    rows = [ast.get_source_segment(text, node) or "" for node in test.decorator_list]
    rows += [tables.get(row, "") for row in rows]
    return "\n".join([ast.get_docstring(test) or "", *rows])
