"""One sitting: every proxy that is here is started once, and they do the works in turns."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench import load, rounds, tables
from tests.bench.cores import OTHERS, PROXIES, pinned_to
from tests.bench.options import Wanted
from tests.bench.peers import everyone
from tests.bench.peers.everyone import SHADOWED, STRANGLER
from tests.bench.peers.running import Running
from tests.bench.results import Results
from tests.bench.works import Work
from tests.processes import Program


def measure(
    works: Sequence[Work], wanted: Wanted, results: Results, say: Callable[[str], None]
) -> None:
    """Do these works with all proxies that are wanted; strangler always takes part."""
    ours = {STRANGLER, SHADOWED} if any(work.shadowed for work in works) else {STRANGLER}
    others = set(wanted.peers) - {SHADOWED}
    names = [name for name in everyone.NAMES if name in ours | others]
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        directory.chmod(0o755)  # nginx's worker is another user
        with pinned_to(OTHERS):
            origin = stack.enter_context(Program("tests.bench.origin"))
        with pinned_to(PROXIES):
            proxies, absent = everyone.start(stack, names, directory, origin)
        for name, why in absent.items():
            results.absent.append(name)
            say(f"absent: {name}: {why}")
        say(f"load from {load.name()}")
        say(f"{wanted.rounds} interleaved runs of {wanted.seconds:g} s, after one that warms up")
        with pinned_to(OTHERS):
            for work in works:
                taking_part = _asked(work, proxies)
                runs = rounds.measure(work, taking_part, wanted.rounds, wanted.seconds)
                results.runs[work.name] = runs
                ours = SHADOWED if work.shadowed else STRANGLER
                say(f"\n== {work.title}\n{tables.work(runs, ours)}")
                for note in filter(None, (proxy.note() for proxy in taking_part)):
                    say(note)


def _asked(work: Work, proxies: list[Running]) -> list[Running]:
    """Choose who does a work: shadowing is strangler's alone."""
    if work.shadowed:
        return [proxy for proxy in proxies if proxy.name in (STRANGLER, SHADOWED)]
    return [proxy for proxy in proxies if proxy.name != SHADOWED]
