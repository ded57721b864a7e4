"""Reads the labelled pairs out of `apis/`: README.md says how they are written."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from tests.corpus.changes import Answer
from tests.corpus.values import Value

APIS = Path(__file__).parent / "apis"
KNOWN_WRONG = Path(__file__).parent / "known_wrong.yaml"


class Label(StrEnum):
    """What a person says who knows both systems."""

    SAME = "same"  # the answers mean the same
    NOISE = "noise"  # they differ, as two answers of the monolith do
    REGRESSION = "regression"


SECTIONS = {"same": Label.SAME, "noise": Label.NOISE, "regressions": Label.REGRESSION}


@dataclass(frozen=True)
class Ask:
    """What a client asks."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True)
class Pair:
    """One question, the two answers to it, and the label.

    `paths`: a finding on this regression names at least one of them; `also`: what else it may
    name. One that ends in `...` stands for all that begin so. `asks`: how often it must be asked at
    least, where a person too would not speak up after fewer. `changes` are made to the answer by
    both sides, by the monolith or by the service.
    """

    api: str
    name: str
    label: Label
    route: str
    ask: Ask
    answer: Answer
    changes: Mapping[str, list[Mapping[str, Value]]]
    paths: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    asks: int = 0
    effect: str | None = None
    shadow: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.api}/{self.name}"

    def is_told_by(self, paths: Iterable[str]) -> bool:
        """Decide whether a finding with these paths is a finding on this regression."""
        return any(_is_any(path, self.paths) for path in paths)

    def strays(self, paths: Iterable[str]) -> list[str]:
        """Give those of a finding's paths that have nothing to do with this regression."""
        return [path for path in paths if not _is_any(path, (*self.paths, *self.also))]


def _is_any(path: str, wanted: Iterable[str]) -> bool:
    return any(
        path.startswith(one.removesuffix("...")) if one.endswith("...") else path == one
        for one in wanted
    )


def load(directory: Path = APIS) -> list[Pair]:
    """Read all pairs of a directory; a pair's name is used once in its API."""
    pairs = [pair for file in sorted(directory.glob("*.yaml")) for pair in _api(file)]
    names = [str(pair) for pair in pairs]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"names that are used twice: {sorted(twice)}"
    return pairs


def known_wrong() -> dict[str, str]:
    """Read which pairs are judged wrongly today, and why."""
    reasons: dict[str, list[str]] = yaml.safe_load(KNOWN_WRONG.read_text()) or {}
    return {name: reason for reason, names in reasons.items() for name in names}


def secrets(directory: Path = APIS) -> list[str]:
    """Read what stands in answers and must be nowhere on disk after they were compared."""
    apis = map(_read, sorted(directory.glob("*.yaml")))
    return [str(secret) for api in apis for secret in api.get("secrets", [])]


class _Loader(yaml.CSafeLoader):
    """YAML in which a time is the text that it is written as."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@cache
def _read(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.load(file.read_bytes(), _Loader)
    return read


def _api(file: Path) -> Iterator[Pair]:
    api = _read(file)
    numbers = count(1001)
    for pattern, route in api["routes"].items():
        for section, label in SECTIONS.items():
            for name, told in route.get(section, {}).items():
                yield _pair(file.stem, name, label, pattern, route, told or {}, next(numbers))


def _pair(
    api: str,
    name: str,
    label: Label,
    pattern: str,
    route: dict[str, Value],
    told: dict[str, Value],
    number: int,
) -> Pair:
    asked = {**route.get("ask", {}), **told.get("ask", {})}
    asked.setdefault("path", re.sub(r"\{[^}]*\}", str(number), pattern))
    sides = {side: _as_list(told.get(side, [])) for side in ("both", "monolith", "service")}
    unknown = told.keys() - {*sides, *_TOLD}
    assert not unknown, f"{api}/{name}: {sorted(unknown)}"
    paths = tuple(_as_list(told.get("paths", [])))
    assert bool(paths) is (label is Label.REGRESSION), f"{api}/{name}: a regression has paths"
    return Pair(
        api=api,
        name=name,
        label=label,
        route=pattern,
        ask=Ask(**asked),
        answer={"status": 200, **route["answer"]},
        changes=sides,
        paths=paths,
        also=tuple(_as_list(told.get("also", []))),
        asks=told.get("asks", 0),
        effect=route.get("effect"),
        shadow={**route.get("shadow", {}), **told.get("shadow", {})},
    )


_TOLD = ("about", "ask", "asks", "paths", "also", "shadow")


def _as_list(value: Value) -> list[Any]:
    return value if isinstance(value, list) else [value]
