"""How soon clients are told that the upstream is dead, and are served when it is back."""

from collections.abc import Iterator
from contextlib import ExitStack
from time import monotonic

from tests.bench.asking import seconds_until, status
from tests.bench.bounds import Bound, Outcome
from tests.bench.figures.stage import Stage, running
from tests.bench.peers import ours
from tests.bench.peers.everyone import STRANGLER
from tests.bench.peers.running import Running, free_port
from tests.processes import Program

TIMES = 2
DEAD_FOR = 2.0  # seconds: long enough for breakers and health checks to have their say
TOLD = Bound("dead upstream: until clients get a 5xx", 1, unit="s")
BACK = Bound("dead upstream: until it is used again after its return", 1, unit="s")


def measure(stage: Stage) -> Iterator[Outcome]:
    """Kill the upstream, ask on and on, start it again; the worse of two times."""
    told, back = {}, {}
    for name in (STRANGLER, *stage.anchors("nginx", "haproxy", "envoy")):
        with Program("tests.bench.origin", str(free_port())) as origin, ExitStack() as stack:
            proxy = _start(stage, stack, name, origin)
            both = [_once(proxy.port, origin) for _ in range(TIMES)]
        told[name], back[name] = max(one for one, _ in both), max(other for _, other in both)
    yield Outcome.of(TOLD, told)
    yield Outcome.of(BACK, back)


def _start(stage: Stage, stack: ExitStack, name: str, origin: Program) -> Running:
    if name == STRANGLER:  # as it runs at work: with health checks, which may know better
        routes = ours.routes(origin.url, "monolith")
        return running(stack.enter_context(stage.strangler(routes)))
    return stack.enter_context(stage.proxy(name, origin.port))


def _once(port: int, origin: Program) -> tuple[float, float]:
    seconds_until(lambda: status(port) == 200)
    origin.kill()
    begun = monotonic()
    told = seconds_until(lambda: status(port) >= 500)
    while monotonic() - begun < DEAD_FOR:
        status(port)
    origin.start()
    return told, seconds_until(lambda: status(port) == 200)
