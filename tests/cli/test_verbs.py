"""That a verb costs what it needs: what a fresh process imports for it."""

import json
import subprocess
import sys
from importlib.metadata import packages_distributions, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from strangler.cli.verbs import VERBS
from tests.cli.desk import Desk

RUN = """
import json, sys
from strangler.cli.main import main
try:
    main()
finally:
    sys.stderr.write("\\n" + json.dumps(list(sys.modules)))
"""
"""Runs a verb, and ends with a line on stderr that lists all that was imported."""

NEEDED = {canonicalize_name(Requirement(text).name) for text in requires("strangler") or []}
COSTLY = {
    package
    for package, wheels in packages_distributions().items()
    if NEEDED & {*map(canonicalize_name, wheels)}
} | {"asyncio"}
"""What a verb may do without: each package that we depend on, and the loop."""

ALWAYS = {"orjson", "typer"}
A_FLAG = {"pydantic"}  # typer reads each flag with it
A_TABLE = A_FLAG | {"yaml"}
FOR_PEOPLE = {"rich"}
THE_STORE = A_FLAG | {"aiosqlite", "asyncio", "sqlalchemy"}


def imported(desk: Desk, *args: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN, *args],
        cwd=desk.directory,
        env=desk.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


@pytest.mark.parametrize(
    ("args", "needed"),
    [
        (["--version"], set()),
        (["diff", "list", "--help"], A_FLAG | FOR_PEOPLE),
        (["validate"], A_TABLE),
        (["explain", "GET", "/"], A_TABLE | FOR_PEOPLE),
        (["history"], FOR_PEOPLE | THE_STORE),
        (["status"], A_TABLE | FOR_PEOPLE | THE_STORE),
    ],
)
def test_a_verb_imports_no_more_than_it_needs(
    live: Desk, args: list[str], needed: set[str]
) -> None:
    assert imported(live, *args) & COSTLY <= ALWAYS | needed


def test_what_a_verb_may_do_without_is_known_by_name() -> None:
    assert {"alembic", "prometheus_client", "uvicorn", "uvloop"} < COSTLY
    assert ALWAYS | A_TABLE | FOR_PEOPLE | THE_STORE < COSTLY


def test_the_help_has_a_line_on_every_verb(desk: Desk) -> None:
    lines = desk.run("--help", COLUMNS="200").out.splitlines()

    told = {words[1]: words[2:-1] for words in map(str.split, lines) if len(words) > 3}
    assert set(VERBS) <= set(told)
    assert all(told[verb] for verb in VERBS)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["stauts"], "No such command 'stauts': did you mean status?; see `strangler --help`\n"),
        (["diff", "lst"], "No such command 'lst': did you mean list?; see"),
    ],
)
def test_a_misspelt_verb_is_told_the_nearest(desk: Desk, args: list[str], said: str) -> None:
    assert desk.run(*args).err.startswith(said)
