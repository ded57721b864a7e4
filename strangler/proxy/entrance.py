"""Performs the letting in of clients, and pauses it while no descriptor is left for another.

With none left libuv would accept the next clients with a spare one and close them at once. So the
last is missed before: then nobody is accepted, clients wait in the kernel's queue, and those inside
with whom nothing goes on are asked to leave (nginx does so with its `worker_connections`).
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterable
from heapq import nsmallest
from typing import Any

import structlog

from strangler.proxy.client import ClientConnection
from strangler.proxy.descriptors import KEPT_BACK, descriptor_limit
from strangler.proxy.plane import DataPlane
from strangler.proxy.settings import Settings

log = structlog.get_logger()

BACKLOG = 4096
"""Connections that the kernel holds while the loop is busy: a second of a busy site."""

LOOK_AGAIN = 0.1
"""Seconds between two looks whether descriptors are free again."""

SILENT_FOR = 1.0
"""Seconds without a request after which others may have a connection's descriptor: a client in the
middle of a page asks for the next thing sooner."""


SAID_EVERY = 1.0
"""Seconds between two log lines about pauses: the counter has each."""


class Entrance:
    """One worker's listening socket: open, pausing, or closed for good."""

    __slots__ = (
        "_listener",
        "_loop",
        "_plane",
        "_resuming",
        "_said_at",
        "_secure",
        "_server",
    )

    def __init__(
        self, plane: DataPlane, listener: socket.socket, secure: dict[str, Any] | None = None
    ) -> None:
        """Own a socket that listens; `secure` is what the loop needs for TLS."""
        self._plane = plane
        self._listener = listener
        self._secure = secure or {}
        self._loop = asyncio.get_running_loop()
        self._server: asyncio.Server | None = None
        self._said_at = -SAID_EVERY
        self._resuming: asyncio.Task[None] | None = None
        plane.descriptors.ran_out = self._pause

    def __repr__(self) -> str:
        """Show whether somebody may come in."""
        return f"<Entrance {'open' if self._server is not None else 'shut'}>"

    async def open(self) -> None:
        """Let clients in, as soon as there are descriptors for them."""
        if self._plane.descriptors.recover():
            await self._listen()
        else:
            self._pause()

    async def _listen(self) -> None:
        # A duplicate, because the loop closes what it was given: the queue is to outlive a pause.
        self._server = await self._loop.create_server(
            self._let_in, sock=self._listener.dup(), backlog=BACKLOG, **self._secure
        )

    def _let_in(self) -> ClientConnection:
        self._plane.descriptors.look()
        return ClientConnection(self._plane)

    def _pause(self) -> None:
        plane = self._plane
        plane.counters.pauses += 1
        if plane.now() - self._said_at >= SAID_EVERY:
            self._said_at = plane.now()
            log.warning(
                "accepting_pauses",
                pid=os.getpid(),
                descriptors=descriptor_limit(),
                clients=len(plane.clients),
            )
        # Whoever comes in this moment is still to be taken over from the server.
        self._loop.call_soon(self._shut)
        self._resuming = plane.spawn(self._resume())

    def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _resume(self) -> None:
        while True:
            await asyncio.sleep(LOOK_AGAIN)
            if self._plane.descriptors.recover():
                break
            self._make_room()
        await self._listen()
        self._plane.descriptors.look()  # the listener has taken one

    def _make_room(self) -> None:
        plane = self._plane
        for pools in (plane.shadow_pools, plane.pools):
            for pool in pools.values():
                pool.close_idle(SILENT_FOR)
        for client in may_leave(plane.clients, plane.tick, plane.settings):
            client.leave()

    def close(self) -> list[asyncio.Task[None]]:
        """Let nobody in any more; gives those who came in time and waited in the kernel's queue."""
        self._shut()
        if self._resuming is not None:
            self._resuming.cancel()
        self._plane.descriptors.close()
        waiting = list(self._accepted())
        self._listener.close()
        return [self._plane.spawn(self._take_over(sock)) for sock in waiting]

    def _accepted(self) -> Iterable[socket.socket]:
        with contextlib.suppress(OSError):  # nobody waits, or no descriptor is left for them
            while True:
                yield self._listener.accept()[0]

    async def _take_over(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it has gone, or its handshake failed
            await self._loop.connect_accepted_socket(self._let_in, sock, **self._secure)


def may_leave(
    clients: Iterable[ClientConnection], tick: float, settings: Settings
) -> list[ClientConnection]:
    """Choose whose descriptors others may have: a few at a time, the most silent first.

    One that has not asked for anything yet has as long for it as for a head.
    """
    latest = {True: tick - SILENT_FOR, False: tick - settings.head}
    silent = [
        client
        for client in clients
        if client.idle and client.deadline - settings.idle <= latest[client.begun > 0]
    ]
    return nsmallest(KEPT_BACK, silent, key=lambda client: client.deadline)
