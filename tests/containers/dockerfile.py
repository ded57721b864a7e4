"""Reads Dockerfiles, as far as ours go."""

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Dockerfile:
    """A Dockerfile as its instructions, in order: `("COPY", "a b")`."""

    path: Path
    instructions: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, path: Path) -> "Dockerfile":
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        logical = re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()
        split = (line.split(None, 1) for line in logical if line.strip())
        return cls(path, tuple((name, rest.strip()) for name, rest in split))

    def all(self, name: str) -> list[str]:
        """The arguments of each instruction of that name."""
        return [rest for instruction, rest in self.instructions if instruction == name]

    def last(self, name: str) -> str:
        """The arguments of the one that counts: the last."""
        found = self.all(name)
        assert found, f"{self.path} has no {name}"
        return found[-1]

    def command(self, name: str) -> list[str]:
        """ENTRYPOINT, CMD or what HEALTHCHECK runs, in exec form; empty if there is none."""
        if not self.all(name):
            return []
        text = self.last(name)
        if name == "HEALTHCHECK":
            text = text.partition("CMD ")[2]
        command: list[str] = json.loads(text)
        return command

    @property
    def environment(self) -> dict[str, str]:
        words = shlex.split(" ".join(self.all("ENV")))
        return dict(word.split("=", 1) for word in words)

    @property
    def ports(self) -> list[int]:
        return [int(port) for port in " ".join(self.all("EXPOSE")).split()]

    @property
    def volumes(self) -> set[str]:
        found: set[str] = set()
        for text in self.all("VOLUME"):
            found |= set(json.loads(text) if text.startswith("[") else text.split())
        return found

    @property
    def copied(self) -> list[str]:
        """What is copied from the repository."""
        copies = [text.split() for text in self.all("COPY") if not text.startswith("--from=")]
        return [source for *sources, _target in copies for source in sources]

    @property
    def installed(self) -> list[str]:
        """The distributions that its `pip install` names."""
        runs = " && ".join(self.all("RUN")).split("&&")
        installs = [run.partition(" install ")[2] for run in runs if "pip install" in run]
        words = shlex.split(" ".join(installs))
        takes_value = {i + 1 for i, word in enumerate(words) if word == "--constraint"}
        return [
            word
            for i, word in enumerate(words)
            if not word.startswith("-") and i not in takes_value
        ]
