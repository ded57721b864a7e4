"""Performs the watching of `routes.yaml`: every good save becomes a revision in the store."""

import asyncio
import os
import pwd
from datetime import UTC, datetime
from pathlib import Path

import structlog
from watchfiles import awatch

from strangler.compare.rules import complaint
from strangler.control.draft import Draft
from strangler.control.gates import gates_for, with_evidence
from strangler.control.live import LiveTable, StoreWork, lines_of
from strangler.control.moving import NotMovedError, Proposal, make_live
from strangler.migration.fence import moved_writers
from strangler.migration.transition import transitions_between
from strangler.routing.mistakes import RoutesError
from strangler.routing.recent import table_of
from strangler.routing.table import RouteTable
from strangler.store.errors import Conflict, StoreError
from strangler.store.records import Notice, Revision
from strangler.store.store import Store

log = structlog.get_logger()

LOOK = 1000
"""Milliseconds after which the watched file is read even though nothing was reported: a save is
not while the watch is being set up, nor is it ever on some network disks."""

AT_START = "the file at start"
"""The reason that the ledger has for a file that nobody saved while it was watched."""

AGAIN = 0.2
"""Seconds until we try again where somebody else was first, or moves a writer just now."""

REFUSED_FILE = "routes-refused"
"""The kind of the notice that `status` shows while a saved file is not good enough to go live."""


class SavedFile:
    """The file that people edit, and what was last seen in it."""

    def __init__(self, path: Path, store: Store, live: LiveTable) -> None:
        """Make what is saved at `path` a revision, which `live` then follows."""
        self.path = path
        self._store = store
        self._live = live
        self._seen: bytes | None = None

    def __repr__(self) -> str:
        """Show the path."""
        return f"<SavedFile {self.path}>"

    async def begin(self) -> None:
        """Make the file as it is now the newest revision, unless that moves a writer.

        A writer moves once we serve, as every replica has a part in it. Raises `RoutesError`,
        `StoreError`, or `OSError` where the file cannot be read.
        """
        text = _read(self.path)
        table = table_of(text, self.path.name, complaint)
        if not moved_writers(await self._table_of(await self._store.newest()), table):
            await self._revision_of(table, text, AT_START)
            self._seen = text

    async def offer(self) -> None:
        """Make the file live that could not be at start, as soon as the store takes it."""
        while self._seen is None:
            text = _read_if_there(self.path)
            if text is None or await self._saved(text, AT_START):
                return
            await asyncio.sleep(LOOK / 1000)

    async def watch(self) -> None:
        """Turn every good save of the file into a revision, for ever."""
        # The directory, because editors replace a file instead of writing into it, and mounted
        # configuration changes by a symbolic link beside it. It yields on a timeout besides, so
        # that no save is missed and one that the store could not take is tried again.
        changes = awatch(
            self.path.parent,
            recursive=False,
            debounce=200,
            step=50,
            rust_timeout=LOOK,
            yield_on_timeout=True,
        )
        async for _ in changes:
            text = _read_if_there(self.path)
            reason = AT_START if self._seen is None else "the file was saved"
            if text not in {self._seen, None} and await self._saved(text, reason):
                self._seen = text

    def replace(self, old: str, new: str) -> None:
        """Write a text that was made live here into the file, if that is what was live before.

        Else a restart would bring the old one back. A file that cannot be written stays behind.
        """
        if _read_if_there(self.path) != old.encode():
            return
        target = self.path.resolve()
        try:
            draft = Draft(target, new.encode())
            try:
                draft.put()
            finally:
                draft.discard()
        except OSError as error:
            log.warning("routes_not_written", path=str(target), reason=error.strerror)
            return
        self._seen = new.encode()

    async def _saved(self, text: bytes, reason: str) -> bool:
        """Make a saved file live, or say why not; False where the store has to be asked again."""
        try:
            table = await self._live.compiler.table_of(text, self.path.name, complaint)
        except RoutesError as error:
            await self._refuse("\n".join(lines_of(error)))
            return True
        try:
            await self._revision_of(table, text, reason)
            await self._store.withdraw_notices(REFUSED_FILE)
        except NotMovedError as error:
            await self._refuse(f"{self.path.name} is not live: {error}; save it again to try again")
            return True
        except StoreError as error:
            self._live.store_failed(StoreWork.SAVING, error)
            return False
        self._live.store_answered(StoreWork.SAVING)
        self._live.look_now()
        return True

    async def _refuse(self, mistakes: str) -> None:
        """Keep the table, and say everywhere why the saved file is not live."""
        self._live.refused += 1
        log.error("routes_refused", mistakes=mistakes.splitlines())
        notice = Notice(self._live.replica, REFUSED_FILE, datetime.now(UTC), mistakes)
        try:
            await self._store.post_notice(notice)
        except StoreError as error:
            self._live.store_failed(StoreWork.FOLLOWING, error)

    async def _revision_of(self, table: RouteTable, text: bytes, reason: str) -> Revision:
        """Give the newest revision, which is this file from now on, whoever else writes."""
        while True:
            newest = await self._store.newest()
            if newest is not None and newest.digest == table.digest:
                return newest
            try:
                return await self._add(table, text, reason, newest)
            except Conflict as error:
                log.info("somebody_else_was_first", said=str(error))
                await asyncio.sleep(AGAIN)

    async def _add(
        self, table: RouteTable, text: bytes, reason: str, newest: Revision | None
    ) -> Revision:
        before = await self._table_of(newest)
        changes = transitions_between(before, table)
        now = datetime.now(UTC)
        gates = {} if before is None else await gates_for(self._store, before, table, changes, now)
        proposal = Proposal(
            text=text.decode(),
            table=table,
            actor=_owner(self.path),
            reason=reason,
            transitions=with_evidence(changes, gates),
            previous=newest.number if newest is not None else None,
            # A save cannot carry a --force, and a file that its owner wrote is obeyed: the ledger
            # remembers that a step was skipped, or a gate was not open.
            forced=newest is not None
            and not (
                all(change.judged().legal for change in changes)
                and all(gate.is_open for gate in gates.values())
            ),
        )
        return await make_live(self._store, before, proposal)

    async def _table_of(self, revision: Revision | None) -> RouteTable | None:
        """Compile a revision to hold another against; one that no longer compiles says nothing."""
        if revision is None:
            return None
        try:
            return await self._live.compiler.table_of(revision.text, f"revision {revision.number}")
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
