"""Simulated services: what one field says from ask to ask, and a shadow that asks two of them.

A field is made for one side of one exchange and then called for each ask with the time of it, so
that a field may have a state; `rng` is its own.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from strangler.compare.compare import compare
from strangler.compare.learned import Learned
from strangler.compare.looks import Look
from strangler.compare.noise import Asked, Confirmation, conclude, enough, trace
from strangler.compare.verdict import Verdict
from tests.compare.answers import json_answer, rules

Field: TypeAlias = Callable[[random.Random, float], Any]
"""What a field says when it is asked at a Unix time."""

APART = 0.3
"""Seconds between two rounds."""

NO_RULES = rules()


@dataclass
class Shadow:
    """Asks a primary and a candidate, as a worker would, and keeps what it has learned."""

    primary: Field
    candidate: Field
    rng: random.Random
    now: float = 1_790_000_000.0
    learned: Learned = field(default_factory=Learned)
    asks: int = 0

    def _ask(self, side: Field) -> Any:
        self.asks += 1
        self.now += self.rng.uniform(0.001, 0.03)
        return json_answer({"id": 7, "x": side(self.rng, self.now)})

    def exchange(self, *, written: bool = False) -> Confirmation:
        """One request, looked into as far as need be; ignored where nothing differs."""
        self.now += self.rng.uniform(0, 60)
        first = self._ask(self.primary)
        began = self.now
        compared = compare(first, self._ask(self.candidate), NO_RULES)
        if compared.verdict is Verdict.MATCH:
            return Confirmation()
        look = Look(compared)
        while True:
            self.now += APART
            primary, candidate = self._ask(self.primary), self._ask(self.candidate)
            assert not look.add(
                compare(first, primary, NO_RULES),
                compare(first, candidate, NO_RULES),
                compare(primary, candidate, NO_RULES),
            )
            asked = Asked(self.now, self.now - began, written)
            traced = trace(look, asked)
            if enough(look, traced, self.learned):
                return conclude(look, traced, self.learned, asked)
