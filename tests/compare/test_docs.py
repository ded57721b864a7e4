"""docs/comparison.md says what the code does."""

from pathlib import Path

import pytest

from strangler.compare.bounds import Bounds
from strangler.compare.built_in import BUILT_IN
from strangler.compare.redact import LONGEST_PLAINTEXT
from strangler.compare.rules import Rules
from strangler.compare.verdict import Kind, Verdict

PAGE = (Path(__file__).parents[2] / "docs" / "comparison.md").read_text()


def table_under(heading: str) -> list[list[str]]:
    """The cells of the table whose head row begins with this cell."""
    rows = PAGE.partition(f"\n| {heading} |")[2].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def test_the_table_of_built_in_rules_is_the_one_in_force():
    groups: dict[tuple[str, str], list[str]] = {}
    for each in BUILT_IN:
        groups.setdefault((each.scope.value, each.reason), []).append(f"`{each.rule}`")
    rows = [[", ".join(names), scope, reason] for (scope, reason), names in groups.items()]
    assert table_under("rule") == rows


@pytest.mark.parametrize(("heading", "words"), [("verdict", Verdict), ("kind", Kind)])
def test_every_verdict_and_kind_is_explained(heading, words):
    named = ", ".join(row[0] for row in table_under(heading)).split(", ")
    assert sorted(named) == sorted(f"`{word}`" for word in words)


def test_every_path_in_the_table_can_be_compiled():
    named = ", ".join(row[0] for row in table_under("path")).split(", ")
    paths = [each.strip("`") for each in named]
    assert set(Rules.compile(paths, []).ignore) == set(paths)


def test_the_bounds_are_the_ones_in_force():
    bounds = Bounds()
    numbers = [row[1] for row in table_under("bound")]
    assert numbers[:3] == [f"{n:,}" for n in (bounds.body, bounds.depth, bounds.values)]
    assert numbers[3] == f"{bounds.differences}, at most {bounds.places} of one path and kind"
    assert f"cut to {LONGEST_PLAINTEXT} characters" in PAGE
