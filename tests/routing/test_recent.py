"""What was compiled a moment ago is not compiled again."""

import pytest

from strangler.routing.mistakes import RoutesError
from strangler.routing.recent import REMEMBERED, table_of
from tests.routing.building import SAMPLE


def told(n: int) -> str:
    return f"{SAMPLE}# {n}\n"


def test_a_saved_file_that_comes_back_as_a_revision_is_the_same_table() -> None:
    saved = table_of(told(0).encode(), "routes.yaml", lambda *_: None)
    assert table_of(told(0), "revision 7") is saved


def test_what_was_compiled_before_the_last_ones_is_forgotten() -> None:
    tables = [table_of(told(n)) for n in range(REMEMBERED)]
    assert table_of(told(0), "x", lambda *_: None) is not tables[0], "and it is the last one now"
    assert table_of(told(2)) is tables[2]
    table_of(told(REMEMBERED))
    assert table_of(told(2)) is tables[2]
    assert table_of(told(1)) is not tables[1]


def test_what_is_wrong_is_not_remembered_and_rules_are_held_against_what_may_be_said() -> None:
    table_of(SAMPLE)
    with pytest.raises(RoutesError, match="no such rule"):
        table_of(SAMPLE, "x", lambda *_: "no such rule")
    for name in ("one", "other"):
        with pytest.raises(RoutesError, match=name):
            table_of("version: 0", name)
