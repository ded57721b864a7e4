"""`plan`: what would change if a file became live, told before it does."""

import json
from datetime import timedelta
from typing import Any

import pytest

from strangler.migration.recording import Hashing, HeadRecorder
from strangler.routing.compile import load
from strangler.store.records import HeadSample, TrafficReport
from tests.cli.desk import ROUTES, Desk
from tests.cli.test_history import words
from tests.routing.building import ask
from tests.store.sample import NOON

KEY = "a key that the tests agree on, long enough"


def told(desk: Desk, *args: str, code: int = 2) -> Any:
    ended = desk.run("plan", "--json", *args, STRANGLER_REDACTION_KEY=KEY)
    assert ended.code == code, ended.err
    return ended.json


def record(desk: Desk, *targets: str, weight: float = 1.0, key: str = KEY) -> None:
    """Have heads recorded under what is live, over an hour."""
    hashing = Hashing(key.encode())
    recorder = HeadRecorder(load(desk.newest().text), hashing)
    heads = [recorder.record(ask("GET", target, x_user_id="7"), "192.0.2.1") for target in targets]
    step = timedelta(hours=1) / max(len(heads) - 1, 1)
    samples = [
        HeadSample(NOON - number * step, "here", weight, hashing.fingerprint, head)
        for number, head in enumerate(heads)
        if head is not None
    ]
    desk.ask(lambda store: store.add_traffic(TrafficReport(tuple(samples)), NOON))


def test_what_is_live_changes_nothing(live: Desk) -> None:
    assert told(live, code=0)["changes"] is False
    ended = live.run("plan")
    assert (ended.code, ended.out) == (
        0,
        "nothing changes: routes.yaml is revision 1, which is live\n",
    )


def test_another_comment_is_a_change_that_treats_no_request_otherwise(live: Desk) -> None:
    live.edit("# old links", "# older links")

    assert told(live)["changes"] is True
    assert "no request is treated otherwise" in live.run("plan").out


def test_routes_and_phases_are_told_in_an_operator_s_terms(live: Desk) -> None:
    live.edit("- path: /api/v1/datasets/{name}   # old links\n", "- path: /api/v1/datasets/new\n")
    live.edit("phase: shadow ", "phase: canary ")

    out = words(live.run("plan").out)

    assert "datasets: /api/v1/datasets/new (line 21, canary) routes that go" in out
    assert "datasets: /api/v1/datasets/{name}, falls to the monolith" in out
    assert "datasets: shadow → canary, weight 10%" in out
    assert "no traffic is recorded yet" in out


def test_a_skipped_step_is_told_with_what_it_needs(live: Desk) -> None:
    live.edit("phase: shadow ", "phase: retired ")
    live.edit("        phase: monolith\n", "")

    (move, *_) = told(live)["moves"]
    assert (move["from"], move["to"], move["legal"]) == ("shadow", "retired", False)
    out = words(live.run("plan").out)
    assert "needs force: shadow → retired skips canary and extracted" in out
    assert "datasets: its writer moves from monolith to datasets" in out
    assert "`apply` refuses this without --force" in out


def test_requests_that_change_hands_are_worked_out_from_recorded_ones(live: Desk) -> None:
    record(
        live, *["/api/v1/datasets/7"] * 30, *["/api/v1/datasets/me"] * 10, "/elsewhere", weight=6
    )
    live.edit("phase: shadow ", "phase: canary ")
    live.edit("10%", "100%")

    seen = told(live)["traffic"]

    assert (seen["heads"], seen["unreadable"], seen["untold"]) == (41, 0, [])
    assert seen["per_hour"] == pytest.approx(246)
    assert [(row["route_after"], row["from"], row["to"]) for row in seen["moved"]] == [
        ("/api/v1/datasets/{id:int}", "monolith", "datasets"),
        ("/api/v1/datasets/{name}", "monolith", "datasets"),
    ]
    assert [row["per_hour"] for row in seen["moved"]] == pytest.approx([180, 60])
    assert 0 < seen["moved"][0]["margin"] < 180
    out = words(live.run("plan", STRANGLER_REDACTION_KEY=KEY).out)
    assert "by 41 recorded heads" in out
    assert "monolith datasets datasets read 240 ±" in out


def test_heads_of_another_key_are_told_and_not_guessed_at(live: Desk) -> None:
    record(live, "/api/v1/datasets/7", "/x", key="another key, of another process")
    live.edit("# old links", "# older links")

    seen = told(live)["traffic"]
    assert (seen["heads"], seen["unreadable"], seen["moved"]) == (0, 2, [])


def test_a_header_that_nobody_asked_for_before_is_told_as_unknown(live: Desk) -> None:
    record(live, "/users/1", "/users/2")
    live.edit("- path: /users/**\n", "- path: /users/**\n        headers: {x-beta: '1'}\n")

    (row,) = told(live)["traffic"]["untold"]
    assert row["why"].startswith("a header that no route asked for")


def test_a_plan_is_written_to_a_file_whole_for_its_owner_alone(live: Desk) -> None:
    live.edit("# old links", "# older links")
    assert live.run("plan", "--out", "next.plan").code == 2
    file = live.directory / "next.plan"

    content = json.loads(file.read_bytes())

    assert file.stat().st_mode & 0o777 == 0o600
    assert content["text"] == live.routes.read_text()
    assert content["base"]["hash"] == live.newest().hash
    assert content["plan"]["changes"] is True
    assert live.left_over() == ["next.plan"]


def test_a_plan_that_cannot_be_written_is_one_line(live: Desk) -> None:
    live.edit("# old links", "# older links")
    ended = live.run("plan", "--out", "nowhere/next.plan")
    assert (ended.code, ended.err) == (
        1,
        "nowhere/next.plan: No such file or directory; name another file with --out\n",
    )


def test_mistakes_in_the_file_are_all_told(live: Desk) -> None:
    live.edit("10%", "110%")
    ended = live.run("plan")
    assert ended.code == 1
    assert "must be between 0% and 100%" in ended.err


def test_without_a_live_revision_there_is_nothing_to_plan_against(desk: Desk) -> None:
    desk.write()
    desk.ask(lambda store: store.newest())
    ended = desk.run("plan")
    assert ended.code == 1
    assert "nothing is live yet" in ended.err


def test_another_file_is_planned_where_it_is_named(live: Desk) -> None:
    (live.directory / "other.yaml").write_text(ROUTES.replace("10%", "20%"))
    assert told(live, "other.yaml")["file"] == "other.yaml"


def test_how_the_gate_of_a_move_stands_is_told_with_what_is_lacking(live: Desk) -> None:
    live.edit("phase: shadow ", "phase: canary ")

    (move,) = (one for one in told(live)["moves"] if one["route"] is None)
    assert (move["legal"], move["gate"]["outcome"]) == (True, "not enough data")
    out = words(live.run("plan").out)
    assert "datasets: shadow → canary, weight 10% (its gate is not enough data)" in out
    assert "`apply` refuses this without --force" in out
