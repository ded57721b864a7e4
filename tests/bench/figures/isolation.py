"""What a bad candidate costs the clients whose requests it gets copies of."""

from collections.abc import Iterator
from contextlib import ExitStack
from time import sleep
from typing import NamedTuple

from tests.bench.bounds import Bound, Outcome
from tests.bench.candidate import BEHAVIOURS
from tests.bench.figures.stage import Stage
from tests.bench.figures.steady import Steady
from tests.processes import Program

WELL, *BADLY = BEHAVIOURS
SECONDS = 5.0  # of some 700 requests a second: p99 is made of dozens of answers
WARM = 1.0
MIB = 2**20
ROUTES = """\
version: 1
monolith: monolith
upstreams:
  monolith: {{targets: ["{monolith}"]}}
  service: {{targets: ["{service}"], timeouts: {{response: 2s}}}}
domains:
  datasets:
    service: service
    phase: shadow
    shadow: {{sample: 100%}}
    routes: [{{path: /api/v1/datasets}}]
"""


class Seen(NamedTuple):
    """The p99 of clients in seconds, growth of RSS in MiB, copies that were dropped, failures."""

    p99: float
    grown: float
    dropped: float
    failed: int


def measure(stage: Stage) -> Iterator[Outcome]:
    """Copy each request to a candidate of each kind; p99 beside that with a good one, and RSS."""
    with Program("tests.bench.origin") as origin:
        for name in BADLY:
            # In turns with the good one, for the machine's other work comes and goes.
            before, bad, after = (_beside(stage, origin, one) for one in (WELL, name, WELL))
            good = (before.p99 + after.p99) / 2
            note = f"p99 {bad.p99 * 1e3:.2f} ms, {good * 1e3:.2f} ms beside a good candidate"
            note += f"; {bad.dropped:,.0f} copies dropped, {bad.failed} clients failed"
            yield Outcome(
                Bound(f"{name}: clients' p99 against normal", 1.1), bad.p99 / good, note=note
            )
            yield Outcome(Bound(f"{name}: growth of RSS", 192, unit="MiB"), bad.grown)


def _beside(stage: Stage, origin: Program, name: str) -> Seen:
    with ExitStack() as stack:
        candidate = stack.enter_context(Program("tests.bench.candidate", name))
        text = ROUTES.format(monolith=origin.url, service=candidate.url)
        proxy = stack.enter_context(stage.strangler(text))
        clients = stack.enter_context(Steady(proxy.program.port))
        sleep(WARM)
        clients.forget()
        held = proxy.memory()
        sleep(SECONDS)
        took = sorted(clients.forget())
        grown = (proxy.memory() - held) / MIB
        copies = proxy.metric("strangler_shadow_copies_total")
        kept = proxy.metric("strangler_shadow_copies_total", outcome="answered")
        return Seen(took[len(took) * 99 // 100], grown, copies - kept, clients.failed)
