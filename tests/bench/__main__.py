"""Measure the proxy beside every other that is on this machine, and print tables.

make bench ARGS="--only get-32 --peers haproxy"     or     python -m tests.bench …
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench import compare_pairs, load, matching, rounds, tables
from tests.bench.cores import cores, pinned_to
from tests.bench.peers import everyone
from tests.bench.peers.everyone import SHADOWED, STRANGLER
from tests.bench.peers.running import Running
from tests.bench.works import WORKS, Work
from tests.processes import Program

FEW, MANY = 10, 10_000
WITHOUT_LOAD = ("matching", "comparing")


def main() -> None:
    """Measure what is wanted, one after the other."""
    wanted = _options().parse_args()
    known = (*WITHOUT_LOAD, *(work.name for work in WORKS))
    only = wanted.only.split(",") if wanted.only else known
    names = wanted.peers.split(",") if wanted.peers else list(everyone.NAMES)
    if unknown := {*only} - {*known} | {*names} - {*everyone.NAMES}:
        sys.exit(f"there is no {', '.join(sorted(unknown))}; see --help")
    if "matching" in only:
        grown = matching.ratio(FEW, MANY)
        _say(f"== Matching a path\namong {MANY} routes: {grown:.2f} times as long as among {FEW}\n")
    if "comparing" in only:
        _say("== Comparing a pair of answers, against parsing both")
        compare_pairs.main(200)
    if works := [work for work in WORKS if work.name in only]:
        _loaded(works, names, wanted.rounds, wanted.seconds)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="make bench")
    options.add_argument("--rounds", type=int, default=5, help="interleaved runs of each proxy")
    options.add_argument("--seconds", type=float, default=1.0, help="of load in each run")
    names = ", ".join((*WITHOUT_LOAD, *(work.name for work in WORKS)))
    options.add_argument("--only", metavar="WORK,…", help=f"of {names}")
    options.add_argument("--peers", metavar="NAME,…", help=f"of {', '.join(everyone.NAMES)}")
    return options


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _loaded(works: list[Work], names: list[str], count: int, seconds: float) -> None:
    absent = everyone.absent(names)
    for name in absent:
        _say(f"absent: {name} is neither on the PATH nor beside the interpreter")
    taking_part = [STRANGLER, *(name for name in names if name not in (STRANGLER, *absent))]
    if not any(work.shadowed for work in works) and SHADOWED in taking_part:
        taking_part.remove(SHADOWED)
    proxy_core, other_core = cores() or (None, None)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        directory.chmod(0o755)  # nginx's worker is another user
        with pinned_to(other_core):
            origin = stack.enter_context(Program("tests.bench.origin"))
        with pinned_to(proxy_core):
            proxies = stack.enter_context(everyone.running(taking_part, directory, origin))
        _say(f"load from {load.name()}; {count} interleaved runs of {seconds:g} s, after one")
        with pinned_to(other_core):
            for work in works:
                runs = rounds.measure(work, _asked(work, proxies), count, seconds)
                _say(f"\n== {work.title}\n{tables.work(runs, STRANGLER)}")
        for note in filter(None, (proxy.note() for proxy in proxies)):
            _say(note)


def _asked(work: Work, proxies: list[Running]) -> list[Running]:
    """Choose who does a work: shadowing is strangler's alone."""
    if work.shadowed:
        return [proxy for proxy in proxies if proxy.name in (STRANGLER, SHADOWED)]
    return [proxy for proxy in proxies if proxy.name != SHADOWED]


if __name__ == "__main__":
    main()
