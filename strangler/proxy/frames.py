"""Follows a stream of WebSocket frames by their lengths alone: RFC 6455 section 5.2.

Contents are never looked at. What is asked is where a frame of our own may stand: between two
frames, also of one fragmented message (section 5.4), and before a Close, behind which nothing comes
(section 5.5.1).
"""

import secrets

CLOSE = 8
_OPCODES = frozenset({0, 1, 2, CLOSE, 9, 10})  # those that there are; with others we are lost

_GOING_AWAY = b"\x03\xe9"
"""1001: an endpoint that goes down (RFC 6455 section 7.4.1)."""


class FrameCursor:
    """Where a stream of frames stands. `closed`: it has had its Close."""

    __slots__ = ("_header", "_left", "_lost", "closed")

    def __init__(self) -> None:
        """Stand before the first frame."""
        self._header = b""  # the beginning of a frame's header
        self._left = 0  # octets of the present frame that are still to come
        self._lost = False  # these are no frames
        self.closed = False

    def __repr__(self) -> str:
        """Show where it stands."""
        return f"<FrameCursor left={self._left} closed={self.closed}>"

    @property
    def takes_close(self) -> bool:
        """Whether a Close of ours may stand here."""
        return not (self._left or self._header or self._lost or self.closed)

    def feed(self, data: bytes) -> None:
        """Go on by these octets."""
        if self._left >= len(data) or self._lost:
            self._left -= 0 if self._lost else len(data)
            return
        at, self._left = self._left, 0
        if self._header:
            data = self._header + data
        end = len(data)
        while at < end and not self._lost:
            size = _frame_size(data[at : at + 14])
            if not size:
                break
            self._lost = (data[at] & 15) not in _OPCODES
            self.closed = self.closed or (data[at] & 15) == CLOSE
            at += size
        self._header = data[at:] if at < end and not self._lost else b""
        self._left = max(0, at - end)


def going_away(*, masked: bool) -> bytes:
    """Write the Close of one who goes down; what a client sends is masked (section 5.3)."""
    if not masked:
        return bytes([128 | CLOSE, 2]) + _GOING_AWAY
    key = secrets.token_bytes(4)
    hidden = bytes(octet ^ mask for octet, mask in zip(_GOING_AWAY, key, strict=False))
    return bytes([128 | CLOSE, 128 | 2]) + key + hidden


def _frame_size(header: bytes) -> int:
    """Give the octets of a whole frame, or 0 where its length has not come."""
    if len(header) < 2:
        return 0
    length = header[1] & 127
    extended = {126: 2, 127: 8}.get(length, 0)
    if len(header) < 2 + extended:
        return 0
    if extended:
        length = int.from_bytes(header[2 : 2 + extended])
    mask = 4 if header[1] & 128 else 0
    return 2 + extended + mask + length
