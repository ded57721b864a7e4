"""Figures that no request rate shows: memory, stalls, reloads, failures, floods."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.bounds import Outcome
from tests.bench.cores import pinned_to
from tests.bench.figures import idle
from tests.bench.figures.stage import Stage

MEASURES = {"idle": idle.measure}


def measure(
    names: Sequence[str], peers: Sequence[str], reloads: int, say: Callable[[str], None]
) -> list[Outcome]:
    """Measure these figures, one after the other; what fails is said, and stops no other."""
    outcomes = []
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        directory.chmod(0o755)  # nginx's worker is another user
        stage = Stage(directory, peers, reloads, say)
        with pinned_to(stage.other_core):
            for name in names:
                say(f"measuring {name}: {(MEASURES[name].__doc__ or '').partition('.')[0]}")
                try:
                    outcomes += MEASURES[name](stage)
                except (OSError, AssertionError, RuntimeError) as error:
                    say(f"FAILED to measure {name}: {error!r}")
    return outcomes
