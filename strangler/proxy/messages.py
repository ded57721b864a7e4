"""What the supervisor and a worker say to each other, and how it crosses the pipe between them.

Frames are a four-byte length and a pickle. Both ends are our own processes of one user, joined by
an inherited socket pair that nobody else can reach; a pickled table saves every worker the parsing
of `routes.yaml`, which would hold its loop.
"""

import asyncio
import copyreg
import pickle
import struct
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from strangler.proxy.counters import Counters, Gauges
from strangler.proxy.listener_context import Identity
from strangler.proxy.settings import Settings
from strangler.routing.hold import Hold
from strangler.routing.table import RouteTable
from strangler.store.observed import Observation
from strangler.store.records import AnswerKey, NoiseSeen, TrafficReport

_LENGTH = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Start:
    """Supervisor to worker, first: begin to serve."""

    table: RouteTable
    revision: int
    settings: Settings
    identity: Identity | None = None
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Swap:
    """Supervisor to worker: this table is live now; with a `hold`, it has writes that wait."""

    table: RouteTable
    revision: int
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Become:
    """Supervisor to worker: show clients this certificate from now on."""

    identity: Identity


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Supervisor to worker: by domain, the Unix time before which all writes are on both sides."""

    times: dict[str, float]


@dataclass(frozen=True, slots=True)
class KnownNoise:
    """Supervisor to worker: what all workers know of noise; it replaces what was said before."""

    noise: tuple[NoiseSeen, ...]


@dataclass(frozen=True, slots=True)
class Scrape:
    """Supervisor to worker: say what you have counted."""

    number: int


@dataclass(frozen=True, slots=True)
class Drain:
    """Supervisor to worker: finish what is under way, and exit."""


@dataclass(frozen=True, slots=True)
class Serving:
    """Worker to supervisor: this revision is live here (after `Start` and after each `Swap`)."""

    revision: int


@dataclass(frozen=True, slots=True)
class Closed:
    """Worker to supervisor: no write from before this fence is under way here any more."""

    fence: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Worker to supervisor: the answer to `Scrape`."""

    number: int
    counters: Counters
    gauges: Gauges


@dataclass(frozen=True, slots=True)
class Observed:
    """Worker to supervisor: what shadow copies have shown."""

    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """Worker to supervisor: how often each kind of answer was given since the last report."""

    counts: dict[AnswerKey, int]


@dataclass(frozen=True, slots=True)
class Travelled:
    """Worker to supervisor: what was seen of the traffic since the last report."""

    report: TrafficReport


@dataclass(frozen=True, slots=True)
class LearnedNoise:
    """Worker to supervisor: what was learned of noise since the last report."""

    noise: tuple[NoiseSeen, ...]


ToWorker: TypeAlias = Start | Swap | Become | CaughtUp | KnownNoise | Scrape | Drain
FromWorker: TypeAlias = Serving | Closed | Counted | Observed | Answers | LearnedNoise | Travelled
Message: TypeAlias = ToWorker | FromWorker


def _read_only(items: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(items)


def _reduce(mapping: MappingProxyType[Any, Any]) -> tuple[Any, tuple[dict[Any, Any]]]:
    return _read_only, (dict(mapping),)


copyreg.pickle(MappingProxyType, _reduce)  # the read-only mappings of a table, which pickle lacks


def encode(message: Message) -> bytes:
    """Write one frame."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


async def receive(reader: asyncio.StreamReader) -> Message | None:
    """Read one frame, or None where the other end is gone."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        body = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    message: Message = pickle.loads(body)  # noqa: S301 - from our own process, see the module
    return message
