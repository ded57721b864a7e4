"""Performs the keeping of workers: starts them, replaces those that die, steers them through pipes.

Workers share the listening port and nothing else. Each has a listening socket of its own
(SO_REUSEPORT) that the supervisor keeps open, so that connections waiting on a worker that died
are answered by the one that takes its place.
"""

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog

from strangler.proxy.counters import Counters, Gauges
from strangler.proxy.listener_context import Identity
from strangler.proxy.messages import (
    Answers,
    Become,
    CaughtUp,
    Closed,
    Counted,
    Drain,
    KnownNoise,
    LearnedNoise,
    Observed,
    Scrape,
    Serving,
    Start,
    Swap,
    ToWorker,
    Travelled,
    encode,
    receive,
)
from strangler.proxy.settings import Settings
from strangler.routing.hold import Hold, held
from strangler.routing.table import RouteTable
from strangler.store.observed import Observation
from strangler.store.records import AnswerKey, NoiseSeen, TrafficReport

log = structlog.get_logger()

SCRAPE_TIMEOUT = 1.0
"""Seconds that a worker has to answer a scrape; one that does not is left out of it."""

RESTART_DELAY = 0.5
"""Seconds before a worker that died is replaced: one that dies at once must not spin."""

START_WITHIN = 60.0
"""Seconds in which the next worker must say that it serves. It takes one or two; many that start at
once on a slow disk take ten times that."""

KILL_AGAIN = 0.1
"""Seconds after which those are killed too that were only being started."""

KILL_AFTER = 3.0
"""Seconds beyond the drain bound that a worker has before it is killed."""


@dataclass
class WorkerHandle:
    """The supervisor's end of one worker; `revision` is what it serves, 0 before it does.

    `fence` is the last of which no earlier write is under way in it.
    """

    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    revision: int = 0
    fence: int = 0
    scrapes: dict[int, asyncio.Future[Counted]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show the process and what it serves."""
        return f"<WorkerHandle pid={self.process.pid} revision={self.revision}>"

    def send(self, message: ToWorker) -> None:
        """Tell the worker something; one that is gone hears nothing."""
        self.hand(encode(message))

    def hand(self, encoded: bytes) -> None:
        """Tell it what others are told in the same words."""
        if not self.writer.is_closing():
            self.writer.write(encoded)


class Supervisor:
    """All workers of one machine."""

    def __init__(
        self,
        listeners: list[socket.socket],
        table: RouteTable,
        revision: int,
        settings: Settings,
        observed: Callable[[tuple[Observation, ...]], None],
        answered: Callable[[Mapping[AnswerKey, int]], None],
        identity: Identity | None = None,
        inherited: tuple[int, ...] = (),
        hold: Hold | None = None,
    ) -> None:
        """Keep one worker for each listener.

        `observed` takes what their shadow copies show, `answered` how often each kind of answer
        was given. With an `identity` they speak TLS to clients. They inherit the file descriptors
        `inherited`. The writes of a `hold` wait.
        """
        self._listeners = listeners
        self._table = table if hold is None else held(table, hold)
        self._settings = settings
        self._observed = observed
        self._answered = answered
        self._identity = identity
        self._inherited = inherited
        self._keepers: list[asyncio.Task[None]] = []
        self._workers: dict[int, WorkerHandle] = {}
        self._changed = asyncio.Event()
        self._draining = False
        self._scrapes = 0
        self._hold = hold
        self._hold_ends = 0.0
        self._noise: tuple[NoiseSeen, ...] = ()
        self._departed = Counters()
        self._last_counted: dict[int, Counters] = {}
        self.revision = revision
        self.restarts = 0
        self.on_progress: Callable[[], None] = lambda: None
        self.on_noise: Callable[[tuple[NoiseSeen, ...]], None] = lambda _: None
        self.on_traffic: Callable[[TrafficReport], None] = lambda _: None
        """Called when a worker has done what it was told."""

    def __repr__(self) -> str:
        """Show the workers."""
        return f"<Supervisor revision={self.revision} workers={list(self._workers.values())}>"

    @property
    def wanted(self) -> int:
        """How many workers there should be."""
        return len(self._listeners)

    @property
    def ready(self) -> int:
        """How many workers serve the live revision."""
        return sum(worker.revision == self.revision for worker in self._workers.values())

    @property
    def fence(self) -> int:
        """The fence at which the writes of *all* workers wait, and none from before goes on; or 0.

        A place without a worker counts as one in which writes go on, until the next one says no.
        """
        fences = {worker.fence for worker in self._workers.values()}
        whole = len(self._workers) == self.wanted and len(fences) == 1
        return fences.pop() if whole and self._hold is not None else 0

    async def start(self) -> str:
        """Start all workers. Where one dies or stays silent all are ended, and it says so."""
        self._keepers = [
            asyncio.create_task(self._keep(index, listener))
            for index, listener in enumerate(self._listeners)
        ]
        while self.ready < self.wanted and not self.restarts:
            self._changed.clear()
            try:
                async with asyncio.timeout(START_WITHIN):
                    await self._changed.wait()
            except TimeoutError:
                said = self._of_the_silent()
                await self._give_up()
                return said
        if self.restarts:
            await self._give_up()
            return "a worker died at start; its own message stands above"
        return ""

    def _of_the_silent(self) -> str:
        silent = [w.process.pid for w in self._workers.values() if w.revision != self.revision]
        pids = ", ".join(map(str, silent)) or "none"
        return (
            f"{self.ready} of {self.wanted} workers serve, and no other has come to it within "
            f"{START_WITHIN:g} s (pid {pids}): all are ended. Look whether the machine is short of "
            "CPU or memory, or a disk hangs that their files are on (this program's own, and the "
            "certificates that the table names)"
        )

    async def _give_up(self) -> None:
        """End every worker, those too that are only being started, and wait until all are gone."""
        self._draining = True
        while not all(keeper.done() for keeper in self._keepers):
            self.kill()
            await asyncio.wait(self._keepers, timeout=KILL_AGAIN)

    def swap(self, table: RouteTable, revision: int, hold: Hold | None = None) -> None:
        """Make a table live in every worker; a worker that starts later starts with it.

        The writes of a `hold` wait.
        """
        table = table if hold is None else held(table, hold)
        self._table = table
        self._hold = hold
        self._hold_ends = time.monotonic() + (hold.seconds if hold else 0.0)
        self.revision = revision
        encoded = encode(Swap(table, revision, hold))
        for worker in self._workers.values():
            worker.hand(encoded)

    def caught_up(self, times: Mapping[str, float]) -> None:
        """Tell every worker until when all writes of some domains are on both sides."""
        for worker in self._workers.values():
            worker.send(CaughtUp(dict(times)))

    def know_noise(self, noise: tuple[NoiseSeen, ...]) -> None:
        """Tell every worker what is known of noise, where that is news; later ones too."""
        if noise == self._noise:
            return
        self._noise = noise
        for worker in self._workers.values():
            worker.send(KnownNoise(noise))

    def become(self, identity: Identity) -> None:
        """Have every worker show clients another certificate, one that starts later too."""
        self._identity = identity
        for worker in self._workers.values():
            worker.send(Become(identity))

    async def scrape(self) -> tuple[Counters, list[Gauges]]:
        """Add up what all workers have counted, those that died included, and take stock."""
        self._scrapes += 1
        number = self._scrapes
        answers = await asyncio.gather(
            *(self._scrape(number, index, worker) for index, worker in list(self._workers.items()))
        )
        total = Counters()
        total.add(self._departed)
        for counters in self._last_counted.values():
            total.add(counters)
        return total, [answer.gauges for answer in answers if answer is not None]

    async def _scrape(self, number: int, index: int, worker: WorkerHandle) -> Counted | None:
        answer: asyncio.Future[Counted] = asyncio.get_running_loop().create_future()
        worker.scrapes[number] = answer
        worker.send(Scrape(number))
        try:
            async with asyncio.timeout(SCRAPE_TIMEOUT):
                counted = await answer
        except TimeoutError:
            return None
        finally:
            worker.scrapes.pop(number, None)
        self._last_counted[index] = counted.counters
        return counted

    async def drain(self) -> None:
        """Stop accepting, let every worker finish within its bound, and wait for all to exit."""
        self._draining = True
        for listener in self._listeners:
            listener.close()
        for worker in self._workers.values():
            worker.send(Drain())
        try:
            async with asyncio.timeout(self._settings.drain + KILL_AFTER):
                await asyncio.gather(*self._keepers)
        except TimeoutError:
            self.kill()

    def kill(self) -> None:
        """End every worker at once."""
        for worker in self._workers.values():
            with contextlib.suppress(ProcessLookupError):
                worker.process.kill()

    async def _keep(self, index: int, listener: socket.socket) -> None:
        """Run one worker after another in one place, until draining."""
        while not self._draining:
            worker = await self._spawn(listener)
            self._workers[index] = worker
            self._instruct(worker)
            await self._listen(worker)
            code = await worker.process.wait()
            worker.writer.close()
            del self._workers[index]
            self._departed.add(self._last_counted.pop(index, Counters()))
            if not self._draining:
                self.restarts += 1
                log.error("worker_died", pid=worker.process.pid, exit_code=code)
                self._changed.set()
                await asyncio.sleep(RESTART_DELAY)

    def _instruct(self, worker: WorkerHandle) -> None:
        """Tell a new worker what all were told, also while it was being started."""
        hold = self._hold
        if hold is not None:
            hold = replace(hold, seconds=max(0.0, self._hold_ends - time.monotonic()))
        worker.send(Start(self._table, self.revision, self._settings, self._identity, hold))
        if self._noise:
            worker.send(KnownNoise(self._noise))
        if self._draining:
            worker.send(Drain())

    async def _spawn(self, listener: socket.socket) -> WorkerHandle:
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "strangler.proxy.worker",
                str(listener.fileno()),
                str(theirs.fileno()),
                pass_fds=(listener.fileno(), theirs.fileno(), *self._inherited),
                stdin=asyncio.subprocess.DEVNULL,
            )
        reader, writer = await asyncio.open_connection(sock=ours)
        return WorkerHandle(process, reader, writer)

    async def _listen(self, worker: WorkerHandle) -> None:
        while (message := await receive(worker.reader)) is not None:
            match message:
                case Serving(revision):
                    worker.revision = revision
                    self._changed.set()
                    self.on_progress()
                case Closed(fence):
                    worker.fence = fence
                    self.on_progress()
                case Counted(number):
                    answer = worker.scrapes.get(number)
                    if answer is not None and not answer.done():
                        answer.set_result(message)
                case Observed(observations):
                    self._observed(observations)
                case Answers(counts):
                    self._answered(counts)
                case LearnedNoise(noise):
                    self.on_noise(noise)
                case Travelled(report):
                    self.on_traffic(report)
                case _:
                    log.error("unexpected_message", pid=worker.process.pid)
