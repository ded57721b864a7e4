"""Clients that ask at a steady, modest rate in the background, and note how they are served."""

import asyncio
import time
from dataclasses import dataclass, field
from threading import Thread
from types import TracebackType
from typing import Self

from tests.bench.asking import GET

CLIENTS = 16
PAUSE = 0.02  # seconds between an answer and the next request: some 700 requests a second in all


@dataclass
class Steady:
    """Keep-alive clients; `took` are the seconds of each answer since the last `forget`.

    `failed` counts answers that were not 200, `closed` connections that ended; such a client
    connects anew.
    """

    port: int
    took: list[float] = field(default_factory=list)
    failed: int = 0
    closed: int = 0
    _ending: bool = False

    def __enter__(self) -> Self:
        self._thread = Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending = True
        self._thread.join()

    def forget(self) -> list[float]:
        """Give the times so far, and begin anew."""
        took, self.took = self.took, []
        return took

    async def _run(self) -> None:
        await asyncio.gather(*(self._client() for _ in range(CLIENTS)))

    async def _client(self) -> None:
        while not self._ending:
            try:
                await self._connected()
            except (OSError, EOFError):
                self.closed += 1

    async def _connected(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            while not self._ending:
                await asyncio.sleep(PAUSE)
                begun = time.perf_counter()
                writer.write(GET)
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readuntil(b"]}")  # as every body of the origin ends
                self.took.append(time.perf_counter() - begun)
                self.failed += not head.startswith(b"HTTP/1.1 200 ")
        finally:
            writer.close()
