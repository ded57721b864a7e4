"""A load client of our own, for machines without wrk, and for downloads.

    python -m tests.bench.client PORT SECONDS WORK

It prints one line of JSON as `wrk/report.lua` does; any answer but 200 ends it.
"""

import asyncio
import json
import socket
import sys
import time
from array import array
from itertools import count
from typing import cast

import uvloop

from tests.bench import browser
from tests.bench.load import Load
from tests.bench.works import DOWNLOAD_OCTETS, DOWNLOAD_PATH, HOST, PATH, WORKS, Work

NUMBERS = count(1)
RECEIVED_AT_ONCE = 1 << 20  # as much as a socket's buffer holds: few calls per download


def request(work: Work) -> bytes:
    """Write one request of this work."""
    if work.browser:
        return browser.head(next(NUMBERS))
    method, path = ("POST", PATH) if work.sent_octets else ("GET", PATH)
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    if work.closing:
        lines.append("Connection: close")
    if work.sent_octets:
        lines.append(f"Content-Length: {work.sent_octets}")
    return "\r\n".join([*lines, "", ""]).encode() + b"x" * work.sent_octets


class Client(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, work: Work, took: "array[float]", closed: asyncio.Event | None) -> None:
        self._work = work
        self._same = None if work.browser else request(work)
        self._took = took
        self._closed = closed
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not subclasses
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._received.endswith(b"]}"):  # as every body of the origin does
            if not self._received.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(self._received.decode("latin-1"))
            self._took.append(time.perf_counter() - self._asked)
            self._received = b""
            if self._closed is None:
                self._ask()
            else:
                self._transport.abort()

    def connection_lost(self, _: Exception | None) -> None:
        if self._closed is not None:
            self._closed.set()

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(self._same or request(self._work))


async def _keep_asking(work: Work, port: int, took: "array[float]") -> None:
    connect = asyncio.get_running_loop().create_connection
    while True:
        closed = asyncio.Event() if work.closing else None
        transport, _ = await connect(lambda: Client(work, took, closed), "127.0.0.1", port)  # noqa: B023 - at once
        try:
            await (closed or asyncio.Event()).wait()  # without one of its own, for ever
        finally:
            transport.abort()


async def ask(work: Work, port: int, seconds: float) -> Load:
    """Ask on many connections for some seconds."""
    took = array("d")
    begun = time.perf_counter()
    asking = [asyncio.create_task(_keep_asking(work, port, took)) for _ in range(work.connections)]
    ended, going_on = await asyncio.wait(asking, timeout=seconds)
    load = summary(took, time.perf_counter() - begun)
    for task in going_on:
        task.cancel()
    await asyncio.gather(*going_on, return_exceptions=True)
    for task in ended:
        task.result()  # which is why it ended: it could not connect
    return load


def download(port: int, seconds: float) -> Load:
    """Download one whole body after the other until the time is over; at least one."""
    took = array("d")
    begun = time.perf_counter()
    buffer = bytearray(RECEIVED_AT_ONCE)
    with socket.create_connection(("127.0.0.1", port), 60) as client:
        while not took or time.perf_counter() - begun < seconds:
            asked = time.perf_counter()
            client.sendall(f"GET {DOWNLOAD_PATH} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            _receive_one(client, buffer)
            took.append(time.perf_counter() - asked)
    return summary(took, time.perf_counter() - begun)


def _receive_one(client: socket.socket, buffer: bytearray) -> None:
    got = client.recv_into(buffer)
    head = bytes(buffer[:got]).partition(b"\r\n\r\n")[0]
    if not head.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(head.decode("latin-1"))
    missing = len(head) + 4 + DOWNLOAD_OCTETS - got
    while missing > 0:
        received = client.recv_into(buffer)
        if received == 0:
            raise SystemExit(f"the download ended {missing} octets early")
        missing -= received


def summary(took: "array[float]", seconds: float) -> Load:
    """Sum up how long answers took."""
    ordered = sorted(took)
    if not ordered:
        raise SystemExit("nothing was answered")
    at = [ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 99)]
    return Load(len(ordered), seconds, *at)


def main() -> None:
    """Do one work and print what it took."""
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    work = next(work for work in WORKS if work.name == sys.argv[3])
    done = download(port, seconds) if work.download else uvloop.run(ask(work, port, seconds))
    sys.stdout.write(json.dumps({**done._asdict(), "errors": 0}) + "\n")


if __name__ == "__main__":
    main()
