"""The page about the command line shows the verbs, flags, variables and JSON as they are."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.main import get_command

from strangler.cli.main import app
from strangler.compare.state import FindingState
from strangler.migration.evidence import TIMED
from strangler.migration.fence import Scope
from strangler.store.records import Notice, StateChange
from tests.cli.desk import ROUTES, Desk, fence_for
from tests.cli.test_plan import KEY, record
from tests.store.sample import NOON, SIGNATURE, example, observation, sighting
from tests.store.test_noise import seen as known_noise

TIMES = {
    ("datasets", "/api/v1/datasets", 1, system, "GET", TIMED, 40): 9
    for system in ("monolith", "service")
}
PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
SECTIONS = dict(
    re.findall(r"^## strangler ([a-z ]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
)


def verbs(group: Any = None, above: str = "") -> Iterator[tuple[str, Any]]:
    group = get_command(app) if group is None else group
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if isinstance(command, TyperGroup):
            yield from verbs(command, f"{above}{name} ")
        else:
            yield above + name, command


def options(command: Any) -> list[TyperOption]:
    return [one for one in command.params if isinstance(one, TyperOption) and one.name != "help"]


def variable(verb: str, option: TyperOption) -> str:
    if option.envvar:
        return str(option.envvar)
    return f"STRANGLER_{verb}_{option.name}".replace(" ", "_").upper()


def flags(verb: str, command: Any) -> list[tuple[str, str]]:
    """Each flag as the page writes it, with its variable."""
    listed = []
    for option in options(command):
        names = "`, `".join(sorted(option.opts, key=len))
        metavar = "PHASE" if option.name == "to" else option.metavar
        value = f" {metavar}" if metavar and not option.is_flag else ""
        listed.append((f"`{names}{value}`", f"`{variable(verb, option)}`"))
    return sorted(listed)


def test_every_verb_has_a_section_and_a_row() -> None:
    rows = re.findall(r"^\| \[`([a-z ]+)`\]\(#strangler-", PAGE, re.MULTILINE)

    assert sorted(rows) == sorted(SECTIONS) == sorted(name for name, _ in verbs())


@pytest.mark.parametrize(("verb", "command"), list(verbs()))
def test_every_flag_is_there_with_its_variable_and_no_other(verb: str, command: Any) -> None:
    rows = re.findall(r"^\| (`-.*?`) \| (`STRANGLER_\w+`) \|", SECTIONS[verb], re.MULTILINE)

    assert sorted(rows) == flags(verb, command)


@pytest.mark.parametrize(("verb", "command"), list(verbs()))
def test_every_default_is_the_one_that_holds(verb: str, command: Any) -> None:
    documented = dict(
        re.findall(r"^\| `-.*?` \| `(STRANGLER_\w+)` \| `([^`]+)` \|", SECTIONS[verb], re.MULTILINE)
    )

    assert documented == {
        variable(verb, option): str(option.default)
        for option in options(command)
        if option.default not in (None, False, "")
    }


def parsed(verb: str, args: list[str]) -> dict[str, Any]:
    """What a verb is called with."""
    words = [*verb.split(), *args]
    context = get_command(app).make_context("strangler", list(words))
    for name in verb.split():
        words.pop(0)
        command = context.command.get_command(context, name)
        context = command.make_context(name, list(words), parent=context)
    return context.params


@pytest.mark.parametrize(("verb", "command"), list(verbs()))
def test_a_variable_does_what_its_flag_does(
    verb: str, command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    positional = {
        "DOMAIN": "datasets",
        "METHOD": "GET",
        "URL": "/",
        "ID": "3fa9",
        "NAME": "proxy-1",
        "FILE|PLAN": "routes.yaml",
    }
    arguments = [one for one in command.params if isinstance(one, TyperArgument) and one.required]
    args = [positional[one.metavar] for one in arguments]
    args += ["-m", "why"] if any("-m" in one.opts for one in options(command)) else []
    plain = parsed(verb, args)
    for option in options(command):
        value = {"to": "canary", "phase": "canary", "state": "fixed"}.get(option.name, "7")
        flag = max(option.opts, key=len)
        by_flag = parsed(verb, [*args, flag] if option.is_flag else [*args, flag, value])
        with monkeypatch.context() as patch:
            patch.setenv(variable(verb, option), "1" if option.is_flag else value)
            without = args[:-2] if option.name == "message" else args
            assert parsed(verb, without) == by_flag != plain


def shape(data: Any) -> Any:
    """What keys a document has, all the way down."""
    if isinstance(data, dict):
        return {key: shape(value) for key, value in data.items()}
    if isinstance(data, list):
        return [shape(data[0])] if data else []
    return "…"


@pytest.fixture
def full(desk: Desk) -> Desk:
    """A desk at which every verb has something to say."""
    desk.write(ROUTES.replace("phase: shadow", "phase: canary").replace("10%", "100%"))
    desk.edit("    service: datasets\n", "    service: datasets\n    autopilot: {}\n")
    desk.go_live()
    desk.ask(lambda store: store.raise_fence(fence_for(Scope(frozenset({"datasets"})), 1)))
    desk.ask(lambda store: store.add_answers(TIMES, NOON))
    difference = {"place": "$.a", "path": "$.a", "kind": "value", "primary": "1", "candidate": "2"}
    seen = sighting(examples=(example(differences=[difference]),))
    desk.observe(observation(verdict="mismatch", sightings=(seen,)))
    for state in (FindingState.ACCEPTED, FindingState.OPEN):
        said = StateChange(NOON, "ada", "why", state)
        desk.ask(lambda store, said=said: store.say(SIGNATURE, said))
    desk.ask(lambda store: store.post_notice(Notice("here", "routes-refused", NOON, "no")))
    now = datetime.now(UTC)
    desk.ask(lambda store: store.add_noise((known_noise(first_seen=now, last_seen=now),), now))
    desk.ask(lambda store: store.register(life="1", name="here", address="127.0.0.1:8080"))
    return desk


def change_everything(desk: Desk) -> None:
    """Edit the file so that a plan has something of every kind to tell."""
    record(desk, "/api/v1/datasets/7/files/x", "/users/1")
    for old, new in [
        ("phase: canary ", "phase: extracted "),
        ("        phase: monolith\n", ""),
        ("- path: /api/v1/datasets/{id:int}\n", "- path: /api/v1/datasets/new\n"),
        ("- path: /users/**\n", "- path: /users/**\n        headers: {x-beta: '1'}\n"),
        ("sample: 25%", "sample: 50%"),
        (":9102", ":9103"),
    ]:
        desk.edit(old, new)


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("status", []),
        ("replica list", []),
        ("history", []),
        ("diff list", []),
        ("diff noise", []),
        ("diff show", [SIGNATURE]),
        ("diff latency", []),
        ("explain", ["GET", "/api/v1/datasets/7", "--header", "x-user-id: 1"]),
        ("validate", []),
        ("doctor", []),
        ("plan", []),
    ],
)
def test_every_json_document_has_the_keys_that_the_page_shows(
    full: Desk, verb: str, args: list[str]
) -> None:
    if verb in {"validate", "status"}:
        full.edit("weight: 100%", "weight: 110%")
    if verb == "plan":
        change_everything(full)
    if verb == "explain":
        path = "- path: /api/v1/datasets/{id:int}\n"
        full.edit(path, f"{path}        rewrite: {{prefix: /sets}}\n")
    (sample,) = re.findall(r"```json\n(.*?)```", SECTIONS[verb], re.DOTALL)

    told = full.run(*verb.split(), *args, "--json", STRANGLER_REDACTION_KEY=KEY).json

    told, wanted = shape(told), shape(json.loads(sample))
    for document in (told, wanted):
        for domain in document["domains"] if verb == "status" else ():
            domain["reads"] = "…"  # its keys are the upstreams' names
    assert told == wanted


def test_every_json_flag_is_on_a_verb_that_reads() -> None:
    having = {verb for verb, command in verbs() for one in options(command) if "--json" in one.opts}

    assert having == {name for name, text in SECTIONS.items() if "```json" in text}
