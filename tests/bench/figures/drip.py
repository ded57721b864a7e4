"""What clients that send their heads octet by octet do to the others, and what becomes of them."""

import contextlib
import time
from collections.abc import Iterator
from contextlib import ExitStack

from strangler.proxy.settings import Settings
from tests.bench.asking import GET, connect
from tests.bench.bounds import Bound, Outcome
from tests.bench.figures.stage import PLAIN, Stage
from tests.processes import Program
from tests.wire.ends import End

SLOW = 150
ASKED_BETWEEN = 5
PAUSE = 0.01  # seconds between two requests of the others
DEADLINE = Settings().head
TIMER = 1.0  # seconds that a deadline may be late: clocks of deadlines need not be fine
OTHERS = Bound(f"others' p99 beside {SLOW} clients dripping heads", 0.1, unit="s")
REFUSED = Bound(
    f"dripping heads: 408 or close for all (deadline {DEADLINE:g} s)", DEADLINE + TIMER, unit="s"
)


def measure(stage: Stage) -> Iterator[Outcome]:
    """Drip on 150 connections until all are refused, and ask on others meanwhile."""
    with Program("tests.bench.origin") as origin, ExitStack() as stack:
        proxy = stack.enter_context(stage.strangler(PLAIN.format(origin=origin.port)))
        port = proxy.program.port
        slow = [stack.enter_context(connect(port)) for _ in range(SLOW)]
        begun = time.monotonic()
        for client in slow:
            client.send(b"GET / HTTP/1.1\r\nX-Slow: ")
            client.sock.setblocking(False)
        took: list[float] = []
        while slow and time.monotonic() - begun < 2 * (DEADLINE + TIMER):
            slow = [client for client in slow if not _refused(client)]
            took += [_ask(port) for _ in range(ASKED_BETWEEN)]
        refused = time.monotonic() - begun if not slow else float("inf")
    took.sort()
    worst = f"the slowest of {len(took)} took {took[-1] * 1000:.0f} ms"
    yield Outcome(OTHERS, took[len(took) * 99 // 100], note=worst)
    yield Outcome(REFUSED, refused)


def _refused(client: End) -> bool:
    """Send one octet more; tell whether an answer or the end has come."""
    with contextlib.suppress(OSError):
        client.sock.send(b"a")
    try:
        client.sock.recv(4096)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def _ask(port: int) -> float:
    time.sleep(PAUSE)
    begun = time.perf_counter()
    with connect(port) as client:
        client.send(GET)
        assert client.response().status == 200
    return time.perf_counter() - begun
