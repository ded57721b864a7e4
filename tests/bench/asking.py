"""One plain client connection, for what asks one thing at a time."""

import socket
import time
from collections.abc import Callable

from tests.bench.works import HOST, PATH
from tests.wire.ends import End

GET = f"GET {PATH} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
PATIENCE = 30.0
"""Seconds that any single wait may take before it counts as a failure to measure."""


def connect(port: int) -> End:
    """Open a connection to a proxy."""
    end = End(socket.create_connection(("127.0.0.1", port), PATIENCE))
    end.sock.settimeout(PATIENCE)
    return end


def status(port: int) -> int:
    """Ask once on a new connection; 0 where there is no whole answer."""
    try:
        with connect(port) as client:
            client.send(GET)
            return client.response().status
    except (OSError, AssertionError):
        return 0


def seconds_until(condition: Callable[[], bool], pause: float = 0.005) -> float:
    """Ask again and again, and give the time until it is so; an `OSError` where it never is."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > PATIENCE:
            raise TimeoutError(f"not within {PATIENCE:g} s")
        time.sleep(pause)
    return time.monotonic() - begun
