"""What a worker does when it may open no further file: it waits, burns nothing, and recovers."""

import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

from tests.bench.asking import GET, connect, seconds_until, status
from tests.bench.bounds import Bound, Outcome
from tests.bench.figures.stage import PLAIN, Stage, running
from tests.processes import Program
from tests.wire.ends import End

SPARE = 50  # descriptors that the worker may open beyond those that it has
CLIENTS = 200
SETTLE, WATCHED = 1.0, 2.0  # seconds
AFTERWARDS = 40
CUT_OFF = Bound("out of descriptors: clients cut off without an answer", 0, unit="of 200")
BUSY = Bound("out of descriptors: CPU while nothing is asked", 10, unit="% of a core")
RECOVERED = Bound("out of descriptors: first answer after some are free", 2, unit="s")
ALL_WELL = Bound("out of descriptors: answered afterwards", AFTERWARDS, unit="of 40", at_least=True)


def measure(stage: Stage) -> Iterator[Outcome]:
    """Lower a worker's limit, connect far more clients than it may take, and let them go."""
    with Program("tests.bench.origin") as origin, ExitStack() as stack:
        proxy = stack.enter_context(stage.strangler(PLAIN.format(origin=origin.port)))
        port = proxy.program.port
        assert status(port) == 200
        limit = proxy.descriptors() + SPARE
        for worker in proxy.workers:
            resource.prlimit(worker, resource.RLIMIT_NOFILE, (limit, limit))
        with ExitStack() as crowd:
            clients = [crowd.enter_context(connect(port)) for _ in range(CLIENTS)]
            for client in clients:
                client.send_as_much_as_is_taken(GET)
            time.sleep(SETTLE)
            tree = running(proxy)
            before = tree.cpu_seconds()
            time.sleep(WATCHED)
            busy = (tree.cpu_seconds() - before) / WATCHED * 100
            got = Counter(_got(client) for client in clients)
        recovered = seconds_until(lambda: status(port) == 200)
        afterwards = [status(port) for _ in range(AFTERWARDS)]
    told = ", ".join(f"{count} {what}" for what, count in sorted(got.items()))
    yield Outcome(CUT_OFF, got["cut off"], note=told)
    yield Outcome(BUSY, busy)
    yield Outcome(RECOVERED, recovered)
    yield Outcome(ALL_WELL, afterwards.count(200))


def _got(client: End) -> str:
    client.sock.setblocking(False)
    try:
        data = client.sock.recv(4096)
    except BlockingIOError:
        return "waiting"
    except OSError:
        return "cut off"
    return f"answered {data[9:12].decode()}" if data else "cut off"
