"""Performs `strangler serve`: finds what is to be served from what the command line says."""

import asyncio
import contextlib
import os
import re
import secrets
import sys
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import structlog

from strangler.control.certificate import ListenerCertificate, TlsFiles
from strangler.control.kept import Keeper, KeptError
from strangler.control.listen import ListenError, listen, shown
from strangler.control.live import LiveTable
from strangler.control.membership import NAME, Membership
from strangler.control.redaction_key import redaction_key
from strangler.control.replica import Served, ServeError, serve_until_stopped
from strangler.control.saved_file import SavedFile
from strangler.control.token_key import token_key
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
            served = Served(store, live, membership, file, options.watch, certificate)
            await serve_until_stopped(served, settings, listeners, admin)
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
