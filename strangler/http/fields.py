"""Walks the fields of a head once: what crosses is made ready, what matters to us is noted.

Everything that is decided from fields afterwards (framing, persistence, forwarding) reads the
notes; no head is walked twice but in the rare case that a peer nominates fields to stay behind.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from strangler.http.message import Headers
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

_USUAL: Final = frozenset({b"close", b"keep-alive", b"upgrade", b"te", b"transfer-encoding", b""})


class Fields:
    """The fields of one head.

    `crossing` holds the lines of what crosses, in pieces that only need joining: name, `: `, value
    and CRLF of each. `noted` holds the values of each role (see `roles`) but the plain one.
    """

    __slots__ = ("crossing", "noted")

    def __init__(self, crossing: list[bytes], noted: dict[int, list[bytes]]) -> None:
        """Hold what a walk has found."""
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


def request_fields(headers: Headers, *, trusted: bool = False) -> Fields:
    """Walk a request's fields; hearsay crosses from a trusted peer only."""
    return _walked(headers, request_role, HEARSAY + 1 if trusted else HEARSAY)


def response_fields(headers: Headers) -> Fields:
    """Walk a response's fields."""
    return _walked(headers, response_role, HEARSAY)


def without(headers: Headers, unwanted: Callable[[bytes], bool]) -> Headers:
    """Give the fields whose lower-case names are not unwanted."""
    return [field for field in headers if not unwanted(field[0].lower())]


def end_to_end(headers: Headers) -> Headers:
    """Give the fields that are about the message and not about one connection."""
    nominated = _nominated([value for name, value in headers if name.lower() == b"connection"])
    return tuple(
        field
        for field in headers
        if response_role(field[0]) < REMOVED and field[0].lower() not in nominated
    )


@lru_cache(256)
def tokens(value: bytes) -> frozenset[bytes]:
    """Give the members of a list-valued field in lower case, without their parameters."""
    return frozenset(token.strip() for token in value.lower().replace(b";", b",").split(b","))


def _walked(headers: Headers, role_of: Callable[[bytes], int], kept_behind: int) -> Fields:
    fields = _walk(headers, role_of, kept_behind)
    if CONNECTION in fields.noted:
        nominated = _nominated(fields.noted[CONNECTION])
        if nominated:
            return _walk(without(headers, nominated.__contains__), role_of, kept_behind)
    return fields


def _walk(headers: Headers, role_of: Callable[[bytes], int], kept_behind: int) -> Fields:
    crossing: list[bytes] = []
    noted: dict[int, list[bytes]] = {}
    for name, value in headers:
        role = role_of(name)
        if role:
            noted.setdefault(role, []).append(value)
            if role >= kept_behind:
                continue
        crossing += (name, b": ", value, b"\r\n")
    return Fields(crossing, noted)


def _nominated(values: list[bytes]) -> frozenset[bytes]:
    """Give the fields that Connection has removed, beyond those that are never kept."""
    listed = frozenset[bytes]().union(*map(tokens, values)) - _USUAL
    return frozenset(name for name in listed if nominable(name))
