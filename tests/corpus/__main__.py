"""Run the corpus by hand: `python -m tests.corpus [TIMES [WORD]]`; WORD chooses pairs by name."""

import sys
import tempfile
from pathlib import Path

from tests.corpus.all_pairs import load_all
from tests.corpus.pairs import known_wrong
from tests.corpus.running import run
from tests.corpus.score import score


def main(times: int, word: str) -> None:
    """Ask, score, and write the table."""
    pairs = [pair for pair in load_all() if word in str(pair)]
    with tempfile.TemporaryDirectory() as directory:
        asked = run(Path(directory), pairs, times)
    sys.stdout.write(score(pairs, asked.findings, known_wrong()).table() + "\n")
    sys.stdout.write(f"copies: {dict(asked.copies)}\n")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 3, given[1] if len(given) > 1 else "")
