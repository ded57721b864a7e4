"""How soon the upstream is freed of work whose client has gone."""

import math
import time
from collections.abc import Callable, Iterator

from tests.bench.asking import GET, connect
from tests.bench.bounds import Bound, Outcome
from tests.bench.figures.stage import Stage
from tests.bench.peers.everyone import STRANGLER
from tests.wire.ends import End, Listener

TIMES = 3
PATIENCE = 5.0  # seconds, after which we say that it is never freed
PIECE = bytes(1 << 16)


def measure(stage: Stage) -> Iterator[Outcome]:
    """Let the client go in three ways, and wait for the end of the upstream's connection."""
    took: dict[str, dict[str, float]] = {way: {} for way in WAYS}
    # HAProxy is left out: it lets the upstream work on unless told otherwise.
    for name in (STRANGLER, *stage.anchors("nginx", "envoy")):
        upstream = Listener()
        try:
            with stage.proxy(name, upstream.port) as proxy:
                for way, go in WAYS.items():
                    took[way][name] = max(_once(proxy.port, upstream, go) for _ in range(TIMES))
        finally:
            upstream.close()
    for way, seconds in took.items():
        yield Outcome.of(Bound(f"upstream freed: client {way}", 1, unit="s"), seconds)


def _once(port: int, upstream: Listener, go: Callable[[End, End], float]) -> float:
    """Ask, and give the time until the upstream knows that nobody waits."""
    with connect(port) as client:
        client.send(GET)
        with upstream.accept() as server:
            server.head()
            server.sock.settimeout(PATIENCE)
            return go(client, server)


def _reset(client: End, server: End) -> float:
    client.reset()
    return _seconds_until_closed(server)


def _close(client: End, server: End) -> float:
    client.close()
    return _seconds_until_closed(server)


def _close_while_loading(client: End, server: End) -> float:
    server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + PIECE)
    client.head()
    client.close()
    begun = time.monotonic()
    try:
        while time.monotonic() - begun < PATIENCE:
            server.send(PIECE)
    except TimeoutError:
        return math.inf
    except ConnectionError:
        return time.monotonic() - begun
    return math.inf


def _seconds_until_closed(server: End) -> float:
    begun = time.monotonic()
    try:
        server.rest_in_any_case()
    except TimeoutError:
        return math.inf
    return time.monotonic() - begun


WAYS = {
    "resets before the answer": _reset,
    # An end of the client's octets alone: it might still wait for the answer.
    "closes before the answer": _close,
    "closes in the middle of a download": _close_while_loading,
}
