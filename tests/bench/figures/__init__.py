"""Figures that no request rate shows: memory, stalls, reloads, failures, floods."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.bounds import Outcome
from tests.bench.cores import OTHERS, pinned_to
from tests.bench.figures import (
    corpus,
    dead,
    descriptors,
    drip,
    gone,
    idle,
    isolation,
    large,
    reload,
    rows,
    stall,
    volume,
    workers,
)
from tests.bench.figures.stage import Stage

MEASURES = {
    "idle": idle.measure,
    "stall": stall.measure,
    "volume": volume.measure,
    "reload": reload.measure,
    "dead": dead.measure,
    "gone": gone.measure,
    "drip": drip.measure,
    "descriptors": descriptors.measure,
    "workers": workers.measure,
    "isolation": isolation.measure,
    "rows": rows.measure,
    "large": large.measure,
    "corpus": corpus.measure,
}


def measure(
    names: Sequence[str], peers: Sequence[str], reloads: int, say: Callable[[str], None]
) -> list[Outcome]:
    """Measure these figures, one after the other; what fails is said, and stops no other."""
    outcomes = []
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        directory.chmod(0o755)  # nginx's worker is another user
        stage = Stage(directory, peers, reloads, say)
        with pinned_to(OTHERS):
            for name in names:
                say(f"measuring {name}: {(MEASURES[name].__doc__ or '').partition('.')[0]}")
                try:
                    outcomes += MEASURES[name](stage)
                except (OSError, AssertionError, RuntimeError) as error:
                    say(f"FAILED to measure {name}: {error!r}")
    return outcomes
