"""What the command line asks the bench to measure."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import figures
from tests.bench.peers import everyone
from tests.bench.works import WORKS
from tests.processes import ROOT

WITHOUT_LOAD = ("matching", "comparing")
ALL = (*WITHOUT_LOAD, *(work.name for work in WORKS), *figures.MEASURES)
QUICK = ("matching", "get-32", "get-256", "shadow")
"""What most of the bounds on ratios need; the rest is left for when there is time."""
QUICK_ROUNDS, ROUNDS = 2, 4
RELOADS = 40
"""A save takes most of a second to go live, so a thousand, as promised for, are left to ask for."""


@dataclass(frozen=True)
class Wanted:
    """What to measure, how long, beside whom, and where to write it."""

    only: tuple[str, ...]
    peers: tuple[str, ...]
    rounds: int
    seconds: float
    reloads: int
    results: Path


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """Read the command line; one that makes no sense ends the program with a word on it."""
    options = _options()
    given = options.parse_args(arguments)
    only = tuple(given.only.split(",")) if given.only else (QUICK if given.quick else ALL)
    peers = tuple(given.peers.split(",")) if given.peers else everyone.NAMES
    for name in [name for name in only if name not in ALL]:
        options.error(f"--only: there is no {name!r}; there are {', '.join(ALL)}")
    for name in [name for name in peers if name not in everyone.NAMES]:
        options.error(f"--peers: there is no {name!r}; there are {', '.join(everyone.NAMES)}")
    rounds = given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS)
    return Wanted(only, peers, rounds, given.seconds, given.reloads, given.results)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="make bench ARGS='…'", description=__doc__)
    options.add_argument("--quick", action="store_true", help="a look that takes two minutes")
    options.add_argument("--only", metavar="WHAT,…", help=f"of {', '.join(ALL)}")
    options.add_argument("--peers", metavar="NAME,…", help=f"of {', '.join(everyone.NAMES)}")
    options.add_argument("--rounds", type=int, help=f"interleaved runs of each ({ROUNDS})")
    options.add_argument("--seconds", type=float, default=1.0, help="of load in each run (1)")
    options.add_argument("--reloads", type=int, default=RELOADS, help=f"under load ({RELOADS})")
    options.add_argument(
        "--results", type=Path, default=ROOT / "bench-results", help="directory to write into"
    )
    return options
