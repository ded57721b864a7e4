"""What many reloads of a large table do to the clients of a proxy under load."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack

from tests.bench.asking import seconds_until
from tests.bench.bounds import Bound, Outcome
from tests.bench.cores import EVERY
from tests.bench.figures.stage import Stage
from tests.bench.figures.steady import Steady
from tests.bench.peers import ours
from tests.processes import Program
from tests.wire.proxy import Proxy

ROUTES = 1000
NORMAL = 15.0  # seconds of load without a reload, to compare with
FAILED = Bound("reloads of 1,000 routes under load: requests failed", 0, unit="failed")
CLOSED = Bound("reloads of 1,000 routes under load: connections closed", 0, unit="closed")
SLOWER = Bound("reloads of 1,000 routes under load: p99 against normal", 2)
LIVE = re.compile(r"revision_live\b.*\brevision=(\d+)")


def measure(stage: Stage) -> Iterator[Outcome]:
    """Save the file again and again, each time when the last save is live, and ask meanwhile."""
    with Program("tests.bench.origin") as origin, ExitStack() as stack:
        text = ours.routes(origin.url, "shadow", ROUTES)
        # On all cores: the supervisor, which reads the file, runs beside the worker.
        proxy = stack.enter_context(stage.strangler(_sample(text, 0), "--watch", cores=EVERY))
        clients = stack.enter_context(Steady(proxy.program.port))
        time.sleep(NORMAL)
        normal = _p99(clients.forget())
        begun = time.monotonic()
        for number in range(1, stage.reloads + 1):
            _save(proxy, _sample(text, number))
            seconds_until(lambda: _live(proxy) > number, 0.01)  # noqa: B023 - asked at once
        each = (time.monotonic() - begun) / stage.reloads
        while_reloading = _p99(clients.forget())
    note = f"{stage.reloads} reloads, {each * 1000:.0f} ms from a save until it is live"
    yield Outcome(FAILED, clients.failed, note=note)
    yield Outcome(CLOSED, clients.closed)
    p99 = f"p99 {normal * 1000:.1f} ms, while reloading {while_reloading * 1000:.1f} ms"
    yield Outcome(SLOWER, while_reloading / normal, note=p99)


def _sample(text: str, number: int) -> str:
    """Make a table that differs from the last one, in a share that is never zero."""
    return text.replace("sample: 100%", f"sample: {number % 100 + 1}%")


def _save(proxy: Proxy, text: str) -> None:
    saved = proxy.routes.with_suffix(".new")
    saved.write_text(text)
    saved.replace(proxy.routes)


def _live(proxy: Proxy) -> int:
    found = LIVE.findall(proxy.program.output)
    return int(found[-1]) if found else 1


def _p99(took: list[float]) -> float:
    return sorted(took)[len(took) * 99 // 100]
