"""Folding transitions: whatever tables follow each other, they lead to the last one."""

from hypothesis import given
from hypothesis import strategies as st

from strangler.migration.fold import Phases, disagreements, phases_of
from strangler.migration.transition import transitions_between
from strangler.routing.phase import Phase
from strangler.routing.table import RouteTable
from tests.migration.drawing import tables
from tests.routing.building import table_of


@given(st.lists(tables(), min_size=1, max_size=4))
def test_folding_all_transitions_gives_the_phases_of_the_last_table(one: list[RouteTable]) -> None:
    folded = Phases()
    for before, after in zip([None, *one], one, strict=False):
        folded.take(transitions_between(before, after))
        assert folded == phases_of(after)
        assert disagreements(folded, after) == []


def test_a_route_that_its_domain_left_behind_is_told_apart_from_one_that_follows() -> None:
    following = table_of([{"path": "/a", "methods": ["GET"]}], phase="shadow")
    left = table_of(
        [{"path": "/a", "methods": ["GET"], "phase": "shadow"}],
        phase="canary",
        canary={"weight": "1%"},
    )
    folded = Phases()
    folded.take(transitions_between(None, following))
    folded.take(transitions_between(following, left))

    assert folded.routes == {("d", "GET /a"): Phase.SHADOW}


def test_what_was_not_told_is_named_with_both_phases() -> None:
    table = table_of([{"path": "/a", "methods": ["GET"], "phase": "monolith"}], phase="shadow")

    assert disagreements(Phases(), table) == [
        "d: by its transitions in the phase monolith, by the live text in shadow",
        "d (GET /a): by its transitions in the phase its domain's, by the live text in monolith",
    ]
