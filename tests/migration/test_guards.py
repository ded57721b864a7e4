"""Writes that lose a guard are told, each with what it loses."""

from typing import Any

from strangler.migration.guards import lost_guards
from strangler.routing.table import RouteTable
from tests.routing.building import table_of

CANARY = {"weight": "10%"}


def table(*routes: dict[str, Any], phase: str = "shadow") -> RouteTable:
    return table_of(list(routes), phase=phase, canary=CANARY)


def lost(old: RouteTable, new: RouteTable) -> list[str]:
    return [str(guard) for guard in lost_guards(old, new)]


ALL = {"path": "/a"}
SEARCH = {"path": "/s", "methods": ["POST"]}


def test_a_writer_that_moves_is_told_and_one_that_stays_is_not() -> None:
    assert lost(table(ALL, phase="canary"), table(ALL, phase="extracted")) == [
        "d: its writer moves from old to new"
    ]
    assert lost(table(ALL, phase="shadow"), table(ALL, phase="canary")) == []
    reads = {"path": "/a", "methods": ["GET"]}
    assert lost(table(reads, phase="canary"), table(reads, phase="extracted")) == []


def test_a_write_that_becomes_a_read_is_told() -> None:
    new = table(SEARCH | {"effect": "read"}, phase="monolith")
    assert lost(table(SEARCH, phase="monolith"), new) == [
        "d (POST /s): POST counted as a write and is a read from now on"
    ]


def test_what_is_declared_a_read_is_told_where_it_may_be_sent_twice() -> None:
    search = SEARCH | {"effect": "read"}
    assert lost(table(search, phase="monolith"), table(search, phase="shadow")) == [
        "d (POST /s): POST is copied to new"
    ]
    steady = table(search | {"fallback": False}, phase="canary")
    assert lost(steady, table(search | {"fallback": True}, phase="canary")) == [
        "d (POST /s): POST that new fails is sent to old as well"
    ]


def test_a_write_that_is_copied_as_a_dry_run_is_told() -> None:
    told = {"phase": "shadow", "dry_run": {"promise": "/p"}}
    skipped = table_of([ALL, SEARCH], **told)
    copied = table_of([ALL, {**SEARCH, "shadow": {"writes": "dry-run"}}], **told)
    read_back = table_of([ALL, {**SEARCH, "shadow": {"writes": "read-back"}}], **told)
    assert lost(skipped, copied) == ["d (POST /s): POST is copied to new as a dry run"]
    assert lost(copied, skipped) == lost(skipped, read_back) == lost(copied, copied) == []


def test_a_safe_method_loses_nothing_by_being_copied() -> None:
    reads = {"path": "/a", "methods": ["GET"]}
    assert lost(table(reads, phase="monolith"), table(reads, phase="shadow")) == []


def test_writes_that_part_from_those_beside_them_are_told() -> None:
    both = table(ALL, SEARCH, phase="extracted")
    assert lost(both, table(ALL, phase="extracted")) == [
        "d (POST /s): its writes go from new to old, those beside it stay where they are"
    ]
    assert lost(table(ALL, phase="extracted"), both) == [
        "d (POST /s): its writes go from old to new, those beside it stay where they are"
    ]
    assert lost(table(ALL, SEARCH), table(ALL)) == []
