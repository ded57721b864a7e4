"""How the console script behaves whatever the verb: exit codes, streams, width, no tracebacks."""

import os
import pty
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.desk import Desk
from tests.store.sample import mismatch

READING = [["status"], ["history"], ["diff", "list"]]
"""Verbs that need nothing but the store."""


def test_version_is_the_package_s(desk: Desk) -> None:
    ended = desk.run("--version")

    assert (ended.code, ended.out) == (0, f"strangler {version('strangler')}\n")


def test_an_image_tag_in_the_environment_does_not_ask_for_the_version(desk: Desk) -> None:
    assert "fine" not in desk.run("schema", STRANGLER_VERSION="1.2").out
    assert desk.run("schema", STRANGLER_VERSION="1.2").code == 0


def test_python_m_strangler_is_the_same_program(desk: Desk) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "strangler", "--version"], capture_output=True, text=True, check=True
    )

    assert done.stdout == desk.run("--version").out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nonsense"], "No such command 'nonsense': known are serve, "),
        (["diff", "list", "--nonsense"], "see `strangler diff list --help`"),
        (["promote", "datasets"], "Missing option"),
        (["promote", "-m", "why"], "Missing argument"),
        (["promote", "datasets", "-m", "why", "--to", "nowhere"], "nowhere"),
        (["history", "--limit", "0"], "--limit"),
        (["serve", "--workers", "none"], "--workers"),
    ],
)
def test_a_wrong_command_line_is_an_error_and_not_differences(
    desk: Desk, args: list[str], said: str
) -> None:
    ended = desk.run(*args)

    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("args", [[], ["diff"]])
def test_without_a_verb_the_verbs_are_listed(desk: Desk, args: list[str]) -> None:
    ended = desk.run(*args)

    assert ended.code == 1
    assert "Usage: strangler" in ended.out


@pytest.mark.parametrize("args", READING)
def test_a_store_that_is_not_there_is_one_line_on_stderr(desk: Desk, args: list[str]) -> None:
    ended = desk.run(*args)

    assert (ended.code, ended.out) == (1, "")
    assert "does not exist; start `strangler serve` once, or check --store" in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("args", READING)
def test_a_flag_beats_the_environment(live: Desk, args: list[str]) -> None:
    elsewhere = f"sqlite:///{live.directory}/other.db"

    assert live.run(*args, STRANGLER_STORE=elsewhere).code == 1
    assert live.run(*args, "--store", live.url, STRANGLER_STORE=elsewhere).code == 0


def test_a_store_that_is_no_database_says_so(desk: Desk) -> None:
    path = desk.directory / "notes.db"
    path.write_text("shopping list\n" * 100)

    ended = desk.run("status", "--store", f"sqlite:///{path}")

    assert ended.code == 1
    assert "is not an SQLite database" in ended.err


def fill(desk: Desk) -> None:
    """Have every table hold something that is too wide for it."""
    route = "/api/v1/" + "/".join(f"{{parameter_number_{number}:int}}" for number in range(9))
    desk.observe(mismatch(route=route, revision=1))
    desk.go_live(reason="because " * 40, actor="somebody-with-a-very-long-name@" + "host" * 20)


@pytest.mark.parametrize(
    "args", [*READING, ["diff", "show", "3fa9"], ["explain", "GET", "/x" * 99]]
)
def test_where_there_is_no_terminal_lines_fit_80_columns_and_hold_no_escapes(
    live: Desk, args: list[str]
) -> None:
    fill(live)

    out = live.run(*args).out

    assert out
    assert "\x1b" not in out
    assert [line for line in out.splitlines() if len(line) > 80] == []


def test_on_a_terminal_headings_stand_out(live: Desk) -> None:
    ours, theirs = pty.openpty()
    subprocess.run(
        **live.command("history"),
        env={**live.environment, "TERM": "xterm-256color"},
        stdout=theirs,
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 4096)
    os.close(ours)
    assert b"\x1b[1m" in shown


def test_what_a_client_sent_cannot_act_on_the_terminal(live: Desk) -> None:
    live.go_live(reason="\x1b[31mred\x07 [bold]and[/bold] \u202eback")

    out = live.run("history").out

    assert r"\x1b[31mred\x07 [bold]and[/bold]" in " ".join(out.split())
    assert "\x1b" not in out
    assert "\u202e" not in out


@pytest.mark.parametrize("args", [["history", "--json"], ["schema"], ["history"]])
def test_a_reader_that_went_away_is_no_traceback(live: Desk, args: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        **live.command(*args),
        env=live.environment,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)

    assert (done.returncode, done.stderr) == (1, b"")


def test_a_full_disk_below_stdout_is_one_line(live: Desk) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            **live.command("schema"),
            env=live.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr == b"the output cannot be written: No space left on device\n"


def test_a_terminal_that_knows_latin_1_only_gets_escapes(live: Desk) -> None:
    ended = live.run("history", PYTHONIOENCODING="latin-1")

    assert ended.code == 0
    assert r"\u2192" in ended.out
