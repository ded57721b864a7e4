"""How often a finding is right and a regression found: tests/corpus, asked in full."""

from collections.abc import Iterator

from tests.bench.bounds import Bound, Outcome
from tests.bench.figures.stage import Stage
from tests.corpus.all_pairs import load_all
from tests.corpus.pairs import known_wrong
from tests.corpus.running import run
from tests.corpus.score import score

TIMES = (3, 20)
"""Asks of each pair: as a rare route sees them, and as one does of which something was learned."""


def measure(stage: Stage) -> Iterator[Outcome]:
    """Ask the labelled pairs through a proxy of their own; recall and precision."""
    pairs = load_all()
    for times in TIMES:
        place = stage.place()
        place.mkdir()
        asked = run(place, pairs, times)
        scored = score(pairs, asked.findings, known_wrong())
        stage.say(f"\n== The corpus, each pair asked {times} times\n{scored.table()}")
        note = f"{len(scored.counted)} of {len(pairs)} pairs; the others are known to be wrong"
        recall = Bound(f"recall, each pair asked {times} times", 100, unit="%", at_least=True)
        precision = Bound(f"precision, each pair asked {times} times", 99, unit="%", at_least=True)
        yield Outcome(recall, scored.recall * 100, note=note)
        yield Outcome(precision, scored.precision * 100)
