from typing import Any

import pytest
import yaml

from strangler.migration.transition import MOVES, STEPS, Direction, judge, transitions_between
from strangler.routing.compile import load
from strangler.routing.phase import Phase
from strangler.routing.table import RouteTable
from tests.routing.building import document, table_of

M, S, C, E, R = Phase
BOTH = [(before, after) for before in Phase for after in Phase]


def test_there_is_a_judgement_on_every_change() -> None:
    assert set(MOVES) == set(BOTH)


def test_one_step_forward_at_a_time() -> None:
    assert [move for move, way in MOVES.items() if way is Direction.FORWARD] == [
        (M, S),
        (S, C),
        (C, E),
        (E, R),
    ]
    assert list(STEPS.items()) == [(M, S), (S, C), (C, E), (E, R)]


@pytest.mark.parametrize(("before", "after"), BOTH)
def test_any_step_back_at_once_and_anything_else_needs_force(before: Phase, after: Phase) -> None:
    steps = after.step - before.step
    judgement = judge(before, after)
    assert judgement.legal == (steps <= 1)
    assert not judgement.forced
    assert bool(judgement.why) == (steps > 1)
    forced = judge(before, after, forced=True)
    assert forced.legal
    assert forced.forced == (steps > 1)  # what was legal anyway is not called forced


def test_an_illegal_change_says_what_to_do() -> None:
    assert judge(S, R).why == (
        "shadow → retired skips canary and extracted: go to canary first, "
        "or force it, which the ledger keeps"
    )


# --- what changes when one table replaces another ------------------------------------------------


def domain(phase: str, *own: dict[str, Any], weight: str = "10%") -> RouteTable:
    canary = {"weight": weight}
    return table_of([{"path": "/a"}, *own], phase=phase, canary=canary)


def changes(old: RouteTable | None, new: RouteTable) -> list[str]:
    return [str(change) for change in transitions_between(old, new)]


NOTHING = table_of([{"path": "/a"}])  # its domain is in the phase monolith


def test_a_first_table_comes_from_the_monolith() -> None:
    assert changes(None, domain("shadow")) == ["d: monolith → shadow"]
    assert changes(None, NOTHING) == []


def test_a_domain_moves() -> None:
    assert changes(domain("shadow"), domain("monolith")) == ["d: shadow → monolith"]
    assert changes(domain("shadow"), domain("shadow")) == []


def test_a_domain_that_is_taken_out_goes_back() -> None:
    empty = load(yaml.safe_dump(document([]) | {"domains": {}}))
    lagging = {"path": "/b", "phase": "shadow", "methods": ["GET"]}
    assert changes(domain("extracted", lagging), empty) == [
        "d: extracted → monolith",
        "d (GET /b): shadow → monolith",
    ]


def test_a_weight_is_told_where_it_says_who_answers() -> None:
    assert changes(domain("shadow"), domain("canary")) == ["d: shadow → canary, weight 10%"]
    assert changes(domain("canary"), domain("canary", weight="50%")) == [
        "d: canary, weight 10% → 50%"
    ]
    assert changes(domain("canary"), domain("extracted")) == ["d: canary → extracted"]
    assert changes(domain("shadow"), domain("shadow", weight="50%")) == []


def test_a_route_of_its_own_phase_is_listed_beside_its_domain() -> None:
    lagging = {"path": "/b", "phase": "shadow", "methods": ["GET"]}
    following = {"path": "/b", "methods": ["GET"]}
    assert changes(domain("shadow", following), domain("canary", lagging)) == [
        "d: shadow → canary, weight 10%",
        "d (GET /b): shadow, stays where it is",
    ]
    assert changes(domain("canary", lagging), domain("canary", following)) == [
        "d (GET /b): shadow → canary"
    ]
    assert changes(domain("canary", following), domain("canary", lagging)) == [
        "d (GET /b): canary → shadow"
    ]


def test_a_change_is_judged_by_its_phases() -> None:
    [change] = transitions_between(None, domain("extracted"))
    assert not change.judged().legal
    assert change.judged(forced=True).forced
