"""Performs `strangler serve`: one supervisor with its workers, its store and its admin port."""

import asyncio
import contextlib
import os
import re
import secrets
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import structlog
import uvicorn

from strangler.compiled import is_compiled
from strangler.control.app import Readiness, admin_app
from strangler.control.autopilot import Autopilot
from strangler.control.catching_up import watch_lags
from strangler.control.certificate import ListenerCertificate, TlsFiles
from strangler.control.kept import Keeper, KeptError
from strangler.control.listen import ListenError, listen, shown
from strangler.control.live import LiveTable
from strangler.control.membership import NAME, Membership
from strangler.control.metrics import Snapshot, exposition
from strangler.control.noise import NoiseKeeper
from strangler.control.recorder import Recorder
from strangler.control.redaction_key import redaction_key
from strangler.control.retention import keep_small
from strangler.control.saved_file import SavedFile
from strangler.control.supervisor import Supervisor
from strangler.control.token_key import token_key
from strangler.control.traffic import TrafficRecorder
from strangler.logs import configure_logs
from strangler.proxy.pem import TlsError
from strangler.proxy.settings import Settings
from strangler.proxy.traffic import STRETCH
from strangler.routing.mistakes import RoutesError
from strangler.store.address import read_address
from strangler.store.errors import StoreError
from strangler.store.store import Store

log = structlog.get_logger()


LARGEST_AT_ONCE = 4
"""Answers of the largest size that shadow work can hold: a pair, and both sides asked once more."""

REST_AFTER_FAULT = 1.0
"""Seconds before work that broke is begun anew: a fault that stays must not fill the log."""


_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")  # a pseudonym of RFC 9110 section 7.6.3, and narrower


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """What clients may take of one worker; the names and defaults are explained in `Settings`."""

    connections: int = 0
    per_peer: int = 0
    requests: int = Settings().requests
    body: int = Settings().body
    in_flight: int = Settings().in_flight


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What the command line says. Without `routes` the store alone is followed.

    `trusted` are networks of proxies in front of us; `drain` is in seconds. With `tls`, clients
    speak TLS and are shown what is in these files. `via` is our name in Via; without it one is made
    up, so that no other proxy's loops look like ours. `replica` is our name in the fleet, `state`
    the directory of what this machine keeps; `record` is how many request heads are recorded a
    minute. Answers of up to `compared` octets are compared.
    """

    routes: Path | None
    listen: str
    admin: str
    store: str
    workers: int = 1
    watch: bool = False
    trusted: tuple[str, ...] = ()
    drain: float = 10.0
    tls: TlsFiles | None = None
    limits: ClientLimits = ClientLimits()
    compared: int = Settings().copied_body
    via: str | None = None
    replica: str | None = None
    state: Path | None = None
    record: int = 60


@dataclass(frozen=True, slots=True)
class _Served:
    """What is served and by whom; `file` is the one to make live, if any."""

    live: LiveTable
    membership: Membership
    file: SavedFile | None
    certificate: ListenerCertificate | None


class ServeError(Exception):
    """Serving cannot begin; the message is one line for people."""


def run(options: ServeOptions) -> int:
    """Serve until SIGTERM or SIGINT. Gives the exit code; says on stderr why it is not 0."""
    configure_logs()
    try:
        asyncio.run(_serve(options))
    except RoutesError as error:
        return _complain(*(str(mistake) for mistake in error.mistakes))
    except (StoreError, ListenError, TlsError, ServeError) as error:
        return _complain(str(error))
    return 0


def _complain(*lines: str) -> int:
    print(*lines, sep="\n", file=sys.stderr)  # noqa: T201 - messages for people go to stderr
    return 1


async def _serve(options: ServeOptions) -> None:
    trusted = _trusted(options)
    if options.via is not None and not _NAME.fullmatch(options.via):
        raise ServeError(f"--via {options.via!r}: letters, digits, dots, hyphens; 64 at most")
    certificate = None if options.tls is None else ListenerCertificate(options.tls)
    listeners = listen(options.listen, "--listen", options.workers)
    with contextlib.ExitStack() as sockets:
        for listener in listeners:
            sockets.enter_context(listener)
        admin = sockets.enter_context(listen(options.admin, "--admin")[0])
        store = Store.at(options.store)
        name = _name(options, shown(listeners[0]))
        keeper = _keeper(options, name)
        membership = Membership(
            store,
            name,
            shown(listeners[0]),
            None if isinstance(keeper, KeptError) else keeper,
        )
        live = LiveTable(store, membership)
        file = None if options.routes is None else SavedFile(options.routes, store, live)
        try:
            await _begin(store, membership, live, file)
            # The key lies beside the store, in the directory that the store makes for its owner.
            key = redaction_key(options.store)
            tokens = await token_key(store, membership, from_disk=live.from_disk)
            if isinstance(keeper, KeptError):
                log.warning("table_not_kept", reason=str(keeper))
            if not live.from_disk:
                membership.keep(live.revision)
            settings = replace(_settings(options, trusted, key), token_key=tokens)
            served = _Served(live, membership, file, certificate)
            await _serve_with(options, settings, listeners, admin, store, served)
        finally:
            await membership.depart()
            await store.close()


def _name(options: ServeOptions, address: str) -> str:
    name = options.replica or f"{os.uname().nodename}:{address.rpartition(':')[2]}"
    if not NAME.fullmatch(name):
        raise ServeError(f"--replica {name!r}: letters, digits and . _ : - only; 128 at most")
    return name


def _keeper(options: ServeOptions, name: str) -> Keeper | KeptError:
    """Open what this machine keeps, or say why nothing is; where asked for, that is an error."""
    file = read_address(options.store).path
    beside = Path(".strangler") if file is None else file.parent
    try:
        return Keeper(options.state or beside, name)
    except KeptError as error:
        if options.state is not None:
            raise ServeError(str(error)) from error
        return error


async def _begin(
    store: Store, membership: Membership, live: LiveTable, file: SavedFile | None
) -> None:
    """Find the table to serve: the file's, made a revision; the store's newest; or the kept one."""
    try:
        await store.prepare(migrate=True)
        await membership.register()
    except StoreError as error:
        await live.begin_from_disk(error)
        return
    if file is not None:
        try:
            await file.begin()
        except OSError as error:
            raise ServeError(f"{file.path}: {error.strerror}; check --routes") from error
    await live.begin()


def _settings(
    options: ServeOptions, trusted: tuple[IPv4Network | IPv6Network, ...], key: bytes
) -> Settings:
    limits = options.limits
    return Settings(
        name=options.via or f"strangler-{secrets.token_hex(4)}",
        trusted=trusted,
        drain=options.drain,
        redaction_key=key,
        connections=limits.connections,
        connections_per_peer=limits.per_peer,
        requests=limits.requests,
        body=limits.body,
        in_flight=limits.in_flight,
        copied_body=options.compared,
        copy_octets=max(Settings().copy_octets, LARGEST_AT_ONCE * options.compared),
        recorded_heads=_share_of(options.record, options.workers),
    )


def _share_of(record: int, workers: int) -> int:
    """Give what one worker records in a stretch, of heads that are to be recorded in a minute."""
    return max(1, round(record * STRETCH / 60 / workers)) if record else 0


def _trusted(options: ServeOptions) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(text) for text in options.trusted)
    except ValueError as error:
        raise ServeError(f"--trusted-proxy: {error}") from error


async def _serve_with(
    options: ServeOptions,
    settings: Settings,
    listeners: list[socket.socket],
    admin: socket.socket,
    store: Store,
    served: "_Served",
) -> None:
    live, certificate = served.live, served.certificate
    recorder = Recorder(store, live)
    traffic = TrafficRecorder(store, live)
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
    supervisor.on_traffic = traffic.take
    noise = NoiseKeeper(store, live, supervisor)
    supervisor.on_noise = noise.take
    stop = _stop_event(supervisor)
    _on_hangup(certificate)
    if failure := await supervisor.start():
        raise ServeError(failure)
    readiness = Readiness(supervisor, live)

    async def scrape() -> bytes:
        counters, gauges = await supervisor.scrape()
        return exposition(Snapshot(counters, gauges, supervisor, live, recorder, certificate))

    server = _AdminServer(
        uvicorn.Config(admin_app(readiness, scrape), lifespan="off", log_config=None, ws="none")
    )
    beside = [
        asyncio.create_task(server.serve(sockets=[admin])),
        asyncio.create_task(_for_ever(recorder.run)),
        asyncio.create_task(_for_ever(traffic.run)),
        asyncio.create_task(_for_ever(noise.run)),
        asyncio.create_task(_for_ever(partial(live.follow, supervisor))),
        asyncio.create_task(_for_ever(live.listen)),
        asyncio.create_task(_for_ever(partial(watch_lags, live, supervisor))),
        asyncio.create_task(_for_ever(partial(keep_small, store, live))),
        asyncio.create_task(_for_ever(Autopilot(store, live, served.file).run)),
    ]
    if served.file is not None and options.watch:
        beside.append(asyncio.create_task(_for_ever(served.file.watch)))
    elif served.file is not None:
        beside.append(asyncio.create_task(served.file.offer()))
    if certificate is not None:
        beside.append(asyncio.create_task(_for_ever(partial(certificate.watch, supervisor))))
    log.info(
        "serving",
        listen=shown(listeners[0]),
        admin=shown(admin),
        tls=certificate is not None,
        workers=options.workers,
        replica=live.replica,
        revision=live.revision.number,
        store=repr(store),
        compiled=is_compiled(),
    )
    await stop.wait()
    log.info("draining", seconds=settings.drain)
    readiness.draining = True
    await supervisor.drain()
    await recorder.finish()
    await traffic.finish()
    await noise.finish()
    server.should_exit = True
    await beside[0]
    for task in beside[1:]:
        task.cancel()
    await asyncio.gather(*beside[1:], return_exceptions=True)
    log.info("stopped")


async def _for_ever(work: Callable[[], Awaitable[None]]) -> None:
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
