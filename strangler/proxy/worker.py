"""Performs one worker process: a loop, a table and pools of its own, steered through a pipe.

`python -m strangler.proxy.worker LISTENING_FD PIPE_FD`, both inherited from the supervisor. When
the pipe closes the supervisor is gone, and a worker without one must not hold the port.
"""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from datetime import UTC, datetime

import structlog
import uvloop

from strangler.logs import configure_logs
from strangler.proxy.descriptors import (
    connections_that_fit,
    descriptor_limit,
    raise_descriptor_limit,
)
from strangler.proxy.entrance import Entrance
from strangler.proxy.listener_context import Identity, ListenerContext
from strangler.proxy.messages import (
    Answers,
    Become,
    CaughtUp,
    Closed,
    Counted,
    Drain,
    FromWorker,
    KnownNoise,
    LearnedNoise,
    Observed,
    Scrape,
    Serving,
    Start,
    Swap,
    Travelled,
    encode,
    receive,
)
from strangler.proxy.plane import DataPlane
from strangler.proxy.traffic import STRETCH
from strangler.proxy.unreported import Unreported

log = structlog.get_logger()

REPORT_INTERVAL = 0.25
"""Seconds between two reports of observations and of answers."""

UNREPORTED_BOUND = 2000
"""Kinds of observations that wait for a report; more are dropped and counted."""

PIPE_BOUND = 8 * 1024 * 1024
"""Octets that wait in the pipe; a supervisor that does not read must not fill our memory."""


BECOME_AGAIN = 1.0
"""Seconds after which another certificate is tried again where no descriptor was left for it."""


class Worker:
    """One worker: the data plane, its listening socket and its end of the pipe."""

    def __init__(self, listener: socket.socket, pipe: socket.socket) -> None:
        """Own both sockets."""
        self._listener = listener
        self._pipe = pipe
        self._unreported = Unreported(UNREPORTED_BOUND)
        self._tls: ListenerContext | None = None
        self._becoming: asyncio.TimerHandle | None = None
        self._plane: DataPlane
        self._writer: asyncio.StreamWriter

    def __repr__(self) -> str:
        """Show what is waiting to be reported."""
        return f"<Worker {self._listener.getsockname()} {self._unreported}>"

    async def run(self) -> None:
        """Serve until told to drain, or until the supervisor is gone."""
        reader, self._writer = await asyncio.open_connection(sock=self._pipe)
        start = await receive(reader)
        if not isinstance(start, Start):
            return
        _say_what_fits(start.settings.connections)
        loop = asyncio.get_running_loop()
        self._plane = plane = DataPlane(
            start.table,
            start.revision,
            start.settings,
            self._unreported,
            closed=lambda fence: self._send(Closed(fence)),
            hold=start.hold,
        )
        secure = {}
        if start.identity is not None:
            self._tls = ListenerContext(start.identity, plane.counters.handshakes)
            secure = self._tls.arguments(start.settings.head)
        entrance = Entrance(plane, self._listener, secure)
        await entrance.open()
        beside = [loop.create_task(plane.sweep()), loop.create_task(self._report())]
        beside.append(loop.create_task(self._report_traffic()))
        # What is there by now stays: to look through all of it for cycles would hold the loop for
        # tens of milliseconds, again and again.
        gc.freeze()
        self._send(Serving(start.revision))
        await self._obey(reader)
        await plane.drain(entrance.close())
        self._send_reports()
        self._send_traffic()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await plane.close()
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    def _become(self, tls: ListenerContext, identity: Identity) -> None:
        """Show another certificate; the supervisor has tried it, so only descriptors can lack."""
        if self._becoming is not None:
            self._becoming.cancel()
        try:
            tls.become(identity)
        except OSError as error:
            log.error("tls_not_reloaded", pid=os.getpid(), said=str(error))
            loop = asyncio.get_running_loop()
            self._becoming = loop.call_later(BECOME_AGAIN, self._become, tls, identity)

    async def _obey(self, reader: asyncio.StreamReader) -> None:
        while True:
            match await receive(reader):
                case Swap(table, revision, hold):
                    self._plane.apply(table, revision, hold)
                    self._send(Serving(revision))
                case Become(identity) if self._tls is not None:
                    self._become(self._tls, identity)
                case CaughtUp(times):
                    self._plane.catch_up(times)
                case KnownNoise(noise):
                    self._plane.mirror.judge.know(noise)
                case Scrape(number):
                    self._send(Counted(number, self._plane.counters, self._plane.gauges()))
                case Drain() | None:
                    return

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_INTERVAL)
            self._send_reports()

    async def _report_traffic(self) -> None:
        while True:
            await asyncio.sleep(STRETCH)
            self._send_traffic()

    def _send_traffic(self) -> None:
        if self._writer.transport.get_write_buffer_size() >= PIPE_BOUND:
            return
        report = self._plane.traffic.report(self._plane.table)
        if report is not None:
            self._send(Travelled(report))

    def _send_reports(self) -> None:
        if self._writer.transport.get_write_buffer_size() >= PIPE_BOUND:
            return
        observations = self._unreported.take(datetime.now(UTC))
        if observations:
            self._send(Observed(observations))
        counts = self._plane.answered.take()
        if counts:
            self._send(Answers(counts))
        learned = self._plane.lessons.take()
        if learned:
            self._send(LearnedNoise(learned))

    def _send(self, message: FromWorker) -> None:
        self._writer.write(encode(message))


def _say_what_fits(wanted: int) -> None:
    limit = descriptor_limit()
    fit = connections_that_fit(wanted, limit)
    if fit < wanted:
        log.warning(
            "max_connections_lowered",
            asked=wanted,
            to=fit,
            descriptors=limit,
            way_out="raise the hard limit of open files (LimitNOFILE=, --ulimit nofile)",
        )
    else:
        log.info("descriptors", pid=os.getpid(), limit=limit, max_connections=fit)


def main() -> None:
    """Run one worker on the two file descriptors named on the command line."""
    # A terminal's Ctrl-C reaches the whole process group; the supervisor decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    configure_logs()
    raise_descriptor_limit()
    listener, pipe = (socket.socket(fileno=int(argument)) for argument in sys.argv[1:3])
    listener.setblocking(False)
    uvloop.run(Worker(listener, pipe).run())


if __name__ == "__main__":
    main()
