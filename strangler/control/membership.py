"""Performs a replica's part in the fleet: it registers, says what it serves, departs.

A row in the store stands for every life of a replica that may still send requests. It goes when the
replica departs, when a later life of it holds the lock that outlives the last worker, or on
somebody's word (`strangler replica forget`); never because it has been silent for long.
"""

import asyncio
import re
import secrets

import structlog

from strangler.control.kept import Keeper, Kept, KeptError
from strangler.store.errors import StoreError
from strangler.store.records import Revision
from strangler.store.store import Store

log = structlog.get_logger()

NAME = re.compile(r"[A-Za-z0-9._:\[\]-]{1,128}")
"""What a replica may be called: it is also the name of a file."""

LOCK_WAIT = 15.0
"""Seconds for the workers of an earlier life to end before we serve in its place from the disk:
more than they have by default after their supervisor died."""

LOCK_POLL = 0.1
"""Seconds between two tries to get the lock."""


class Membership:
    """What one replica is to the fleet. `life` is the one that the store knows it by.

    `registered`: the store has been told of this process; until then it goes on with the life that
    was kept on the disk, if any.
    """

    def __init__(self, store: Store, name: str, address: str, keeper: Keeper | None = None) -> None:
        """Be called `name`; without a `keeper` nothing is kept on the disk."""
        self._store = store
        self._keeper = keeper
        self._revision: Revision | None = None
        self._over: tuple[str, ...] = ()  # earlier lives that the store may not know to be over
        self.name = name
        self.address = address
        self.life = ""
        self.registered = False
        self.token_key = b""

    def __repr__(self) -> str:
        """Show the name, and whether the store knows it."""
        return f"<Membership {self.name} registered={self.registered}>"

    @property
    def inherited(self) -> tuple[int, ...]:
        """The descriptors that workers inherit: with them, the lock outlives us if they do."""
        return () if self._keeper is None else (self._keeper.descriptor,)

    async def register(self) -> None:
        """Be known to the store, before its newest revision is read. Raises `StoreError`.

        Who asks all replicas must not miss one that reads an old revision at this moment.
        """
        self._own_disk()
        over, life = self._over, secrets.token_hex(16)
        # Known here before it is there: if we die between the two, our next life takes it out.
        # Where the disk may give back an older life, that life is not taken out.
        if not self._write(self.life, (*over, life)):
            over = ()
        await self._store.register(life=life, name=self.name, address=self.address, ended=over)
        self.life, self._over = life, ()
        self.registered = True
        self._write(life, ())

    async def beat(self, revision: int, workers: int, ready: int, fence: int = 0) -> None:
        """Say what all workers serve, and the fence at which their writes wait.

        Where somebody took us for dead, we are `registered` no longer.
        """
        self.registered = await self._store.beat(
            self.life, revision=revision, workers=workers, ready=ready, fence=fence
        )
        if not self.registered:
            log.error("forgotten_while_alive", replica=self.name)
            return
        await self._settle()

    async def _settle(self) -> None:
        """Take earlier lives of this replica out of the fleet once their last worker is gone."""
        if self._own_disk() and self._over and self._write(self.life, self._over):
            await self._store.depart(self._over)
            self._over = ()
            self._write(self.life, ())
            log.info("earlier_life_ended", replica=self.name)

    async def depart(self) -> None:
        """Leave the fleet: no worker of ours runs any more."""
        # First here: a life that the store does not know must not be taken for one that it does.
        if self.registered and self._write("", (self.life,)):
            try:
                await self._store.depart([self.life])
            except StoreError as error:
                log.error("departure_not_recorded", replica=self.name, reason=str(error))
                self._write(self.life, ())
        if self._keeper is not None:
            self._keeper.close()

    async def kept_revision(self) -> Revision | None:
        """Give the revision to serve while the store is away; None where none was kept.

        It goes on with the life that the store knows, which nobody else may be living.
        """
        for _ in range(int(LOCK_WAIT / LOCK_POLL)):
            if self._own_disk():
                return self._revision
            await asyncio.sleep(LOCK_POLL)
        return None

    def keep(self, revision: Revision) -> None:
        """Keep the revision that is live, for a start without the store."""
        if self._revision != revision:
            self._revision = revision
            self._write(self.life, self._over)

    def _own_disk(self) -> bool:
        """Decide whether what is kept is ours, and read it when it has just become so."""
        keeper = self._keeper
        if keeper is None or keeper.locked or not keeper.lock():
            return keeper is not None and keeper.locked
        try:
            found = keeper.read() or Kept("", ())
        except KeptError as error:
            log.error("kept_table_not_used", reason=str(error))
            return True
        self._over = tuple(sorted({found.life, *found.ended} - {""}))
        if self._revision is None:
            self._revision = found.revision
            self.token_key = bytes.fromhex(found.token_key)
        if not self.registered:
            self.life = found.life
        return True

    def _write(self, life: str, ended: tuple[str, ...]) -> bool:
        """Keep all this; True where nothing older could be read in its place."""
        if self._keeper is None or not self._keeper.locked:
            return True
        try:
            self._keeper.write(Kept(life, ended, self._revision, self.token_key.hex()))
        except KeptError as error:
            log.error("table_not_kept", reason=str(error))
            return self._keeper.discard()
        return True
