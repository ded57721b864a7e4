"""Performs the way from a changed file or a newer revision to all workers: follow and watch.

The live table is always the newest revision in the store. A saved file becomes a revision; a
revision, whoever made it, becomes the table of every worker. When the store is away the table
stays, and so do the clients.
"""

import asyncio
import os
import pwd
from contextlib import suppress
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

import structlog
from watchfiles import awatch

from strangler.compare.rules import complaint
from strangler.control.supervisor import Supervisor
from strangler.migration.transition import transitions_between
from strangler.proxy.upstream_context import concerns
from strangler.routing.compile import load
from strangler.routing.mistakes import RoutesError
from strangler.routing.table import RouteTable
from strangler.store.errors import Conflict, StoreError
from strangler.store.records import Notice, Revision, Transition
from strangler.store.store import Store

log = structlog.get_logger()

POLL = 0.5
"""Seconds between two looks at the store for a newer revision."""

LOOK = 1000
"""Milliseconds after which the watched file is read even though nothing was reported: a save is
not while the watch is being set up, nor is it ever on some network disks."""

REFUSED_FILE = "routes-refused"
"""The kind of the notice that `status` shows while a saved file is not good enough to go live."""


class StoreWork(Enum):
    """What the store is used for here: a full disk stops the writing, and not the reading."""

    FOLLOWING = "following the newest revision"
    SAVING = "making a saved file a revision"
    RECORDING = "writing observations"


class LiveTable:
    """The table that is live on this replica, and the two ways in which another takes its place."""

    def __init__(self, store: Store, replica: str) -> None:
        """Know the store; `replica` names this machine in notices."""
        self._store = store
        self._replica = replica
        self._seen: bytes | None = None
        self._failing: set[StoreWork] = set()
        self.table: RouteTable
        self.revision: Revision
        self.refused = 0
        self.store_failures = 0

    def __repr__(self) -> str:
        """Show the revision and whether the store is there."""
        return f"<LiveTable revision={self.revision.number} store={self.store_available}>"

    @property
    def store_available(self) -> bool:
        """Whether everything that was last tried with the store went well."""
        return not self._failing

    async def begin(self, routes: Path | None) -> None:
        """Find the table to start with: the file's, made a revision, or the store's newest.

        Raises `RoutesError`, `StoreError`, or `OSError` where the file cannot be read.
        """
        if routes is not None:
            self._seen = _read(routes)
            self.table = load(self._seen, routes.name, complaint)
            _tell_concerns(self.table, routes.name)
            self.revision = await self._revision_of(
                self.table, self._seen, routes, "the file at start"
            )
            return
        newest = await self._store.newest()
        if newest is None:
            raise StoreError("the store holds no revision yet; start once with --routes FILE")
        self.table, self.revision = load(newest.text, f"revision {newest.number}"), newest
        _tell_concerns(self.table, f"revision {newest.number}")

    async def follow(self, supervisor: Supervisor) -> None:
        """Make every newer revision live, for ever."""
        while True:
            await asyncio.sleep(POLL)
            try:
                if await self._store.newest_number() != self.revision.number:
                    await self._go_live(supervisor)
                self.store_answered(StoreWork.FOLLOWING)
            except StoreError as error:
                self.store_failed(StoreWork.FOLLOWING, error)

    async def _go_live(self, supervisor: Supervisor) -> None:
        revision = await self._store.newest()
        if revision is None:
            return
        try:
            table = load(revision.text, f"revision {revision.number}")
        except RoutesError as error:
            # Written by a newer strangler; the older replicas keep what they understand.
            log.error("revision_refused", revision=revision.number, mistakes=_lines(error))
            self.refused += 1
            self.revision = revision
            return
        self.table, self.revision = table, revision
        await supervisor.swap(table, revision.number)
        log.info(
            "revision_live", revision=revision.number, actor=revision.actor, reason=revision.reason
        )
        _tell_concerns(table, f"revision {revision.number}")

    async def watch(self, routes: Path, supervisor: Supervisor) -> None:
        """Turn every good save of the file into a revision, for ever."""
        # The directory, because editors replace a file instead of writing into it, and mounted
        # configuration changes by a symbolic link beside it. It yields on a timeout besides, so
        # that no save is missed and one that the store could not take is tried again.
        changes = awatch(
            routes.parent,
            recursive=False,
            debounce=200,
            step=50,
            rust_timeout=LOOK,
            yield_on_timeout=True,
        )
        async for _ in changes:
            text = _read_if_there(routes)
            if text not in {self._seen, None} and await self._file_saved(routes, text, supervisor):
                self._seen = text

    async def _file_saved(self, path: Path, text: bytes, supervisor: Supervisor) -> bool:
        """Make a saved file live, or say why not; False where the store has to be asked again."""
        try:
            table = load(text, path.name, complaint)
        except RoutesError as error:
            await self._refuse("\n".join(_lines(error)))
            return True
        try:
            revision = await self._revision_of(table, text, path, "the file was saved")
            await self._store.withdraw_notices(REFUSED_FILE)
            if revision.number != self.revision.number:
                await self._go_live(supervisor)
        except StoreError as error:
            self.store_failed(StoreWork.SAVING, error)
            return False
        self.store_answered(StoreWork.SAVING)
        return True

    async def _refuse(self, mistakes: str) -> None:
        """Keep the table, and say everywhere why the saved file is not live."""
        self.refused += 1
        log.error("routes_refused", mistakes=mistakes.splitlines())
        notice = Notice(self._replica, REFUSED_FILE, datetime.now(UTC), mistakes)
        try:
            await self._store.post_notice(notice)
        except StoreError as error:
            self.store_failed(StoreWork.FOLLOWING, error)

    async def _revision_of(
        self, table: RouteTable, text: bytes, path: Path, reason: str
    ) -> Revision:
        """Give the newest revision, which is this file from now on, whoever else writes."""
        while True:
            newest = await self._store.newest()
            if newest is not None and newest.digest == table.digest:
                return newest
            with suppress(Conflict):
                return await self._add(table, text, path, reason, newest)

    async def _add(
        self, table: RouteTable, text: bytes, path: Path, reason: str, newest: Revision | None
    ) -> Revision:
        changes = transitions_between(_table_of(newest), table)
        return await self._store.add_revision(
            text=text.decode(),
            digest=table.digest,
            actor=_owner(path),
            reason=reason,
            at=datetime.now(UTC),
            transitions=[Transition.of(change) for change in changes],
            previous=newest.number if newest is not None else None,
            # A save cannot carry a --force, and a file that its owner wrote is obeyed: the ledger
            # remembers that a step was skipped.
            forced=newest is not None and not all(change.judged().legal for change in changes),
        )

    def store_failed(self, work: StoreWork, error: StoreError) -> None:
        """Count a failure of the store; say so when it begins."""
        self.store_failures += 1
        if self.store_available:
            log.error("store_away", reason=str(error))
        self._failing.add(work)

    def store_answered(self, work: StoreWork) -> None:
        """Take note that the store took one kind of work again; say so when it takes all."""
        if work in self._failing:
            self._failing.discard(work)
            if self.store_available:
                log.info("store_back")


def _tell_concerns(table: RouteTable, name: str) -> None:
    for concern in concerns(table, name, datetime.now(UTC)):
        log.warning("routes_warning", said=str(concern))


def _table_of(revision: Revision | None) -> RouteTable | None:
    """Compile a revision to hold another against; one that no longer compiles says nothing."""
    try:
        return load(revision.text) if revision is not None else None
    except RoutesError:
        return None


def _read(path: Path) -> bytes:
    return path.read_bytes()


def _read_if_there(path: Path) -> bytes | None:
    """Read the file, or give None between an editor's unlink and its rename."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def _owner(path: Path) -> str:
    """Name who owns the file: the best that a save tells of its author."""
    try:
        uid = path.stat().st_uid
        return f"{pwd.getpwuid(uid).pw_name}@{os.uname().nodename}"
    except KeyError:
        return f"uid {uid}@{os.uname().nodename}"
    except OSError:  # replaced at this very moment
        return f"somebody@{os.uname().nodename}"


def _lines(error: RoutesError) -> list[str]:
    return [str(mistake) for mistake in error.mistakes]
