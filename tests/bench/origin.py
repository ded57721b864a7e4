"""The upstream of the bench, at the least cost that Python has.

python -m tests.bench.origin [PORT]

It answers 1 KB of JSON, or 100 MB where the path ends in `.bin`. It takes bodies that have a
Content-Length, and empty chunked ones, which some clients send with a GET.
"""

import asyncio
import re
import sys
from typing import cast

import uvloop

from tests.bench.works import DOWNLOAD_OCTETS

BODY = b'{"items": [%b]}' % b",".join(b'{"id": %d, "name": "dataset"}' % n for n in range(100, 133))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
ANSWER = HEAD % (b"application/json", len(BODY)) + BODY
DOWNLOAD = HEAD % (b"application/octet-stream", DOWNLOAD_OCTETS) + bytes(DOWNLOAD_OCTETS)
NO_CHUNKS = b"0\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Origin(asyncio.Protocol):
    """One connection, whose requests come one after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are not subclasses
        self.begun = b""

    def data_received(self, data: bytes) -> None:
        self.begun += data
        while (end := self.begun.find(b"\r\n\r\n")) >= 0:
            end += 4
            if self.begun.startswith(NO_CHUNKS):
                self.begun = self.begun[end:]
                continue
            if not self.begun.startswith(b"GET "):
                found = LENGTH.search(self.begun, 0, end)
                end += int(found[1]) if found else 0
                if len(self.begun) < end:
                    return
            line = self.begun[: self.begun.index(b"\r\n")]
            self.begun = self.begun[end:]
            self.transport.write(DOWNLOAD if b".bin" in line else ANSWER)


async def main(port: int) -> None:
    """Serve for ever; on a free port where 0 is asked for."""
    # Each of a thousand clients may get a connection of its own at once.
    server = await asyncio.get_running_loop().create_server(Origin, "127.0.0.1", port, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"origin listening on http://127.0.0.1:{port}\n")
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
