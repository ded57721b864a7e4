"""No two replicas ever send writes to two writers, whoever is cut off, stopped, killed or slow.

A model of docs/fence.md: a store, replicas and movers, of which hypothesis takes any step in any
order. What is decided is decided by the program's own functions; what the model adds is who knows
what, and when. Every clock goes at a speed of its own.
"""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from strangler.migration.fence import Seen, Step, Writes, next_step, writes_after

BOUND = 10.0
"""Seconds that a fence stands; time passes in steps like it: deadlines are met and missed."""

NAMES = ("web-1", "web-2", "web-3")
WRITERS = ("monolith", "service")
MISHAPS = (
    "the store is away",
    "a mover dies",
    "it is killed",
    "it departs",
    "it is cut off",
    "it stands still",
    "it is taken for dead",
)


@dataclass
class Fence:
    number: int
    follows: int
    until: float
    state: str = "raised"


@dataclass
class Store:
    """What is committed. Each method is one transaction, alone in the fleet."""

    now: float = 0.0
    up: bool = True
    writers: list[str] = field(default_factory=lambda: [WRITERS[0]])  # one for each revision
    fences: list[Fence] = field(default_factory=list)
    rows: dict[int, int] = field(default_factory=dict)  # life: the fence that it acknowledged
    lives: int = 0

    @property
    def newest(self) -> int:
        return len(self.writers) - 1

    @property
    def raised(self) -> Fence | None:
        last = self.fences[-1] if self.fences else None
        return last if last is not None and last.state == "raised" else None

    def register(self, ended: set[int]) -> int:
        for life in ended:
            self.rows.pop(life, None)
        self.lives += 1
        self.rows[self.lives] = 0
        return self.lives

    def raise_(self) -> Fence | None:
        self.lift_late()
        if self.raised is not None:
            return None
        fence = Fence(len(self.fences) + 1, self.newest, self.now + BOUND)
        self.fences.append(fence)
        return fence

    def lift_late(self) -> None:
        if self.raised is not None and self.raised.until <= self.now:
            self.raised.state = "lifted"

    def unacknowledged(self, fence: Fence) -> list[str]:
        return [str(life) for life, acked in self.rows.items() if acked != fence.number]

    def switch(self, fence: Fence, writer: str) -> None:
        if fence.state == "raised" and self.now < fence.until and not self.unacknowledged(fence):
            self.writers.append(writer)
            fence.state = "switched"


@dataclass
class Disk:
    """What a replica keeps: it outlives it."""

    life: int = 0
    revision: int | None = None
    writer: str = ""


@dataclass
class Replica:
    """One life of a replica, all its workers as one."""

    life: int
    revision: int
    writer: str
    writes: Writes = Writes.AS_LIVE
    fence: int = 0
    registered: bool = True
    connected: bool = True
    stopped: bool = False
    under_way: list[str] = field(default_factory=list)  # whom each write was sent to


@dataclass
class Mover:
    """Somebody who moves the writer; `left` is by a clock of his own."""

    fence: Fence
    writer: str
    left: float
    speed: float
    may_switch: bool = False


class Fleet(RuleBasedStateMachine):
    """Everything there is, and every step that anything can take."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.replicas: dict[str, Replica] = {}
        self.disks = {name: Disk() for name in NAMES}
        self.movers: list[Mover] = []
        for name in NAMES[:2]:
            self.a_replica_starts(name)

    # The world

    @rule(seconds=st.sampled_from([1.0, 1.0, BOUND]))
    def time_passes(self, seconds: float) -> None:
        self.store.now += seconds
        for mover in self.movers:
            mover.left -= seconds * mover.speed

    @rule(mishap=st.sampled_from(MISHAPS), name=st.sampled_from(NAMES))
    def something_goes_wrong(self, mishap: str, name: str) -> None:
        replica = self.replicas.get(name)
        match mishap:
            case "the store is away":
                self.store.up = False
            case "a mover dies" if self.movers:
                self.movers.pop()
            case "it is taken for dead" if replica is None and self.store.up:
                self.store.rows.pop(self.disks[name].life, None)  # rightly: it may start again
            case "it departs" if replica is not None and replica.registered:
                self._depart(name, replica)
            case "it is killed":
                self.replicas.pop(name, None)
            case "it is cut off" if replica is not None:
                replica.connected = False
            case "it stands still" if replica is not None:
                replica.stopped = True
            case _:
                pass

    @rule()
    def all_is_well_again(self) -> None:
        self.store.up = True
        for replica in self.replicas.values():
            replica.connected, replica.stopped = True, False

    # Replicas

    @rule(name=st.sampled_from(NAMES))
    def a_replica_starts(self, name: str) -> None:
        disk = self.disks[name]
        if name in self.replicas:
            return
        if self.store.up:
            life = self.store.register({disk.life})
            newest = self.store.newest
            self.replicas[name] = Replica(life, newest, self.store.writers[newest])
            self.disks[name] = Disk(life, newest, self.store.writers[newest])
        elif disk.revision is not None:
            self.replicas[name] = Replica(
                disk.life, disk.revision, disk.writer, Writes.HELD, registered=False
            )

    def _depart(self, name: str, replica: Replica) -> None:
        del self.replicas[name]  # all its workers have ended
        if self._reaches(replica):
            self.disks[name].life = 0
            self.store.rows.pop(replica.life, None)

    @rule(name=st.sampled_from(NAMES))
    def a_replica_looks(self, name: str) -> None:
        replica = self.replicas.get(name)
        if replica is None or replica.stopped:
            return
        if not self._reaches(replica):
            replica.writes = writes_after(replica.writes, Seen.NOTHING)
            return
        if not replica.registered:
            replica.life = self.store.register({replica.life})
            replica.registered = True
            self.disks[name].life = replica.life
        self.store.lift_late()
        fence = self.store.raised
        if fence is not None:
            replica.fence = fence.number
            replica.writes = writes_after(replica.writes, Seen.RAISED)
            return
        replica.writes = writes_after(replica.writes, Seen.OVER)
        replica.revision, replica.fence = self.store.newest, 0
        replica.writer = self.store.writers[replica.revision]
        self.disks[name] = Disk(replica.life, replica.revision, replica.writer)

    @rule(name=st.sampled_from(NAMES))
    def a_replica_acknowledges(self, name: str) -> None:
        replica = self.replicas.get(name)
        if replica is None or replica.stopped or not self._reaches(replica):
            return
        if replica.registered and replica.writes is Writes.HELD and not replica.under_way:
            self.store.rows[replica.life] = replica.fence

    @rule(but=st.sampled_from(("", *NAMES)))
    def all_replicas_do_their_part(self, but: str) -> None:
        """As nearly always; else hardly any writer would ever move here."""
        for name in self.replicas.keys() - {but}:
            self.a_replica_looks(name)
            self.a_replica_acknowledges(name)

    def _reaches(self, replica: Replica) -> bool:
        return self.store.up and replica.connected

    # Writes

    @rule(name=st.sampled_from(NAMES))
    def a_write_begins(self, name: str) -> None:
        replica = self.replicas.get(name)
        if replica is not None and not replica.stopped and replica.writes is Writes.AS_LIVE:
            replica.under_way.append(replica.writer)

    @rule(name=st.sampled_from(NAMES))
    def a_write_ends(self, name: str) -> None:
        replica = self.replicas.get(name)
        if replica is not None and replica.under_way:
            replica.under_way.pop()

    # Movers

    @precondition(lambda self: self.store.up)
    @rule(speed=st.sampled_from([0.1, 1.0, 3.0]))
    def somebody_begins_to_move_the_writer(self, speed: float) -> None:
        fence = self.store.raise_()
        if fence is not None:
            old = self.store.writers[fence.follows]
            self.movers.append(Mover(fence, WRITERS[old == WRITERS[0]], BOUND, speed))

    @precondition(lambda self: self.movers and self.store.up)
    @rule(lags=st.sampled_from([[], [], [], ["it lags"]]))
    def a_mover_looks(self, lags: list[str]) -> None:
        mover = self.movers[-1]
        missing = self.store.unacknowledged(mover.fence)
        step = next_step(mover.left, missing, None)
        if step is Step.PROBE:
            step = next_step(mover.left, missing, lags)
        mover.may_switch = step is Step.SWITCH
        if step is Step.LIFT:
            if mover.fence.state == "raised":
                mover.fence.state = "lifted"
            self.movers.pop()

    @precondition(lambda self: self.movers and self.movers[-1].may_switch and self.store.up)
    @rule()
    def a_mover_switches(self) -> None:
        """Later than it looked: in between, anything may have happened."""
        mover = self.movers.pop()
        self.store.switch(mover.fence, mover.writer)

    # What holds

    @invariant()
    def nobody_disagrees_about_the_writer(self) -> None:
        would = {one.writer for one in self.replicas.values() if one.writes is Writes.AS_LIVE}
        do = {writer for one in self.replicas.values() for writer in one.under_way}
        assert len(would | do) <= 1, self.replicas

    def teardown(self) -> None:
        """Once all is well again, everybody sends writes to the writer of the newest revision."""
        self.all_is_well_again()
        self.store.now += BOUND
        for name in NAMES:
            self.a_replica_starts(name)
            self.a_replica_looks(name)
        newest = self.store.writers[-1]
        assert [one.writes for one in self.replicas.values()] == [Writes.AS_LIVE] * len(NAMES)
        assert {one.writer for one in self.replicas.values()} == {newest}


TestFleet = Fleet.TestCase
TestFleet.settings = settings(max_examples=400, stateful_step_count=60, deadline=None)
