"""Keeps what a replica must know to serve while the store is away, in a file that is whole or old.

What is read back is believed only if its digest is right. It is for this machine alone: whoever
holds `lock` knows that no earlier life of the replica, nor any worker of it, still runs.
"""

import contextlib
import fcntl
import os
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import orjson

from strangler.store.records import Revision

FORMAT = 2
"""Of the file; one of another format is not read."""


class KeptError(Exception):
    """What was kept cannot be used or written; the message is one line for people."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a replica keeps on its own disk.

    `life` is the one that the store knows it by; empty where it departed. `ended` are earlier
    lives, known to be over, that the store may still know. `revision` is the newest that was live;
    where writes go by now it does not tell. `token_key` signs the tokens of clients, in hex.
    """

    life: str
    ended: tuple[str, ...]
    revision: Revision | None = None
    token_key: str = ""


class Keeper:
    """One replica's files: what it keeps, and the lock that outlives it for as long as a worker."""

    def __init__(self, directory: Path, name: str) -> None:
        """Use two files in `directory`, which is made if need be. Raises `KeptError`."""
        self._path = directory / f"{name}.kept"
        self._lock_path = directory / f"{name}.lock"
        self.locked = False
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise KeptError(f"{error.filename}: {error.strerror}; check --state") from error

    def __repr__(self) -> str:
        return f"<Keeper {self._path} locked={self.locked}>"

    def lock(self) -> bool:
        """Take the lock, if no earlier life has it.

        It is the open file's: workers inherit it (`descriptor`) and with it the lock, which
        the kernel gives free when the last of them is gone.
        """
        with contextlib.suppress(OSError):
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.locked = True
        return self.locked

    def close(self) -> None:
        """Give the lock free, once all workers are gone."""
        os.close(self.descriptor)

    def read(self) -> Kept | None:
        """Give what was kept, or None where there is nothing. Raises `KeptError`."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeptError(f"{self._path}: {error.strerror}") from error
        kept = _decoded(content)
        if kept is None:
            raise KeptError(f"{self._path} is damaged or of another version: it is not used")
        return kept

    def discard(self) -> bool:
        """Keep nothing; False where what was kept could still be read."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
            _sync(self._path.parent)
            return True
        return False

    def write(self, kept: Kept) -> None:
        """Keep this in the place of what was there: after a power cut it is one or the other."""
        try:
            descriptor, draft = tempfile.mkstemp(prefix=self._path.name, dir=self._path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:  # mode 0600: routes.yaml is in it
                    file.write(_encoded(kept))
                    file.flush()
                    os.fsync(descriptor)
                Path(draft).replace(self._path)
            except BaseException:
                Path(draft).unlink(missing_ok=True)
                raise
            _sync(self._path.parent)
        except OSError as error:
            raise KeptError(f"{self._path}: {error.strerror}; check --state") from error


def _encoded(kept: Kept) -> bytes:
    body = orjson.dumps({"format": FORMAT, **asdict(kept)})
    return sha256(body).hexdigest().encode() + b"\n" + body


def _decoded(content: bytes) -> Kept | None:
    digest, _, body = content.partition(b"\n")
    if sha256(body).hexdigest().encode() != digest:
        return None
    data = orjson.loads(body)
    if data.pop("format") != FORMAT:
        return None
    if data["revision"] is not None:
        at = datetime.fromisoformat(data["revision"]["at"])
        data["revision"] = Revision(**{**data["revision"], "at": at})
    return replace(Kept(**data), ended=tuple(data["ended"]))


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
