"""Load from `wrk` where it is on the PATH, else from the client below.

    python -m tests.bench.load PORT SECONDS

It prints how many requests were answered; any answer but 200 ends it.
"""

import asyncio
import re
import shutil
import subprocess
import sys
from typing import cast

import uvloop

CONNECTIONS = 32
PATH = "/api/v1/datasets?page=2"
REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: bench.example\r\nAccept: */*\r\n\r\n".encode()


def name() -> str:
    """Say where load comes from."""
    return "wrk" if shutil.which("wrk") else "a client of our own (wrk is not on the PATH)"


def requests_answered(port: int, seconds: float) -> int:
    """Load the server on `port` for some seconds and count what it answered."""
    if shutil.which("wrk"):
        return _by_wrk(port, seconds)
    command = [sys.executable, "-m", "tests.bench.load", str(port), str(seconds)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _by_wrk(port: int, seconds: float) -> int:
    duration = f"{max(1, round(seconds))}s"
    url = f"http://127.0.0.1:{port}{PATH}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{duration}", "-H", "Host: bench.example", url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"(\d+) requests in", said)
    if found is None or "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"not every request was answered with 200:\n{said}")
    return int(found[1])


class Client(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self) -> None:
        self.answered = 0
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are not subclasses
        self.transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._received.endswith(b"]}"):  # as every body of the origin does
            if not self._received.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(self._received.decode("latin-1"))
            self.answered += 1
            self._received = b""
            self.transport.write(REQUEST)


async def _by_ourselves(port: int, seconds: float) -> int:
    connect = asyncio.get_running_loop().create_connection
    opened = [await connect(Client, "127.0.0.1", port) for _ in range(CONNECTIONS)]
    await asyncio.sleep(seconds)
    for transport, _ in opened:
        transport.abort()
    return sum(client.answered for _, client in opened)


if __name__ == "__main__":
    sys.stdout.write(str(uvloop.run(_by_ourselves(int(sys.argv[1]), float(sys.argv[2])))))
