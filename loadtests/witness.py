"""What one run was promised and has seen, shared by all of its users."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from locust.env import Environment

from loadtests.memory import Memory

ACCOUNTS = tuple(f"user{number:02}" for number in range(1, 21))
"""The seeded accounts that may write; the password of each is its name and `-pw`."""
DATASETS = "/api/v1/datasets"
PATIENCE = 5.0
"""Seconds that a write may take to be seen: replicas lag by milliseconds, machines are busy."""


@dataclass(slots=True)
class Witness:
    """Counts beyond Locust's own, the memory of all writes, and who is logged in.

    Greenlets switch only where they wait, so plain counters are safe.
    """

    patience: float = PATIENCE
    memory: Memory = field(default_factory=Memory)
    tokens: dict[str, str] = field(default_factory=dict)
    uploads: int = 0
    downloads: int = 0
    file_bytes: int = 0
    websocket_messages: int = 0
    reads_answered_by: Counter[str] = field(default_factory=Counter)
    writes_answered_by: Counter[str] = field(default_factory=Counter)
    _accounts: Iterator[str] = field(default_factory=lambda: itertools.cycle(ACCOUNTS))
    _visitors: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def next_account(self) -> str:
        """Give the account of one more user; beyond twenty users, some share one."""
        return next(self._accounts)

    def next_visitor(self) -> str:
        """Give the id of one more visitor."""
        return f"visitor-{next(self._visitors):05}"

    def note_answer(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        """Count which server answered for the datasets, as it says itself."""
        if path.startswith(DATASETS) and "Server" in headers:
            asks = method == "GET" or path == f"{DATASETS}/search"
            answered_by = self.reads_answered_by if asks else self.writes_answered_by
            answered_by[headers["Server"]] += 1


def witness_of(environment: Environment) -> Witness:
    """Give the witness of a run; there is one for each environment."""
    witness: Witness = environment.__dict__.setdefault("witness", Witness())
    return witness
