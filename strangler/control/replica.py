"""Performs the life of one replica: its workers, what they report, and its admin port."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import structlog
import uvicorn

from strangler.compiled import is_compiled
from strangler.control.app import Readiness, admin_app
from strangler.control.autopilot import Autopilot
from strangler.control.catching_up import watch_lags
from strangler.control.certificate import ListenerCertificate
from strangler.control.listen import shown
from strangler.control.live import LiveTable
from strangler.control.membership import Membership
from strangler.control.metrics import Snapshot, exposition
from strangler.control.noise import NoiseKeeper
from strangler.control.recorder import Recorder
from strangler.control.retention import keep_small
from strangler.control.saved_file import SavedFile
from strangler.control.supervisor import Supervisor
from strangler.control.traffic import TrafficRecorder
from strangler.proxy.settings import Settings
from strangler.store.store import Store

log = structlog.get_logger()

Work: TypeAlias = Callable[[], Awaitable[None]]
"""Something that is done for as long as we serve."""

REST_AFTER_FAULT = 1.0
"""Seconds before work that broke is begun anew: a fault that stays must not fill the log."""


class ServeError(Exception):
    """Serving cannot begin; the message is one line for people."""


@dataclass(frozen=True, slots=True)
class Served:
    """What is served and by whom. `file` is the one to make live, if any; `watched`: each save."""

    store: Store
    live: LiveTable
    membership: Membership
    file: SavedFile | None
    watched: bool
    certificate: ListenerCertificate | None


@dataclass(frozen=True, slots=True)
class _Keepers:
    """What takes the reports of workers, and writes them to the store."""

    recorder: Recorder
    traffic: TrafficRecorder
    noise: NoiseKeeper

    @property
    def works(self) -> tuple[Work, ...]:
        """Give what each does all the time."""
        return self.recorder.run, self.traffic.run, self.noise.run

    async def finish(self) -> None:
        """Write what is left."""
        await self.recorder.finish()
        await self.traffic.finish()
        await self.noise.finish()


async def serve_until_stopped(
    served: Served, settings: Settings, listeners: list[socket.socket], admin: socket.socket
) -> None:
    """Serve clients on `listeners`, operators on `admin`, until a signal. Raises `ServeError`."""
    supervisor, keepers = _staff(served, settings, listeners)
    stop = _stop_event(supervisor)
    _on_hangup(served.certificate)
    if failure := await supervisor.start():
        raise ServeError(failure)
    readiness = Readiness(supervisor, served.live)
    server = _admin_server(served, readiness, supervisor, keepers.recorder)
    answering = asyncio.create_task(server.serve(sockets=[admin]))
    works = (*keepers.works, *_works(served, supervisor))
    beside = [asyncio.create_task(_for_ever(work)) for work in works]
    if served.file is not None and not served.watched:
        beside.append(asyncio.create_task(served.file.offer()))
    log.info(
        "serving",
        listen=shown(listeners[0]),
        admin=shown(admin),
        tls=served.certificate is not None,
        workers=len(listeners),
        replica=served.live.replica,
        revision=served.live.revision.number,
        store=repr(served.store),
        compiled=is_compiled(),
    )
    await stop.wait()
    log.info("draining", seconds=settings.drain)
    readiness.draining = True
    await supervisor.drain()
    await keepers.finish()
    server.should_exit = True
    await answering
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)
    log.info("stopped")


def _staff(
    served: Served, settings: Settings, listeners: list[socket.socket]
) -> tuple[Supervisor, _Keepers]:
    """Bring the workers' supervisor and those who take their reports together."""
    store, live, certificate = served.store, served.live, served.certificate
    recorder, traffic = Recorder(store, live), TrafficRecorder(store, live)
    supervisor = Supervisor(
        listeners,
        live.table,
        live.revision.number,
        settings,
        recorder.take,
        recorder.take_answers,
        None if certificate is None else certificate.identity,
        served.membership.inherited,
        live.hold,
    )
    noise = NoiseKeeper(store, live, supervisor)
    supervisor.on_traffic = traffic.take
    supervisor.on_noise = noise.take
    return supervisor, _Keepers(recorder, traffic, noise)


def _works(served: Served, supervisor: Supervisor) -> Iterator[Work]:
    """Give what is done beside the workers, for ever."""
    live, file, certificate = served.live, served.file, served.certificate
    yield partial(live.follow, supervisor)
    yield live.listen
    yield partial(watch_lags, live, supervisor)
    yield partial(keep_small, served.store, live)
    yield Autopilot(served.store, live, file).run
    if file is not None and served.watched:
        yield file.watch
    if certificate is not None:
        yield partial(certificate.watch, supervisor)


def _admin_server(
    served: Served, readiness: Readiness, supervisor: Supervisor, recorder: Recorder
) -> uvicorn.Server:
    live, certificate = served.live, served.certificate

    async def scrape() -> bytes:
        counters, gauges = await supervisor.scrape()
        return exposition(Snapshot(counters, gauges, supervisor, live, recorder, certificate))

    app = admin_app(readiness, scrape)
    return _AdminServer(uvicorn.Config(app, lifespan="off", log_config=None, ws="none"))


async def _for_ever(work: Work) -> None:
    """Do work that has no end. A fault of ours in it stops no client: it is logged, begun anew."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("control_fault")
        await asyncio.sleep(REST_AFTER_FAULT)


def _stop_event(supervisor: Supervisor) -> asyncio.Event:
    """Give the event that the first SIGTERM or SIGINT sets; the second ends the workers at once."""
    stop = asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            supervisor.kill()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    return stop


def _on_hangup(certificate: ListenerCertificate | None) -> None:
    """Look at the certificate on SIGHUP, as daemons do; it must end no process that has none."""

    def look() -> None:
        if certificate is None:
            log.info("nothing_to_reload")
        else:
            certificate.look_now()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, look)


class _AdminServer(uvicorn.Server):
    """uvicorn without its signal handlers: what a signal means is decided here."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield
