"""Reads the field lines of a head once: what crosses is made ready, what matters is noted.

Everything that is decided from fields afterwards (framing, persistence, forwarding) reads the
notes; no head is walked twice but in the rare case that a peer nominates fields to stay behind.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from strangler.http.lines import field_line
from strangler.http.message import Field, Headers
from strangler.http.roles import (
    CONNECTION,
    HEARSAY,
    REMOVED,
    TE,
    UPGRADE,
    nominable,
    request_role,
    response_role,
)

KEPT_LINES: Final = 1024
"""Lines whose reading is kept: those that the clients of a site send again and again."""

KEPT_LINE: Final = 256
"""Octets of the longest of them: with what they come to, about a megabyte in all."""

_USUAL: Final = frozenset({b"close", b"keep-alive", b"upgrade", b"te", b"transfer-encoding", b""})


class Fields:
    """The fields of one head.

    `headers` are all of them as received. `crossing` holds the line of each that crosses, with its
    CRLF. `noted` holds the values of each role (see `roles`) but the plain one.
    """

    __slots__ = ("crossing", "headers", "noted")

    def __init__(
        self, headers: list[Field], crossing: list[bytes], noted: dict[int, list[bytes]]
    ) -> None:
        """Hold what a walk has found."""
        self.headers = headers
        self.crossing = crossing
        self.noted = noted

    def __repr__(self) -> str:
        """Show the lines that cross."""
        return f"<Fields {b''.join(self.crossing)!r}>"

    def mentions(self, role: int, token: bytes) -> bool:
        """Tell whether a list-valued field holds `token` (lower-case), in any case."""
        return any(token in tokens(value) for value in self.noted.get(role, ()))

    @property
    def asks_for_websocket(self) -> bool:
        """Whether the message asks for or agrees to a WebSocket (RFC 6455 section 4.1)."""
        return self.mentions(CONNECTION, b"upgrade") and self.mentions(UPGRADE, b"websocket")

    @property
    def takes_trailers(self) -> bool:
        """Whether the sender of a request wants to see trailers (RFC 9110 section 10.1.4)."""
        return self.mentions(TE, b"trailers")

    def keeps_alive(self, version: str) -> bool:
        """Decide whether the message lets its connection persist (RFC 9112 section 9.3)."""
        if version == "1.1":
            return CONNECTION not in self.noted or not self.mentions(CONNECTION, b"close")
        return self.mentions(CONNECTION, b"keep-alive")


class _Line:
    """What a field line comes to: the field, its role, and the line in which it crosses."""

    __slots__ = ("crossing", "field", "role")

    def __init__(self, line: bytes, role_of: Callable[[bytes], int]) -> None:
        field = field_line(line)
        self.field = field
        self.role = role_of(field[0])
        self.crossing = b"%b: %b\r\n" % field

    def __repr__(self) -> str:
        return f"<_Line {self.field!r} {self.role}>"


# Most lines of a client's head stand in its next one, too.
@lru_cache(KEPT_LINES)
def _request_line(line: bytes) -> _Line:
    return _Line(line, request_role)


@lru_cache(KEPT_LINES)
def _response_line(line: bytes) -> _Line:
    return _Line(line, response_role)


def request_fields(lines: list[bytes], *, trusted: bool = False) -> Fields:
    """Read a request's field lines, given without CRLF; hearsay crosses from a trusted peer only.

    Raises `MalformedError`.
    """
    read = [
        _request_line(line) if len(line) <= KEPT_LINE else _Line(line, request_role)
        for line in lines
    ]
    return _walked(read, HEARSAY + 1 if trusted else HEARSAY)


def response_fields(lines: list[bytes]) -> Fields:
    """Read a response's field lines, given without CRLF. Raises `MalformedError`."""
    read = [
        _response_line(line) if len(line) <= KEPT_LINE else _Line(line, response_role)
        for line in lines
    ]
    return _walked(read, HEARSAY)


def lines_of(headers: Headers) -> list[bytes]:
    """Write fields as the lines that they are read from."""
    return [b"%b: %b" % field for field in headers]


def end_to_end(headers: Headers) -> Headers:
    """Give the fields that are about the message and not about one connection."""
    kept: list[Field] = []
    nominating: list[bytes] = []
    for field in headers:
        role = response_role(field[0])
        if role < REMOVED:
            kept.append(field)
        elif role == CONNECTION:
            nominating.append(field[1])
    nominated = _nominated(nominating) if nominating else frozenset()
    if nominated:
        return tuple([field for field in kept if field[0].lower() not in nominated])
    return tuple(kept)


@lru_cache(256)
def tokens(value: bytes) -> frozenset[bytes]:
    """Give the members of a list-valued field in lower case, without their parameters."""
    return frozenset(token.strip() for token in value.lower().replace(b";", b",").split(b","))


def _walked(lines: list[_Line], kept_behind: int) -> Fields:
    fields = _walk(lines, kept_behind)
    if CONNECTION in fields.noted:
        nominated = _nominated(fields.noted[CONNECTION])
        if nominated:
            again = _walk(
                [line for line in lines if line.field[0].lower() not in nominated], kept_behind
            )
            again.headers = fields.headers
            return again
    return fields


def _walk(lines: list[_Line], kept_behind: int) -> Fields:
    crossing: list[bytes] = []
    noted: dict[int, list[bytes]] = {}
    for line in lines:
        role = line.role
        if role:
            noted.setdefault(role, []).append(line.field[1])
            if role >= kept_behind:
                continue
        crossing.append(line.crossing)
    return Fields([line.field for line in lines], crossing, noted)


def _nominated(values: list[bytes]) -> frozenset[bytes]:
    """Give the fields that Connection has removed, beyond those that are never kept."""
    listed = frozenset[bytes]().union(*map(tokens, values)) - _USUAL
    return frozenset(name for name in listed if nominable(name))
