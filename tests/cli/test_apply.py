"""`apply`: makes a file or a plan live, whole or not at all, and never over somebody's head."""

import json
import random
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from strangler.migration.fold import Phases, phases_of
from strangler.routing.compile import load
from strangler.store.store import Store
from strangler.store.verification import Verification
from tests.cli.desk import ROUTES, Desk

KILLED = 12
"""Processes at each store: some are killed before the write, some within it and some after it."""

CANARY = ROUTES.replace("phase: shadow ", "phase: canary ")


@pytest.fixture
def live(live: Desk) -> Desk:
    """Gates have tests of their own, in test_gate.py; here they are open."""
    live.prove()
    return live


@pytest.fixture
def anywhere(anywhere: Desk) -> Desk:
    """The store has changed hands since, and the other one has no evidence yet."""
    anywhere.prove()
    return anywhere


def planned(desk: Desk, name: str = "next.plan") -> str:
    assert desk.run("plan", "--out", name).code == 2
    return name


def test_a_file_becomes_the_live_revision_with_its_transitions(anywhere: Desk) -> None:
    live = anywhere
    live.write(CANARY)

    ended = live.run("apply", "routes.yaml", "-m", "a quiet week", "--actor", "bo")

    assert (ended.code, ended.out) == (
        0,
        "datasets: shadow → canary, weight 10%\nrevision 1 → 2, by bo\n",
    )
    newest = live.newest()
    assert (newest.text, newest.reason, newest.forced) == (CANARY, "a quiet week", False)
    assert live.run("doctor").code == 0


def test_what_is_live_is_not_applied_again(live: Desk) -> None:
    ended = live.run("apply", "routes.yaml", "-m", "again")
    assert (ended.code, live.newest().number) == (0, 1)
    assert "nothing changes" in ended.out


def test_a_plan_is_applied_as_it_was_planned_whatever_became_of_the_file(live: Desk) -> None:
    live.write(CANARY)
    plan = planned(live)
    live.write("version: 9\n")

    assert live.run("apply", plan, "-m", "as planned").code == 0
    assert live.newest().text == CANARY


def test_a_stale_plan_is_refused_and_who_moved_what_is_told(live: Desk) -> None:
    live.write(CANARY)
    plan = planned(live)
    live.go_live(
        ROUTES.replace("users\n", "users\n    phase: shadow\n", 1), "me first", actor="eve"
    )

    ended = live.run("apply", plan, "-m", "as planned")

    assert (ended.code, ended.out) == (1, "")
    assert "the plan is stale: it is for revision 1, and revision 2 is live" in ended.err
    assert "2 by eve: me first (users: monolith → shadow)" in ended.err
    assert live.newest().number == 2


def test_a_plan_of_another_store_is_refused(live: Desk) -> None:
    live.write(CANARY)
    plan = live.directory / planned(live)
    content = json.loads(plan.read_bytes())
    content["base"]["hash"] = "1:beef"
    plan.write_text(json.dumps(content))

    ended = live.run("apply", plan.name, "-m", "why")
    assert (ended.code, "planned against another store" in ended.err) == (1, True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": CANARY + "# more\n"}, "the text is not the planned one"),
        ({"strangler_plan": 2}, "of another strangler"),
        ({"base": None}, "the plan is damaged"),
    ],
)
def test_a_plan_that_was_tampered_with_is_refused(
    live: Desk, change: dict[str, object], said: str
) -> None:
    live.write(CANARY)
    plan = live.directory / planned(live)
    plan.write_text(json.dumps(json.loads(plan.read_bytes()) | change))

    ended = live.run("apply", plan.name, "-m", "why")
    assert (ended.code, said in ended.err, live.newest().number) == (1, True, 1)


def test_an_illegal_move_needs_force_and_the_ledger_keeps_it(live: Desk) -> None:
    live.write(ROUTES.replace("phase: shadow ", "phase: extracted "))

    ended = live.run("apply", "routes.yaml", "-m", "no time")
    assert ended.code == 1
    assert "shadow → extracted skips canary" in ended.err
    assert live.newest().number == 1

    assert live.run("apply", "routes.yaml", "-m", "no time", "--force").code == 0
    assert live.newest().forced


def test_a_file_can_be_held_to_the_revision_that_it_was_edited_from(live: Desk) -> None:
    live.go_live(ROUTES.replace("10%", "20%"), "me first", actor="eve")
    live.write(CANARY)

    ended = live.run("apply", "routes.yaml", "-m", "why", "--onto", "1")
    assert (ended.code, "2 by eve: me first" in ended.err) == (1, True)
    assert live.run("apply", "routes.yaml", "-m", "why", "--onto", "2").code == 0


def test_of_many_operators_at_once_one_wins_and_the_others_are_told_who(anywhere: Desk) -> None:
    live = anywhere
    files = []
    for number in range(4):
        path = live.directory / f"{number}.yaml"
        path.write_text(ROUTES.replace("10%", f"{number + 20}%"))
        files.append(path.name)
    with ThreadPoolExecutor(4) as operators:
        ends = list(
            operators.map(
                lambda name: live.run("apply", name, "-m", "mine", "--onto", "1", "--actor", name),
                files,
            )
        )

    winner = live.newest()
    assert winner.number == 2
    assert sorted(end.code for end in ends) == [0, 1, 1, 1]
    for end in ends:
        assert end.code == 0 or winner.actor in end.err


def test_an_empty_reason_is_refused(live: Desk) -> None:
    live.write(CANARY)
    assert live.run("apply", "routes.yaml", "-m", " ").code == 1


async def _verified(store: Store) -> Verification:
    read = Verification()
    for chapter in await store.chapters(limit=10_000):
        read.take(chapter)
    return read


def test_whenever_apply_is_killed_the_ledger_folds_to_the_live_table(anywhere: Desk) -> None:
    """Kill -9 at random points of real processes: each revision is whole or is not there."""
    live = anywhere
    draw = random.Random(20260301)
    steps = ["monolith", "shadow", "canary", "extracted", "retired"]
    began = time.perf_counter()
    live.write(ROUTES.replace("phase: shadow ", "phase: monolith "))
    assert live.run("apply", "routes.yaml", "-m", "how long it takes").code == 0
    whole = time.perf_counter() - began
    for number in range(KILLED):
        phase = draw.choice(steps)
        live.write(ROUTES.replace("phase: shadow ", f"phase: {phase} ") + f"# {number}\n")
        process = subprocess.Popen(
            **live.command("apply", "routes.yaml", "-m", "on", "--force"),
            env=live.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            # Most of the time is spent starting; what matters happens towards the end.
            process.wait(timeout=whole * draw.uniform(0.5, 1.3))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        read = live.ask(_verified)
        assert (read.broken, read.unfolded) == ([], [])
        assert read.newest is not None
        assert read.phases == phases_of(load(read.newest.text))
    assert read.phases != Phases()
