"""What the supervisor and a worker say to each other, and how it crosses the pipe between them.

Frames are a four-byte length and a pickle. Both ends are our own processes of one user, joined by
an inherited socket pair that nobody else can reach; a pickled table saves every worker the parsing
of `routes.yaml`, which would hold its loop. As a large table would hold it all the same, its
pieces go before it, and others have their turn between them: all frames of a message are one
stream of pickles, in which what has gone before is only referred to.
"""

import asyncio
import copyreg
import pickle
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
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

_MORE = 1 << 31
"""The bit of a frame's length that says that its message goes on in the next one."""

_PIECE = 50
"""Routes, or nodes of the trie, that are read at a time: less than a millisecond of a core."""


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
    """Write a message: one frame, or several where it brings a table."""
    out, body = [], BytesIO()
    pickler = pickle.Pickler(body, protocol=pickle.HIGHEST_PROTOCOL)
    pieces = _pieces(message.table) if isinstance(message, Start | Swap) else iter(())
    for piece in pieces:
        pickler.dump(piece)
        out += [_LENGTH.pack(body.tell() | _MORE), body.getvalue()]
        body.seek(0)
        body.truncate()
    pickler.dump(message)
    return b"".join([*out, _LENGTH.pack(body.tell()), body.getvalue()])


def _pieces(table: RouteTable) -> Iterator[tuple[object, ...]]:
    """Give what a table is made of a little at a time, nothing before what it refers to."""
    tries = [table.root, *([table.folded] if table.cased else [])]
    for whole in (iter(table.routes), *(trie.nodes() for trie in tries)):
        while piece := tuple(islice(whole, _PIECE)):
            yield piece


async def receive(reader: asyncio.StreamReader) -> Message | None:
    """Read a message, or None where the other end is gone."""
    body = BytesIO()
    unpickler = pickle.Unpickler(body)  # noqa: S301 - from our own process, see the module
    while True:
        try:
            (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
            body.write(await reader.readexactly(length & ~_MORE))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        body.seek(0)
        read = unpickler.load()
        if not length & _MORE:
            message: Message = read
            return message
        body.seek(0)
        body.truncate()
        await asyncio.sleep(0)  # what is buffered would be read on without letting others in
