"""The upstream of the bench: 1 KB of JSON for every request, at the least cost that Python has.

python -m tests.bench.origin
"""

import asyncio
import sys
from typing import cast

import uvloop

BODY = b'{"items": [%b]}' % b",".join(b'{"id": %d, "name": "dataset"}' % n for n in range(100, 133))
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)


class Origin(asyncio.Protocol):
    """One connection; a request has no body and ends with an empty line."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are not subclasses
        self.begun = b""

    def data_received(self, data: bytes) -> None:
        *whole, self.begun = (self.begun + data).split(b"\r\n\r\n")
        self.transport.write(ANSWER * len(whole))


async def main() -> None:
    """Serve on a free port for ever."""
    server = await asyncio.get_running_loop().create_server(Origin, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"origin listening on http://127.0.0.1:{port}\n")
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
