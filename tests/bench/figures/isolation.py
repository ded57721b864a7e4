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
ROUNDS = 5
"""Of all kinds in turns; the least p99 of a kind counts, to which the machine's other work only
adds."""

SECONDS = 4.0  # of some 700 requests a second: p99 is made of dozens of answers
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
        rounds = [
            {name: _beside(stage, origin, name) for name in BEHAVIOURS} for _ in range(ROUNDS)
        ]
    good = min(each[WELL].p99 for each in rounds)
    for name in BADLY:
        seen = [each[name] for each in rounds]
        p99 = min(each.p99 for each in seen)
        dropped, failed = sum(each.dropped for each in seen), sum(each.failed for each in seen)
        note = f"p99 {p99 * 1e3:.2f} ms, {good * 1e3:.2f} ms beside a good candidate"
        note += f"; {dropped:,.0f} copies dropped, {failed} clients failed"
        yield Outcome(Bound(f"{name}: clients' p99 against normal", 1.1), p99 / good, note=note)
        grown = max(each.grown for each in seen)
        yield Outcome(Bound(f"{name}: growth of RSS", 192, unit="MiB"), grown)


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
