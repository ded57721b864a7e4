"""Hands the bodies of a pair to another process of this machine without holding the loop.

To pickle two bodies of 10 MB holds the interpreter for 16 ms, in whichever thread. Written to a
file they are copied by the kernel, beside it. The file is in memory alone and has no name: nothing
of it reaches a disk, and it is gone with whoever holds it last.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from strangler.compare.bounds import Bounds
from strangler.compare.compare import compare
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.verdict import Comparison
from strangler.http.message import Headers

CAN_LEND = hasattr(os, "memfd_create")  # Linux and FreeBSD have it


@dataclass(frozen=True, slots=True)
class Lent:
    """A pair whose bodies lie one behind the other in the file at `path`."""

    path: str
    heads: tuple[tuple[int, Headers], ...]
    sizes: tuple[int, ...]


class Loan:
    """The file, for as long as somebody may still read it; close it then."""

    __slots__ = ("_file", "lent")

    def __init__(self, primary: Response, candidate: Response) -> None:
        """Write both bodies. Raises `OSError`, and takes milliseconds: not for the loop."""
        pair = (primary, candidate)
        self._file = os.memfd_create("strangler-pair", os.MFD_CLOEXEC)
        try:
            for one in pair:
                _write(self._file, one.body)
        except BaseException:
            self.close()
            raise
        self.lent = Lent(
            f"/proc/{os.getpid()}/fd/{self._file}",
            tuple([(one.status, one.headers) for one in pair]),
            tuple([len(one.body) for one in pair]),
        )

    def __repr__(self) -> str:
        """Show how much is lent."""
        return f"<Loan of {' and '.join(map(str, self.lent.sizes))} octets>"

    def close(self) -> None:
        """Hold the file no longer."""
        os.close(self._file)


def _write(file: int, body: bytes) -> None:
    left = memoryview(body)
    while left:
        left = left[os.write(file, left) :]


def compare_lent(lent: Lent, rules: Rules, bounds: Bounds) -> Comparison:
    """Compare a pair that another process has lent, which waits for the answer."""
    with Path(lent.path).open("rb", buffering=0) as file:
        bodies = [_read(file.fileno(), size) for size in lent.sizes]
    (status, fields), (other_status, other_fields) = lent.heads
    primary = Response(status, fields, bodies[0])
    return compare(primary, Response(other_status, other_fields, bodies[1]), rules, bounds)


def _read(file: int, size: int) -> bytes:
    pieces = []
    while size:
        piece = os.read(file, size)
        if not piece:
            raise EOFError("what was lent is shorter than was said")
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
