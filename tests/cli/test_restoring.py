"""`rollback --revision`: an old revision becomes a new one, whole."""

import pytest

from tests.cli.desk import ROUTES, Desk

CANARY = ROUTES.replace("phase: shadow ", "phase: canary ")


@pytest.fixture
def moved(live: Desk) -> Desk:
    """A desk whose second revision moved a domain on, in the file as well."""
    live.write(CANARY)
    live.go_live(reason="on")
    return live


def test_an_old_revision_becomes_a_new_one_in_the_ledger_and_in_the_file(moved: Desk) -> None:
    ended = moved.run("rollback", "--revision", "1", "-m", "it was better", "--actor", "bo")

    assert (ended.code, ended.out) == (
        0,
        "datasets: canary → shadow\nrevision 2 → 3, by bo\n",
    )
    newest = moved.newest()
    assert (newest.number, newest.text, newest.reason) == (3, ROUTES, "it was better")
    assert moved.routes.read_text() == ROUTES
    assert moved.left_over() == []


def test_a_machine_without_the_file_can_do_it_too(moved: Desk) -> None:
    moved.routes.unlink()
    assert moved.run("rollback", "--revision", "1", "-m", "it was better").code == 0
    assert moved.newest().text == ROUTES
    assert not moved.routes.exists()


def test_a_file_with_changes_that_are_not_live_is_not_overwritten(moved: Desk) -> None:
    moved.edit("# old links", "# older links")
    ended = moved.run("rollback", "--revision", "1", "-m", "it was better")
    assert ended.code == 1
    assert "has changes that are not live yet" in ended.err
    assert moved.newest().number == 2


def test_steps_that_lead_forward_must_be_legal_or_forced(moved: Desk) -> None:
    back = ROUTES.replace("phase: shadow ", "phase: monolith ").replace(
        "        phase: monolith\n", ""
    )
    moved.write(back)
    moved.go_live(reason="all the way back")

    ended = moved.run("rollback", "--revision", "2", "-m", "no, on again")
    assert ended.code == 1
    assert "monolith → canary skips shadow" in ended.err
    assert moved.routes.read_text() == back

    assert moved.run("rollback", "--revision", "2", "-m", "on again", "--force").code == 0
    assert moved.newest().forced


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--revision", "9"], "there is no revision 9; the newest is 2"),
        (["--revision", "2"], "nothing would change: revision 2 has the text of 2"),
        (["datasets", "--revision", "1"], "--revision takes no domain and no --to"),
        (["--revision", "1", "--to", "shadow"], "--revision takes no domain and no --to"),
        ([], "name a domain, or a revision with --revision N"),
        (["datasets", "--force"], "only that takes --force"),
    ],
)
def test_what_makes_no_sense_says_why_and_changes_nothing(
    moved: Desk, args: list[str], said: str
) -> None:
    ended = moved.run("rollback", *args, "-m", "why")
    assert (ended.code, said in ended.err, moved.newest().number) == (1, True, 2)
