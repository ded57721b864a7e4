"""`promote` and `rollback`: one domain moves, in the file and in the ledger, or nothing does."""

import getpass
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from strangler.cli import move
from strangler.cli.failure import VerbError
from strangler.cli.gating import Passage
from strangler.cli.moving import planned_move
from strangler.cli.routes_file import read_routes
from strangler.routing.compile import digest_of
from strangler.routing.phase import Phase
from tests.cli.desk import ROUTES, Desk

CANARY = ROUTES.replace("phase: shadow", "phase: canary")


@pytest.fixture
def live(live: Desk) -> Desk:
    """Gates have tests of their own, in test_gate.py; here they are open."""
    live.prove()
    return live


def start(desk: Desk, text: str) -> Desk:
    desk.write(text)
    desk.go_live()
    desk.prove()
    return desk


def untouched(desk: Desk, text: str = ROUTES, revision: int = 1) -> bool:
    same = desk.routes.read_bytes().decode() == text
    return same and desk.newest().number == revision and not desk.left_over()


# --- what moves ---------------------------------------------------------------------------------


def test_a_promotion_is_one_step_and_changes_one_word(live: Desk) -> None:
    ended = live.run("promote", "datasets", "-m", "a quiet week", "--actor", "eve")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "datasets: shadow → canary, weight 10%\nrevision 1 → 2, by eve\n"
    assert live.routes.read_text(encoding="utf-8") == CANARY
    assert not live.left_over()


def test_the_ledger_has_who_why_and_the_text_that_is_live(live: Desk) -> None:
    live.run("promote", "datasets", "-m", "  a quiet week ", "--actor", "eve")

    made = live.newest()
    assert (made.actor, made.reason, made.forced) == ("eve", "a quiet week", False)
    assert made.text == live.routes.read_bytes().decode()
    assert made.digest == digest_of(made.text)
    (entry,) = live.ask(lambda store: store.history("datasets", 1))
    assert (entry.transition.from_phase, entry.transition.to_phase) == ("shadow", "canary")


def test_a_domain_goes_all_the_way_and_back_step_by_step(live: Desk) -> None:
    live.edit("        phase: monolith\n", "")  # a route that lags would hold the domain back
    live.edit("    canary: {weight", "    gate: {quiet: 0.001s}\n    canary: {weight")
    live.go_live()

    for verb in ("promote",) * 3 + ("rollback",) * 4:
        assert live.run(verb, "datasets", "-m", "go on").code == 0

    moves = live.run("history", "datasets", "--json").json[:7]
    assert [move["to"] for move in reversed(moves)] == [
        "canary",
        "extracted",
        "retired",
        "extracted",
        "canary",
        "shadow",
        "monolith",
    ]
    assert live.routes.read_text(encoding="utf-8") == ROUTES.replace(
        "phase: shadow", "phase: monolith"
    ).replace("        phase: monolith\n", "").replace(
        "    canary: {weight", "    gate: {quiet: 0.001s}\n    canary: {weight"
    )


def test_a_phase_that_was_not_written_is_added(live: Desk) -> None:
    assert live.run("promote", "users", "-m", "next").code == 0

    expected = ROUTES.replace("service: users\n", "service: users\n    phase: shadow\n")
    assert live.routes.read_text(encoding="utf-8") == expected


def test_a_weight_goes_with_the_step_into_the_canary(live: Desk) -> None:
    ended = live.run("promote", "datasets", "-m", "carefully", "--weight", "0.5%")

    assert ended.out.startswith("datasets: shadow → canary, weight 0.5%\n")
    assert live.routes.read_text(encoding="utf-8") == CANARY.replace("10%", "0.5%")


def test_a_domain_without_a_canary_gets_one_from_the_weight(desk: Desk) -> None:
    start(desk, ROUTES.replace("service: users\n", "service: users\n    phase: shadow\n"))

    without = desk.run("promote", "users", "-m", "next")
    given = desk.run("promote", "users", "-m", "next", "--weight", "5%")

    assert (without.code, without.err) == (
        1,
        "the canary of users has no weight yet: add --weight 10%\n",
    )
    assert (given.code, given.out.splitlines()[0]) == (0, "users: shadow → canary, weight 5%")


def test_a_weight_alone_changes_the_weight(desk: Desk) -> None:
    start(desk, CANARY)

    ended = desk.run("promote", "datasets", "-m", "more", "--weight", "50%")

    assert ended.out.startswith("datasets: canary, weight 10% → 50%\n")
    assert desk.routes.read_text(encoding="utf-8") == CANARY.replace("10%", "50%")


def test_a_rollback_from_the_canary_leaves_the_weight_for_next_time(desk: Desk) -> None:
    start(desk, CANARY)

    assert desk.run("rollback", "datasets", "-m", "errors").code == 0

    assert desk.routes.read_text(encoding="utf-8") == ROUTES


def test_a_rollback_may_go_all_the_way_at_once(desk: Desk) -> None:
    start(desk, CANARY)

    ended = desk.run("rollback", "datasets", "-m", "errors", "--to", "monolith")

    assert (ended.code, desk.newest().forced) == (0, False)
    assert "datasets: canary → monolith" in ended.out


def test_force_skips_steps_and_is_marked_for_ever(live: Desk) -> None:
    live.edit("        phase: monolith\n", "")
    live.go_live()
    args = ("promote", "datasets", "-m", "no time", "--to", "retired")

    refused = live.run(*args)
    forced = live.run(*args, "--force")

    assert refused.code == 1
    assert "shadow → retired skips canary and extracted: go to canary first" in refused.err
    assert (forced.code, forced.out.splitlines()[-1][-8:]) == (0, ", forced")
    assert live.newest().forced


def test_force_that_was_not_needed_is_not_marked(live: Desk) -> None:
    assert live.run("promote", "datasets", "-m", "just in case", "--force").code == 0

    assert not live.newest().forced


# --- who ----------------------------------------------------------------------------------------


def test_the_actor_is_the_flag_s_then_the_environment_s_then_the_login(desk: Desk) -> None:
    start(desk, CANARY)
    args = ("promote", "datasets", "-m", "more", "--weight")

    desk.run(*args, "20%", "--actor", "flag", STRANGLER_ACTOR="environment")
    desk.run(*args, "30%", STRANGLER_ACTOR="environment")
    desk.run(*args, "40%")

    revisions = desk.ask(lambda store: store.revisions(3))
    login = f"{getpass.getuser()}@{os.uname().nodename}"
    assert [one.actor for one in revisions] == [login, "environment", "flag"]


# --- what is refused, with nothing changed ------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["promote", "dataset"], "there is no domain dataset; did you mean datasets?"),
        (["promote", "datasets", "--weight", "150%"], "150% is no weight: it must be between 0%"),
        (["rollback", "users"], "users is in monolith: there is no step back"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(live: Desk, args: list[str], said: str) -> None:
    ended = live.run(*args, "-m", "why not")

    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1
    assert untouched(live)


@pytest.mark.parametrize("message", ["", "   "])
@pytest.mark.parametrize("verb", ["promote", "rollback"])
def test_a_move_without_a_reason_is_refused(live: Desk, verb: str, message: str) -> None:
    ended = live.run(verb, "datasets", "-m", message)

    assert (ended.code, "say why" in ended.err) == (1, True)
    assert untouched(live)


def test_the_same_weight_once_more_is_refused(desk: Desk) -> None:
    start(desk, CANARY)

    ended = desk.run("promote", "datasets", "-m", "more", "--weight", "10%")

    assert (ended.code, "nothing would change" in ended.err) == (1, True)
    assert untouched(desk, CANARY)


def test_a_move_that_would_give_a_domain_two_writers_is_refused(desk: Desk) -> None:
    text = CANARY.replace("        methods: [GET]\n", "").replace(
        "phase: monolith", "phase: shadow"
    )
    start(desk, text)

    ended = desk.run("promote", "datasets", "-m", "hand over the writes")

    assert ended.code == 1
    first, second = ended.err.splitlines()
    assert "would have mistakes with datasets in extracted; nothing was changed" in first
    assert second.startswith("routes.yaml:23:")
    assert "two writers" in second
    assert untouched(desk, text)


def test_a_file_with_mistakes_is_not_touched(live: Desk) -> None:
    live.edit("service: users", "service: user")
    text = live.routes.read_text(encoding="utf-8")

    ended = live.run("promote", "datasets", "-m", "go")

    assert ended.code == 1
    assert "there is no upstream user; did you mean users?" in ended.err
    assert untouched(live, text)


def test_a_file_with_changes_that_are_not_live_is_not_touched(live: Desk) -> None:
    live.edit(":9101", ":9111")
    text = live.routes.read_text(encoding="utf-8")

    ended = live.run("promote", "datasets", "-m", "go")

    assert ended.code == 1
    assert "routes.yaml has changes that are not live yet (live is revision 1)" in ended.err
    assert untouched(live, text)


def test_a_file_that_others_have_overtaken_says_by_whom(live: Desk) -> None:
    live.go_live(CANARY, "from my own machine", actor="eve")

    ended = live.run("promote", "datasets", "-m", "go")

    assert ended.code == 1
    assert "routes.yaml is still revision 1, but revision 2 is live (by eve: from my" in ended.err
    assert untouched(live, ROUTES, revision=2)


def test_an_empty_store_wants_serve_first(desk: Desk) -> None:
    desk.write()
    desk.ask(lambda store: store.newest())

    ended = desk.run("promote", "datasets", "-m", "go")

    assert ended.code == 1
    assert "start `strangler serve --routes routes.yaml` first" in ended.err


def test_whoever_looked_at_an_older_revision_changes_nothing(live: Desk) -> None:
    file, looked_at = read_routes(live.routes), live.newest()
    planned = planned_move(file, "datasets", Phase.CANARY, None, force=False)
    live.go_live(ROUTES.replace(":9101", ":9111"), "somebody was first")

    with pytest.raises(VerbError, match="revision 2 is the newest by now, not 1"):
        move._make(file, looked_at, planned, Passage([], forced=False), "eve", "go", live.url)

    assert untouched(live, ROUTES, revision=2)


def test_of_moves_at_the_same_moment_each_happens_whole_or_not_at_all(desk: Desk) -> None:
    start(desk, CANARY)

    def promote(weight: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            **desk.command("promote", "datasets", "-m", "all at once", "--weight", f"{weight}%"),
            env=desk.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(promote, range(20, 24)))

    made = [one for one in ended if one.returncode == 0]
    assert made
    assert desk.newest().number == 1 + len(made)
    assert desk.newest().text == desk.routes.read_bytes().decode()
    assert all(len(one.stderr.splitlines()) == 1 for one in ended if one.returncode)
    assert not desk.left_over()


# --- the file -----------------------------------------------------------------------------------


def test_mode_and_symlink_stay_as_they_were(live: Desk) -> None:
    kept = live.directory / "store" / "kept.yaml"
    live.routes.rename(kept)
    kept.chmod(0o640)
    live.routes.symlink_to("store/kept.yaml")

    assert live.run("promote", "datasets", "-m", "go").code == 0

    assert live.routes.is_symlink()
    assert kept.read_text(encoding="utf-8") == CANARY
    assert kept.stat().st_mode & 0o777 == 0o640


def test_line_ends_and_byte_order_mark_stay_as_they_were(desk: Desk) -> None:
    start(desk, "\ufeff" + ROUTES.replace("\n", "\r\n"))

    assert desk.run("promote", "datasets", "-m", "go").code == 0

    assert desk.routes.read_bytes().decode() == "\ufeff" + CANARY.replace("\n", "\r\n")
    assert desk.newest().digest == digest_of(desk.routes.read_bytes())
    assert desk.run("status", "--json").json["file"]["state"] == "live"
