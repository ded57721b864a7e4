"""Who takes part: every proxy that there is on this machine, and by name who is absent."""

import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from tests.bench.asking import seconds_until, status
from tests.bench.peers import ours
from tests.bench.peers.recipes import RECIPES, go, other, where_is
from tests.bench.peers.running import Running
from tests.processes import Program

STRANGLER, SHADOWED = "strangler", "strangler-shadowed"
NAMES = (STRANGLER, SHADOWED, *RECIPES, "go", "naive")
PROGRAMS = {"go": "go", **{name: recipe.program for name, recipe in RECIPES.items()}}


def start(
    stack: ExitStack, names: Sequence[str], directory: Path, origin: Program
) -> tuple[list[Running], dict[str, str]]:
    """Start these proxies in front of an origin; the others are named with why they are absent.

    They run until the stack ends. Each gets a directory in `directory`.
    """
    running, absent = [], {}
    for name in names:
        if name in PROGRAMS and where_is(PROGRAMS[name]) is None:
            absent[name] = f"no {PROGRAMS[name]} on the PATH, nor from a wheel"
            continue
        try:
            one = stack.enter_context(_one(name, directory / name, origin))
            # Some listen before they know their routes.
            seconds_until(lambda: status(one.port) == 200)  # noqa: B023 - asked at once
            running.append(one)
        except (RuntimeError, TimeoutError, subprocess.CalledProcessError) as error:
            absent[name] = str(error)
    return running, absent


def _one(name: str, directory: Path, origin: Program) -> AbstractContextManager[Running]:
    match name:
        case "strangler" | "strangler-shadowed":
            return ours.strangler(directory, origin.url, shadowed=name == SHADOWED)
        case "naive":
            return ours.naive(origin.url)
        case "go":
            return go(directory, origin.port)
        case _:
            return other(name, directory, origin.port)
