"""What is wrong in a `routes.yaml`: each mistake with its place and, if there is one, a way out."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a value stands in the file: keys of mappings and indices of lists, from the top."""

SHOWN = 50
"""How many mistakes an error prints; `mistakes` holds all of them."""


MAX_KNOWN = 200
"""Among how many names a nearest one is looked for: each look costs, and so does reading them."""


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake. `line` and `column` count from 1; `path` reads `domains.x.routes[0].path`."""

    line: int
    column: int
    path: str
    message: str
    name: str = "routes.yaml"

    def __str__(self) -> str:
        """Write the mistake as compilers do, so that editors can jump to it."""
        path = f" {self.path}:" if self.path else ""
        return f"{self.name}:{self.line}:{self.column}:{path} {self.message}"


class RoutesError(Exception):
    """A `routes.yaml` that cannot be used. `mistakes` holds everything that is wrong, by place."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        lines = [str(mistake) for mistake in self.mistakes[:SHOWN]]
        if len(self.mistakes) > SHOWN:
            lines.append(f"… and {len(self.mistakes) - SHOWN} more")
        super().__init__("\n".join(lines))


def dotted(path: KeyPath) -> str:
    """Write a key path for people."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Suggest the known name nearest to a misspelt one, or list them where none is near."""
    names = list(islice(known, MAX_KNOWN))
    near = get_close_matches(str(word), names, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(names) or 'none'}"
