"""Measure the proxy beside every other that is on this machine: tables, JSON and a plot.

make bench ARGS="--only get-32 --peers haproxy"     or     python -m tests.bench …
"""

import sys

from tests.bench import bounds, compare_pairs, figures, matching, plot, sitting, tables
from tests.bench.bounds import MATCHING, Outcome
from tests.bench.options import Wanted, wanted
from tests.bench.results import Results
from tests.bench.works import WORKS

PAIRS_ROUNDS = 200


def main() -> None:
    """Measure what is wanted, one after the other, and write it down."""
    what = wanted()
    results = Results(what.rounds, what.seconds)
    _without_load(what, results)
    if works := [work for work in WORKS if work.name in what.only]:
        sitting.measure(works, what, results, _say)
        results.outcomes += bounds.outcomes(results.runs)
    if named := [name for name in figures.MEASURES if name in what.only]:
        results.outcomes += figures.measure(named, what.peers, what.reloads, _say)
    _say(f"\n== To reach\n{tables.bounds(results.outcomes)}")
    _write(what, results)


def _without_load(what: Wanted, results: Results) -> None:
    if "matching" in what.only:
        results.outcomes.append(Outcome(MATCHING, matching.ratio(10, 10_000)))
    if "comparing" in what.only:
        _say("== Comparing a pair of answers, against parsing both")
        compare_pairs.main(PAIRS_ROUNDS)


def _write(what: Wanted, results: Results) -> None:
    what.results.mkdir(parents=True, exist_ok=True)
    results.write(what.results / "results.json")
    if results.runs:
        (what.results / "results.svg").write_text(plot.svg(results.runs))
    _say(f"\nwritten to {what.results}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
