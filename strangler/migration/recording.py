"""Turns a request head into what may be kept of it, and back into one that is matched alike.

Kept are method, host, the shape of the path and what some route asks about. Path segments are
plain where the table spells them out; all others, and every value, are keyed hashes with their
type. So no identifier is in the store, and whoever has the key can still tell whether a segment
is the literal, or a value the condition, of a table that did not exist when it was recorded.

A path that some server may read as another one (`strangler.http.readings`) is kept with those
readings, hashed alike, so that it can be told whether a table refuses it.

A canary key is kept as the buckets that it falls into, domain by domain: a bucket is salted with
its domain, and a hash of the key would not tell it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import NamedTuple
from urllib.parse import parse_qsl, quote_plus
from uuid import UUID

from strangler.http.message import RequestHead, RequestTarget
from strangler.http.readings import fold, readings
from strangler.http.words import is_parameter
from strangler.routing.conditions import Condition, Source
from strangler.routing.decision import bucket_of
from strangler.routing.keys import KeySource, key_source
from strangler.routing.pattern import MAX_SEGMENTS, TYPES
from strangler.routing.table import RouteTable

MARK = "~"
"""Begins what is hashed. What begins so by itself is always hashed, so that nothing is mistaken."""

UNTYPED = "text"
"""The type of a segment that no typed parameter accepts."""

MOST_PARAMETERS = 32
"""Query parameters of a head that is kept: more are no request that routes are written for."""

LONGEST_NAME = 255
"""Octets of a host (RFC 1035 section 2.3.4), and of the name of a query parameter."""

MOST_BUCKETS = 200
"""Buckets that are kept with a head: what the canaries of further domains do is told as unknown."""

DEFAULT_KEY = "address"
"""The canary key of a domain that names none."""


@dataclass(frozen=True, slots=True)
class RecordedHead:
    """What is kept of a request head. Texts that begin with `~` are hashed.

    `path` and `host` are as the request had them. `query` has every parameter's name with its
    value, or None where no route asked for it; `headers` the ones that routes asked for, None where
    the request had none. `buckets` are named by domain and key, such as `users address`; None
    where the request had no such key. `readings`: every reading of a path that has others, each
    with what it is where case means nothing; of most paths there is none.
    """

    method: str
    host: str
    path: str
    query: Mapping[str, str | None] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)
    buckets: Mapping[str, int | None] = field(default_factory=dict)
    readings: Mapping[str, str] = field(default_factory=dict)


class Hashing:
    """Hashes what is not to be kept, with one key: equal texts are equal wherever the key is."""

    __slots__ = ("_key", "fingerprint")

    def __init__(self, key: bytes) -> None:
        if not key:
            raise ValueError("a redaction key must not be empty: short values could be guessed")
        self._key = blake2b(key, person=b"recorded heads").digest()
        self.fingerprint = blake2b(self._key, digest_size=8).hexdigest()

    def __repr__(self) -> str:
        return f"<Hashing {self.fingerprint}>"

    def mark(self, kind: str, text: str) -> str:
        """Write a text as `~TYPE.HASH`; 64 bits, so that no two of a site's identifiers are one."""
        data = text.encode("utf-8", "surrogatepass")
        return f"{MARK}{kind}.{blake2b(data, key=self._key, digest_size=8).hexdigest()}"


def type_of(segment: str) -> str:
    """Name the typed parameter that accepts a segment, or `text`."""
    return next((name for name, accepts in TYPES.items() if accepts(segment)), UNTYPED)


def _conditions(table: RouteTable) -> Iterator[Condition]:
    for route in table.routes:
        for claim in route.claims:
            yield from claim.more


def _literals(tables: Iterable[RouteTable]) -> set[str]:
    return {
        segment.literal
        for table in tables
        for route in table.routes
        for segment in route.path.segments
        if segment.literal
    }


class HeadRecorder:
    """Writes heads down under one table: what that table asks about is worked out once."""

    __slots__ = ("_hashing", "_headers", "_keys", "_parameters", "_vocabulary")

    def __init__(self, table: RouteTable, hashing: Hashing) -> None:
        self._hashing = hashing
        asked = set(_conditions(table))
        self._vocabulary = {one for one in _literals([table]) if not one.startswith(MARK)}
        self._headers = sorted({one.name for one in asked if one.source is Source.HEADER})
        self._parameters = {one.name for one in asked if one.source is Source.QUERY}
        self._keys = dict(list(_keys(table))[:MOST_BUCKETS])

    def __repr__(self) -> str:
        return f"<HeadRecorder {len(self._vocabulary)} words, {len(self._keys)} buckets>"

    def record(self, head: RequestHead, address: str) -> RecordedHead | None:
        """Write one head down; None for one that no route could claim or that is absurd."""
        segments = head.target.path.split("/")
        pairs = parse_qsl(head.target.query, keep_blank_values=True)
        if segments[0] or len(segments) > MAX_SEGMENTS + 1 or len(pairs) > MOST_PARAMETERS:
            return None
        if len(head.host) > LONGEST_NAME:
            return None
        return RecordedHead(
            method=head.method,
            host=head.host,
            path=self._path(segments),
            query=self._query(pairs),
            headers={name: self._header(head, name) for name in self._headers},
            buckets={
                name: _bucket(source.key_of(head, address), domain)
                for name, (domain, source) in self._keys.items()
            },
            readings=self._readings(head.target.path),
        )

    def _readings(self, path: str) -> dict[str, str]:
        if path == path.lower() and "%" not in path and ";" not in path:
            return {}
        return {
            self._path(segments): self._path(map(fold, segments))
            for segments in (reading.split("/") for reading in readings(path))
        }

    def _path(self, segments: Iterable[str]) -> str:
        return "/".join(map(self._segment, segments))

    def _segment(self, segment: str) -> str:
        if not segment or segment in self._vocabulary:
            return segment
        return self._hashing.mark(type_of(segment), segment)

    def _header(self, head: RequestHead, name: str) -> str | None:
        value = head.first(name.encode("ascii"))
        return None if value is None else self._hashing.mark(UNTYPED, value.decode("latin-1"))

    def _query(self, pairs: list[tuple[str, str]]) -> dict[str, str | None]:
        kept: dict[str, str | None] = {}
        for name, value in reversed(pairs):  # of a repeated parameter the first value counts
            asked = name in self._parameters
            shown = (
                name if asked or is_parameter(name, value) else self._hashing.mark(UNTYPED, name)
            )
            kept[shown] = self._hashing.mark(UNTYPED, value) if asked else None
        return kept


def _keys(table: RouteTable) -> Iterator[tuple[str, tuple[bytes, KeySource]]]:
    """List the buckets worth keeping: each domain's own, and what it may have once it has one."""
    texts = {domain.canary.key_text for domain in table.domains.values() if domain.canary}
    for name, domain in table.domains.items():
        wanted = [domain.canary.key_text] if domain.canary else sorted({DEFAULT_KEY, *texts})
        for text in wanted:
            yield bucket_name(name, text), (name.encode(), key_source(text))


def bucket_name(domain: str, key_text: str) -> str:
    """Name a domain's buckets of one key."""
    return f"{domain} {key_text}"


def _bucket(key: bytes | None, salt: bytes) -> int | None:
    return None if key is None else bucket_of(salt, key)


class Recalled(NamedTuple):
    """A recorded head as some tables would match it, with the names that they know.

    `readings`: its path, and the other ones for which it may be taken, split at their slashes, each
    with what it is where case means nothing; empty where it is what it seems.
    """

    recorded: RecordedHead
    head: RequestHead
    readings: tuple[tuple[list[str], list[str]], ...]


class Lexicon:
    """Reads recorded heads for some tables: knows the hash of everything that they spell out."""

    __slots__ = ("_known", "_queries")

    def __init__(self, tables: Iterable[RouteTable], hashing: Hashing) -> None:
        tables = list(tables)
        self._known: dict[str, str] = {}
        self._queries: dict[tuple[tuple[str, str | None], ...], str] = {}  # many are alike
        for literal in _literals(tables):
            for segment in (literal, fold(literal)):
                self._known[hashing.mark(type_of(segment), segment)] = segment
        for table in tables:
            for one in _conditions(table):
                for text in (one.name, one.value):
                    self._known[hashing.mark(UNTYPED, text)] = text

    def __repr__(self) -> str:
        return f"<Lexicon of {len(self._known)} words>"

    def read(self, recorded: RecordedHead) -> Recalled:
        """Give the head again with the names that the tables know, and as they would match it.

        What they do not spell out becomes a value of the same type that they do not spell out
        either. A parameter whose value was not kept is there, with a value that no table names.
        """
        if recorded.query and any(name.startswith(MARK) for name in recorded.query):
            named = {self._word(name): value for name, value in recorded.query.items()}
            recorded = replace(recorded, query=named)
        query = self._query(tuple(recorded.query.items())) if recorded.query else ""
        path = recorded.path
        if MARK in path:
            path = "/".join(self._segments(path))
        target = RequestTarget(path, query, path.encode("ascii"))
        headers = [
            (name.encode("ascii"), self._word(value).encode("latin-1"))
            for name, value in recorded.headers.items()
            if value is not None
        ]
        read = tuple(
            (self._segments(exact), self._segments(folded))
            for exact, folded in recorded.readings.items()
        )
        head = RequestHead(recorded.method, target, recorded.host, headers)
        return Recalled(recorded, head, read)

    def _query(self, pairs: tuple[tuple[str, str | None], ...]) -> str:
        query = self._queries.get(pairs)
        if query is None:
            words = ((name, self._word(value or MARK)) for name, value in pairs)
            query = "&".join(f"{quote_plus(name)}={quote_plus(word)}" for name, word in words)
            self._queries[pairs] = query
        return query

    def _word(self, text: str) -> str:
        return self._known.get(text, text) if text.startswith(MARK) else text

    def _segments(self, path: str) -> list[str]:
        known = self._known
        return [
            known.get(text) or made_up(text) if text.startswith(MARK) else text
            for text in path.split("/")
        ]


def made_up(mark: str) -> str:
    """Give a segment of the type that a mark tells, the same one for the same mark."""
    kind, _, digest = mark.removeprefix(MARK).partition(".")
    match kind:
        case "int":
            return f"{int(digest, 16):020d}"
        case "uuid":
            return str(UUID(digest * 2))
    return mark
