"""Reads the bytes of message bodies, each kind to its exact end (RFC 9112 sections 6 and 7)."""

import re
from typing import Final

from strangler.http.framing import BodyKind, Framing
from strangler.http.lines import (
    TOKEN,
    MalformedError,
    TooLongError,
    field_line,
    refuse_beginning,
)
from strangler.http.message import Field

MAX_LINE: Final = 4 * 1024
"""Octets of a chunk's size with its extensions, which nobody uses: more than enough."""

MAX_TRAILERS: Final = 32 * 1024
"""Octets of a trailer section: as of a head."""

# RFC 9112 section 7.1.1, but for whitespace behind the size, which h11 refuses too. Fifteen digits
# stay below 2**60: no parser behind us wraps them around.
_QUOTED: Final = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
_EXTENSION: Final = rb";[ \t]*%b(?:[ \t]*=[ \t]*(?:%b|%b))?" % (TOKEN, TOKEN, _QUOTED)
_CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})(?:%b)*" % _EXTENSION)


class Body:
    """A body of unknown length, which ends with its connection; the others tell their end."""

    __slots__ = ("complete", "trailers")

    def __init__(self) -> None:
        """Start before the first octet."""
        self.complete = False
        self.trailers: list[Field] = []

    def __repr__(self) -> str:
        """Show the kind and whether the end has come."""
        return f"<{type(self).__name__} complete={self.complete}>"

    def read(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        """Read on from `data[at:]`: append what is content to `pieces`, give where reading stopped.

        What stands behind that place belongs to the next message where the body is `complete`;
        else it is the beginning of a line, to be given again with what follows it. Raises
        `MalformedError`.
        """
        pieces.append(data[at:] if at else data)
        return len(data)


class LengthBody(Body):
    """A body of a length that was told."""

    __slots__ = ("_left",)

    def __init__(self, length: int) -> None:
        """Expect so many octets, at least one."""
        super().__init__()
        self._left = length

    def read(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        """Read up to the last octet."""
        end = min(len(data), at + self._left)
        pieces.append(data if not at and end == len(data) else data[at:end])
        self._left -= end - at
        self.complete = not self._left
        return end


class ChunkedBody(Body):
    """A body in chunks, with its trailers behind it (RFC 9112 section 7.1)."""

    __slots__ = ("_in_trailers", "_left", "_trailing", "_within")

    def __init__(self) -> None:
        """Expect the size of a first chunk."""
        super().__init__()
        self._left = 0  # octets of the present chunk that are still to come
        self._within = False  # between a chunk's size and the line end behind its content
        self._in_trailers = False
        self._trailing = 0  # octets of trailer lines so far

    def read(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        """Read up to the end of the trailer section."""
        while at < len(data) and not self.complete:
            if self._left:
                end = min(len(data), at + self._left)
                pieces.append(data[at:end])
                self._left -= end - at
                at = end
                continue
            end = data.find(b"\r\n", at)
            if end < 0:
                self._refuse(data[at:])
                return at
            self._read_line(data[at:end])
            at = end + 2
        return at

    def _read_line(self, line: bytes) -> None:
        if self._in_trailers:
            self._read_trailer(line)
        elif self._within:
            if line:
                raise MalformedError("more octets in a chunk than its size says")
            self._within = False
        else:
            self._read_size(line)

    def _read_size(self, line: bytes) -> None:
        if len(line) > MAX_LINE:
            raise MalformedError("a chunk's line that is too long")
        found = _CHUNK_LINE.fullmatch(line)
        if found is None:
            raise MalformedError("a chunk size that is not a hexadecimal number")
        self._left = int(found[1], 16)
        self._within = self._left > 0
        self._in_trailers = not self._within

    def _read_trailer(self, line: bytes) -> None:
        if not line:
            self.complete = True
            return
        self._trailing += len(line)
        if self._trailing > MAX_TRAILERS:
            raise TooLongError(f"more than {MAX_TRAILERS} octets of trailers")
        self.trailers.append(field_line(line))

    def _refuse(self, begun: bytes) -> None:
        """Refuse the beginning of a line that is too long, or no good line whatever follows."""
        if len(begun) > (MAX_TRAILERS if self._in_trailers else MAX_LINE):
            too_long = TooLongError if self._in_trailers else MalformedError
            raise too_long("a line in a chunked body that is too long")
        if self._within and begun != b"\r":
            raise MalformedError("more octets in a chunk than its size says")
        refuse_beginning(begun)


def body_reader(framing: Framing) -> Body | None:
    """Give the reader for a body, or None where there is none."""
    kind = framing.kind
    if kind is BodyKind.LENGTH:
        return LengthBody(framing.length) if framing.length else None
    if kind is BodyKind.CHUNKED:
        return ChunkedBody()
    return None if kind is BodyKind.NONE else Body()
