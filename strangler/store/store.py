"""The store: the ledger of revisions and the findings, in SQLite or PostgreSQL.

Each method is one transaction. Whatever the database says no to comes out as a `StoreError`.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from strangler.compare.state import FindingState
from strangler.migration.unclaimed import Seen, Template
from strangler.store import (
    evidence,
    fencing,
    findings,
    fleet,
    ledger,
    news,
    noise,
    notices,
    purging,
    settling,
    shared,
    soundness,
    states,
    traffic,
    writers,
)
from strangler.store.address import StoreAddress, read_address
from strangler.store.bounds import storable
from strangler.store.engine import BEGIN, WRITING, engine_for, find_file
from strangler.store.errors import mapped_errors
from strangler.store.observed import Batch
from strangler.store.records import (
    AnswerCount,
    AnswerKey,
    Chapter,
    Fence,
    Finding,
    Fleet,
    Forgetting,
    HeadSample,
    HourCount,
    LedgerEntry,
    NoiseSeen,
    Notice,
    Pulse,
    Revision,
    RuleCount,
    Selection,
    Settlement,
    StateChange,
    TrafficReport,
    Transition,
    VerdictCount,
)
from strangler.store.schema import ensure_schema


class Store:
    """One open store. Open it with `Store.open`, close it in the same event loop."""

    def __init__(self, address: StoreAddress, engine: AsyncEngine) -> None:
        self._where = address.shown
        self._path = address.path
        self._engine = engine
        self._writer = engine.execution_options(**{BEGIN: WRITING})

    def __repr__(self) -> str:
        return f"<Store {self._where}>"

    @classmethod
    async def open(cls, url: str, *, migrate: bool = False) -> "Store":
        """Open the store at `url`.

        With `migrate`, make it where there is none and bring its schema up to date; without,
        a store that is missing or not current is a `StoreError`.
        """
        store = cls.at(url)
        try:
            await store.prepare(migrate=migrate)
        except BaseException:
            await store.close()
            raise
        return store

    @classmethod
    def at(cls, url: str) -> "Store":
        """Know the store at `url` without looking whether it is there: `prepare` does that."""
        address = read_address(url)
        return cls(address, engine_for(address))

    async def prepare(self, *, migrate: bool = False) -> None:
        """See that the store can be used, as `open` says; it may be tried again."""
        if self._path is not None:
            find_file(self._path, make=migrate)
        with mapped_errors(self._where):
            await ensure_schema(self._engine, self._where, migrate=migrate)

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        with mapped_errors(self._where):
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        with mapped_errors(self._where):
            async with self._writer.begin() as connection:
                yield connection

    async def unsound(self) -> list[str]:
        """Say what is wrong with the database itself; nothing, as a rule."""
        async with self._reading() as connection:
            return await soundness.unsound(connection)

    # The ledger

    async def newest_number(self) -> int:
        """Give the number of the newest revision, 0 where there is none: cheap to ask often."""
        async with self._reading() as connection:
            return await ledger.newest_number(connection)

    async def newest(self) -> Revision | None:
        """Give the newest revision, which is the live one."""
        async with self._reading() as connection:
            found = await ledger.read_revisions(connection, 1)
        return found[0] if found else None

    async def revision(self, number: int) -> Revision | None:
        """Give one revision."""
        async with self._reading() as connection:
            return await ledger.read_revision(connection, number)

    async def revisions(self, limit: int = 50, selection: Selection = ledger.ALL) -> list[Revision]:
        """List the newest revisions of an actor and a time, newest first."""
        async with self._reading() as connection:
            return await ledger.read_revisions(connection, limit, selection)

    async def add_revision(
        self,
        *,
        text: str,
        digest: str,
        actor: str,
        reason: str,
        at: datetime,
        transitions: Sequence[Transition],
        previous: int | None,
        forced: bool = False,
        fence: int | None = None,
    ) -> Revision:
        """Append a revision and its transitions, all or nothing.

        One that moves a writer ends the fence that was raised for it; without one it is `Unfenced`.

        `previous` is the number of the newest revision that the caller looked at (None: there
        was none); if it is no longer the newest, `Conflict`.
        """
        number = (previous or 0) + 1
        draft = Revision(number, at, storable(actor), storable(reason), digest, text, forced)
        # Told before the transaction: tables take a while to compile, and revisions do not change.
        scope = writers.moved_by(await self.revision(number - 1), text)
        async with self._writing() as connection:
            if fence is None:
                await fencing.keep_clear(connection)
                revision = await ledger.append(connection, draft, transitions)
                writers.see_fenced(scope, None)
            else:
                revision = await fencing.switch(connection, fence, draft, transitions, scope)
            await news.tell(connection)
        return revision

    async def chapters(self, after: int = 0, limit: int = 100) -> list[Chapter]:
        """List revisions from number `after` on with their transitions, oldest first."""
        async with self._reading() as connection:
            return await ledger.read_chapters(connection, after, limit)

    async def history(
        self, domain: str | None = None, limit: int = 50, selection: Selection | None = None
    ) -> list[LedgerEntry]:
        """List the newest transitions, of one domain, of a selection or all, newest first."""
        chosen = Selection(domain=domain) if selection is None else selection
        async with self._reading() as connection:
            return await ledger.read_history(connection, chosen, limit)

    # The fleet

    async def register(
        self, *, life: str, name: str, address: str, ended: Collection[str] = ()
    ) -> None:
        """Add a life of a replica, in the place of those (`ended`) that are known to be over."""
        async with self._writing() as connection:
            await fleet.register(connection, life=life, name=name, address=address, ended=ended)

    async def beat(
        self, life: str, *, revision: int, workers: int, ready: int, fence: int = 0
    ) -> bool:
        """Note that a replica lives and what all its workers serve; False if it was forgotten."""
        async with self._writing() as connection:
            return await fleet.beat(
                connection, life, revision=revision, workers=workers, ready=ready, fence=fence
            )

    async def depart(self, lives: Collection[str]) -> None:
        """Take lives of replicas out that are over."""
        async with self._writing() as connection:
            await fleet.depart(connection, lives)
            await news.tell(connection)

    async def fleet(self) -> Fleet:
        """Give all replicas that did not depart and were not forgotten."""
        async with self._reading() as connection:
            return await fleet.read_fleet(connection)

    async def forget(self, lives: Collection[str], *, actor: str, reason: str) -> list[Forgetting]:
        """Take replicas out on somebody's word that they are dead; the word is kept for ever."""
        async with self._writing() as connection:
            said = await fleet.forget(
                connection, lives, actor=storable(actor), reason=storable(reason)
            )
            await news.tell(connection)
        return said

    async def forgettings(self, limit: int = 50) -> list[Forgetting]:
        """List whom somebody said to be dead, the last first."""
        async with self._reading() as connection:
            return await fleet.read_forgettings(connection, limit)

    async def pulse(self) -> Pulse:
        """Give what replicas look for: the newest fence, and the revision that is newest after."""
        async with self._reading() as connection:
            return await fencing.read_pulse(connection)

    async def raise_fence(self, draft: Fence) -> Fence:
        """Have the writes of some domains wait for `draft.left` seconds; gives it with its number.

        `Conflict` where another fence stands, or another revision came.
        """
        async with self._writing() as connection:
            fence = await fencing.raise_(connection, draft)
            await news.tell(connection)
        return fence

    async def lift_fence(self, number: int, said: str) -> Fence:
        """End a fence without a switch, unless it has ended; give how it has."""
        async with self._writing() as connection:
            fence = await fencing.lift(connection, number, storable(said))
            await news.tell(connection)
        return fence

    async def note_fence(self, number: int, said: str) -> None:
        """Note what is in the way of a fence that stands: `status` shows it."""
        async with self._writing() as connection:
            await fencing.note(connection, number, storable(said))

    async def fences(self, limit: int = 50, selection: Selection = ledger.ALL) -> list[Fence]:
        """List the newest fences of a domain, an actor and a time, newest first."""
        async with self._reading() as connection:
            return await fencing.read_all(connection, selection, limit)

    async def unacknowledged(self, number: int) -> list[str]:
        """Name the replicas of which the store does not know that their writes wait."""
        async with self._reading() as connection:
            return await fencing.unacknowledged(connection, number)

    async def hear(self, heard: Callable[[], None]) -> None:
        """Call `heard` for what others write, until the connection ends; at once on SQLite."""
        with mapped_errors(self._where):
            await news.hear(self._engine, heard)

    # The findings

    async def record(self, batch: Batch) -> evidence.Written:
        """Add a batch of observations to the counts, the findings and their examples.

        A sighting is left out where its route has its fill of findings. A batch that fails is not
        written at all; whether to try again is the caller's choice.
        """
        async with self._writing() as connection:
            return await evidence.write_batch(connection, batch)

    async def add_answers(self, counts: Mapping[AnswerKey, int], at: datetime) -> None:
        """Add counts of answers to what is there; `at` is when the last of them came."""
        async with self._writing() as connection:
            await evidence.write_answers(connection, counts, at)

    async def findings(
        self,
        *,
        domain: str | None = None,
        route: str | None = None,
        noise: bool | None = False,
        states: Collection[FindingState] | None = None,
        now: datetime | None = None,
        limit: int = 200,
    ) -> list[Finding]:
        """List findings without examples, the last seen first; `noise=None` lists both kinds.

        Those that stand so (`states`) at the time `now`; without it all, as they stand now.
        """
        async with self._reading() as connection:
            return await findings.read_findings(
                connection,
                domain=domain,
                route=route,
                noise=noise,
                states=states,
                now=now or datetime.now(UTC),
                limit=limit,
            )

    async def finding(self, id: str) -> Finding | None:  # noqa: A002 - the field's own name
        """Give one finding with its examples, by the start of its id; `StoreError` if several."""
        async with self._reading() as connection:
            return await findings.read_finding(connection, id, datetime.now(UTC))

    async def say(self, id: str, change: StateChange) -> None:  # noqa: A002 - the field's own name
        """Add what somebody says of a finding; `Conflict` where it stands so already."""
        async with self._writing() as connection:
            await states.say(connection, id, change)

    async def purge(
        self,
        *,
        domain: str | None = None,
        route: str | None = None,
        before: datetime | None = None,
        most: int | None = None,
    ) -> int:
        """Take out findings last seen before a time, or beyond the `most` of each route.

        Give how many; what was said of them stays.
        """
        async with self._writing() as connection:
            return await purging.purge(
                connection, domain=domain, route=route, before=before, most=most
            )

    async def purge_hours(self, before: datetime) -> None:
        """Take out the counts by the hour from before a time."""
        async with self._writing() as connection:
            await purging.purge_hours(connection, before)

    async def unsettled(self, before: datetime) -> list[Settlement]:
        """Find counts of revisions that were over by a time, and that nobody tells apart."""
        async with self._reading() as connection:
            return await settling.unsettled(connection, before)

    async def settle(self, settlement: Settlement) -> int:
        """Add such counts up; give how many rows were told under another revision."""
        async with self._writing() as connection:
            return await settling.settle(connection, settlement)

    async def accepted(self, now: datetime) -> frozenset[str]:
        """Give the ids of the findings that are accepted at this time."""
        async with self._reading() as connection:
            return await states.read_accepted(connection, now)

    async def verdicts(self, domain: str | None = None, *, since: int = 0) -> list[VerdictCount]:
        """List the counts of verdicts under revision `since` and later ones."""
        async with self._reading() as connection:
            return await findings.read_verdicts(connection, domain=domain, since=since)

    async def hours(
        self, domain: str | None = None, *, route: str | None = None, since: datetime
    ) -> list[HourCount]:
        """List how comparisons ended by the hour since then, oldest first."""
        async with self._reading() as connection:
            return await findings.read_hours(connection, domain=domain, route=route, since=since)

    async def answers(self, domain: str, *, since: int = 0) -> list[AnswerCount]:
        """List the counts of a domain's answers under revision `since` and later ones."""
        async with self._reading() as connection:
            return await findings.read_answers(connection, domain=domain, since=since)

    async def add_noise(self, seen: Sequence[NoiseSeen], now: datetime) -> None:
        """Add what was seen of noise to what is known, and forget what is not met any more."""
        async with self._writing() as connection:
            await noise.add_noise(connection, seen, now)

    async def noise(
        self, now: datetime, *, domain: str | None = None, route: str | None = None
    ) -> list[NoiseSeen]:
        """List what is known of noise, by route and path."""
        async with self._reading() as connection:
            return await noise.read_noise(connection, now, domain=domain, route=route)

    async def rule_counts(
        self, domain: str | None = None, *, route: str | None = None, since: int = 0
    ) -> list[RuleCount]:
        """List how often each rule fired on each route under revision `since` and later ones."""
        async with self._reading() as connection:
            return await findings.read_rule_counts(
                connection, domain=domain, route=route, since=since
            )

    # The recorded traffic

    async def add_traffic(self, report: TrafficReport, now: datetime) -> None:
        """Keep what was seen of the traffic: heads in place of old ones, counts beside the others.

        Unclaimed paths are told less exactly where they become too many for a person to read.
        """
        async with self._writing() as connection:
            await traffic.add(connection, report, now)

    async def unclaimed(self) -> list[Template]:
        """List the paths that no route claimed, by template, the most frequent first."""
        async with self._reading() as connection:
            return await traffic.read_unclaimed(connection)

    async def calls(self) -> dict[str, Seen]:
        """Say how often each route was called since calls are counted, by its label."""
        async with self._reading() as connection:
            return await traffic.read_calls(connection)

    async def heads(self) -> list[HeadSample]:
        """List all recorded heads, oldest first."""
        async with self._reading() as connection:
            return await traffic.read_heads(connection)

    async def secret(self, name: str) -> bytes:
        """Give what all replicas share under this name, made up by whoever asks first."""
        async with self._writing() as connection:
            return await shared.secret(connection, name)

    # Notices

    async def post_notice(self, notice: Notice) -> None:
        """Show something to all; it takes the place of the replica's last notice of its kind."""
        async with self._writing() as connection:
            await notices.post(connection, notice)

    async def withdraw_notices(self, kind: str) -> None:
        """Take back every replica's notice of one kind: what it told is mended."""
        async with self._writing() as connection:
            await notices.withdraw(connection, kind)

    async def notices(self) -> list[Notice]:
        """List what is to be shown, newest first."""
        async with self._reading() as connection:
            return await notices.read_notices(connection)
