"""Who takes part: every proxy that there is on this machine, and by name who is absent."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench.peers import ours
from tests.bench.peers.recipes import RECIPES, go, other, where_is
from tests.bench.peers.running import Running
from tests.processes import Program

STRANGLER, SHADOWED = "strangler", "strangler-shadowed"
NAMES = (STRANGLER, SHADOWED, *RECIPES, "go", "naive")


def absent(names: Sequence[str]) -> list[str]:
    """Which of these are not on this machine."""
    programs = {"go": "go", **{name: recipe.program for name, recipe in RECIPES.items()}}
    return [name for name in names if name in programs and where_is(programs[name]) is None]


@contextmanager
def running(names: Sequence[str], directory: Path, origin: Program) -> Iterator[list[Running]]:
    """Start these proxies, in front of this origin; with files in `directory`."""
    with ExitStack() as stack:
        yield [stack.enter_context(_one(name, directory / name, origin)) for name in names]


@contextmanager
def _one(name: str, directory: Path, origin: Program) -> Iterator[Running]:
    match name:
        case "strangler" | "strangler-shadowed":
            start = ours.strangler(directory, origin.url, shadowed=name == SHADOWED)
        case "naive":
            start = ours.naive(origin.url)
        case "go":
            start = go(directory, origin.port)
        case _:
            start = other(name, directory, origin.port)
    with start as one:
        yield one
