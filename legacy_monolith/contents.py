"""The contents of files: on disk beside the database, each named by its SHA-256.

Nothing is ever held whole in memory, nor removed once it is kept: a partner that reads the outbox
late still finds the contents that an old event names.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self

PIECE = 64 * 1024  # bytes read and sent at once
SHA256 = re.compile(r"[0-9a-f]{64}")


class Contents:
    """A directory of contents, and of those that are still arriving."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._arriving = root / "arriving"
        self._arriving.mkdir(parents=True, exist_ok=True)
        for left_over in self._arriving.iterdir():  # by a process that was killed
            left_over.unlink()

    def __repr__(self) -> str:
        return f"<Contents {self._root}>"

    def path(self, sha256: str) -> Path:
        """Give the place of a content; `ValueError` for what is no hash (it names a file)."""
        if not SHA256.fullmatch(sha256):
            raise ValueError(f"not a SHA-256 in lower-case hex: {sha256!r}")
        return self._root / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        """Tell whether a content is here."""
        return self.path(sha256).is_file()

    def spool(self) -> "Spool":
        """Begin to take in a content whose hash is not known yet."""
        return Spool(self, self._arriving)


class Spool:
    """A content on its way in; unless it is kept, nothing of it stays."""

    def __init__(self, contents: Contents, directory: Path) -> None:
        self.size = 0
        self._contents = contents
        self._digest = hashlib.sha256()
        descriptor, name = tempfile.mkstemp(dir=directory)
        self._path = Path(name)
        self._file = os.fdopen(descriptor, "wb")

    def __repr__(self) -> str:
        return f"<Spool of {self.size} bytes>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        """The hash of what has come so far."""
        return self._digest.hexdigest()

    async def take(self, chunks: AsyncIterator[bytes]) -> None:
        """Take in a body, chunk by chunk."""
        async for chunk in chunks:
            self.write(chunk)

    def write(self, chunk: bytes) -> None:
        """Take in one chunk."""
        self.size += len(chunk)
        self._digest.update(chunk)
        self._file.write(chunk)

    def keep(self) -> None:
        """Move the content, complete now, to where its hash says."""
        self._file.close()
        path = self._contents.path(self.sha256)
        path.parent.mkdir(exist_ok=True)
        self._path.replace(path)


async def pieces(path: Path) -> AsyncIterator[bytes]:
    """Read a content piece by piece."""
    with path.open("rb") as content:
        while piece := content.read(PIECE):
            yield piece
