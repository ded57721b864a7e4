"""The contents of files, on disk by their SHA-256.

A content arrives as a temporary file while it is hashed, and is *adopted* (renamed) by the
transaction that also writes the row that names it; adopting and dropping happen only inside the
writing lane of the database, so one cannot overtake the other. A crash leaves at worst a content
that no row names, never a row without its content.
"""

import asyncio
import contextlib
import hashlib
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, BinaryIO

PIECE = 64 * 1024  # bytes; how contents are streamed out, by contract
ARRIVING = "arriving-"


@dataclass(frozen=True, slots=True)
class Received:
    """A content that has arrived completely and is not adopted yet."""

    path: Path
    sha256: str
    size: int


class Contents:
    """A directory of contents."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        for interrupted in directory.glob(f"{ARRIVING}*"):
            interrupted.unlink()

    def __repr__(self) -> str:
        return f"<Contents {self._directory}>"

    def __contains__(self, sha256: str) -> bool:
        return self._path(sha256).exists()

    @contextlib.asynccontextmanager
    async def receive(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[Received]:
        """Store a stream to disk, hashing it; what is not adopted inside the block is removed."""
        digest, size = hashlib.sha256(), 0
        with NamedTemporaryFile(dir=self._directory, prefix=ARRIVING, delete=False) as file:
            path = Path(file.name)
            try:
                async for piece in pieces:
                    await asyncio.to_thread(_append, file, digest, piece)
                    size += len(piece)
                await asyncio.to_thread(file.close)
                yield Received(path, digest.hexdigest(), size)
            finally:
                await asyncio.to_thread(path.unlink, missing_ok=True)

    def adopt(self, received: Received) -> None:
        """Keep a received content. Only inside a transaction."""
        received.path.rename(self._path(received.sha256))

    def sweep(self, connection: sqlite3.Connection) -> None:
        """Remove the contents that no row names any more. Only as a transaction of its own.

        (After the one that made them loose: what is not committed must not cost a content.)
        """
        for (sha256,) in connection.execute(
            "SELECT sha256 FROM loose WHERE sha256 NOT IN (SELECT sha256 FROM files)"
        ):
            self._path(sha256).unlink(missing_ok=True)
        connection.execute("DELETE FROM loose")

    def open(self, sha256: str) -> BinaryIO | None:
        """Open a content; None if there is none. What is open stays readable when it is dropped."""
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError:
            return None

    def _path(self, sha256: str) -> Path:
        return self._directory / sha256


class PassingContents(Contents):
    """The same directory for dry runs: what arrives is hashed, and never kept."""

    def adopt(self, received: Received) -> None:
        """Leave it where it arrived, from where it is removed."""


async def pieces_of(file: BinaryIO) -> AsyncIterator[bytes]:
    """Give an open content piece by piece, and close it."""
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


def _append(file: IO[bytes], digest: "hashlib._Hash", piece: bytes) -> None:
    digest.update(piece)
    file.write(piece)
