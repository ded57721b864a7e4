"""What a plan tells: routes that come, go and take from others, edits, moves, lost guards."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from strangler.http.message import RequestHead
from strangler.migration.overlap import overlapping, wins
from strangler.migration.plan import MigrationPlan, plan_change
from strangler.routing.match import Claim
from strangler.routing.table import RouteTable
from tests.migration.drawing import tables
from tests.migration.test_replay import heads
from tests.routing.building import table_of

READ = {"path": "/r", "methods": ["GET"]}


def plan(old: list[dict[str, Any]], new: list[dict[str, Any]], **domain: Any) -> MigrationPlan:
    return plan_change(table_of(old, **domain), table_of(new, **domain))


def test_a_table_planned_against_itself_is_empty() -> None:
    assert plan([READ], [READ]).empty


@given(tables())
def test_no_table_differs_from_itself(table: RouteTable) -> None:
    told = plan_change(table, table)
    assert told.empty
    assert not told.guards


def test_a_route_that_comes_names_whose_requests_it_takes() -> None:
    wide = [{"path": "/a/**"}, {"path": "/a/{id}"}, {"path": "/b"}]
    (added,) = plan(wide, [*wide, {"path": "/a/{id:int}", "methods": ["GET"]}]).added

    assert added.route == "GET /a/{id:int}"
    assert set(added.others) == {"/a/**", "/a/{id}"}


def test_a_route_takes_nothing_where_no_request_meets_both() -> None:
    there = [
        {"path": "/a/{id:uuid}"},
        {"path": "/a/{id:int}", "methods": ["POST"]},
        {"path": "/a/7", "hosts": ["other.test"]},
        {"path": "/a/{id}/b"},
    ]
    new = {"path": "/a/{id:int}", "methods": ["GET"], "hosts": ["*.example"]}
    (added,) = plan(there, [*there, new]).added

    assert added.others == ()


def test_of_a_route_that_goes_is_told_who_gets_its_requests() -> None:
    wide = [{"path": "/a/**"}]
    (removed,) = plan([*wide, {"path": "/a/b"}], wide).removed
    assert (removed.route, removed.others) == ("/a/b", ("/a/**",))
    (removed,) = plan([{"path": "/b"}, *wide], wide).removed
    assert removed.others == ()


@given(tables(), st.lists(heads, min_size=1, max_size=8))
def test_of_two_claims_that_a_request_meets_the_one_that_wins_comes_first(
    table: RouteTable, asked: list[RequestHead]
) -> None:
    for head in asked:
        met = [one for one in table.root.ranked(head.target.path) if one.conditions.met(head)]
        for place, first in enumerate(met):
            for second in met[place + 1 :]:
                if first.owner is second.owner:
                    continue
                assert wins(first, second)
                assert not wins(second, first)
                assert any(one == second for one in overlapping(table.root, first))


def test_a_claim_overlaps_no_claim_of_its_own_route() -> None:
    table = table_of([{"path": "/a", "hosts": ["a.test", "*.test"]}])
    (route,) = table.routes
    claim = Claim(route.path, route.claims[0], route)
    assert list(overlapping(table.root, claim)) == []


def test_what_all_routes_of_a_domain_share_is_told_once() -> None:
    routes = [{"path": "/a"}, {"path": "/b"}]
    old = table_of(routes, phase="shadow", shadow={"sample": "10%"})
    new = table_of(routes, phase="shadow", shadow={"sample": "25%", "ignore": ["status"]})

    assert [str(edit) for edit in plan_change(old, new).edits] == [
        "d: shadow.sample 0.1 → 0.25",
        "d: shadow.ignore none → status",
    ]


def test_an_edit_of_one_route_names_it() -> None:
    old = table_of([{"path": "/a"}, {"path": "/b"}])
    new = table_of([{"path": "/a"}, {"path": "/b", "rewrite": {"prefix": "/c"}}])

    assert [str(edit) for edit in plan_change(old, new).edits] == ["d (/b): rewrite none → /c"]


def test_another_canary_key_says_that_clients_may_change_sides() -> None:
    old = table_of([READ], phase="canary", canary={"weight": "1%"})
    new = table_of([READ], phase="canary", canary={"weight": "1%", "key": "cookie:sid"})

    (edit,) = plan_change(old, new).edits
    assert edit.what == "canary key address → cookie:sid: clients may change sides"


def test_an_illegal_move_is_told_with_what_is_wrong() -> None:
    told = plan_change(table_of([READ]), table_of([READ], phase="extracted"))
    (move,) = told.moves
    assert not move.legal
    assert told.illegal[0].startswith("d: monolith → extracted: monolith → extracted skips shadow")


def test_an_upstream_s_changes_are_told_field_by_field() -> None:
    from strangler.routing.compile import load  # noqa: PLC0415

    text = "version: 1\nupstreams:\n  old: {targets: [http://127.0.0.1:1]TIMES}\nmonolith: old\n"
    old = load(text.replace("TIMES", ""))
    new = load(text.replace(":1]TIMES", ":2], timeouts: {response: 5s}"))

    assert plan_change(old, new).upstreams == (
        "old: targets http://127.0.0.1:1 → http://127.0.0.1:2",
        "old: timeouts.response 30 → 5",
    )


def test_what_holds_for_all_routes_is_told_too() -> None:
    from strangler.routing.compile import load  # noqa: PLC0415

    text = "version: 1\nupstreams:\n  old: {targets: [http://127.0.0.1:1]}\nmonolith: old\n"
    told = plan_change(load(text), load(text + "ambiguous_paths: route\n"))

    assert told.upstreams == ("ambiguous_paths refuse → route",)
    assert not told.empty


def test_what_is_set_for_a_whole_domain_is_told_of_the_domain() -> None:
    told = plan_change(table_of([READ]), table_of([READ], fence={"wait": "7s"}))

    assert [str(edit) for edit in told.edits] == ["d: fence.wait 5 → 7"]
