"""Performs the replacing of a file by a new text: in one step, and nothing is left behind.

A draft lies beside the file and is locked for as long as its writer lives. One that is not locked
was left by a process that was killed; whoever writes the file next removes it.
"""

import fcntl
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_MARK = ".strangler-"
"""Tells our drafts from what editors and people leave beside a file."""


class Draft:
    """A file's new content, already safe on the disk beside it, with the file's owner and mode."""

    def __init__(self, target: Path, content: bytes) -> None:
        """Write it, and remove what nobody writes any more. Raises `OSError`."""
        clear_abandoned(target)
        self._target = target
        self._descriptor, self.path = _locked(target)
        try:
            self._write(content)
        except BaseException:
            self.discard()
            raise

    def __repr__(self) -> str:
        return f"<Draft {self.path}>"

    def put(self) -> None:
        """Put it in the place of the file. Raises `OSError`; then it is still there."""
        self.path.replace(self._target)
        _sync_directory(self._target.parent)

    def keep(self) -> Path:
        """Leave it for a person, by a name that nobody removes where that can be had."""
        with suppress(OSError):
            self.path = self.path.rename(self._target.with_name(f"{self._target.name}.new"))
        self._close()
        return self.path

    def discard(self) -> None:
        """Remove it, unless it was put in place or is kept."""
        if self._descriptor >= 0:
            self.path.unlink(missing_ok=True)
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _write(self, content: bytes) -> None:
        found = self._target.stat()
        with suppress(PermissionError):  # only root may give files away
            os.fchown(self._descriptor, found.st_uid, found.st_gid)
        os.fchmod(self._descriptor, stat.S_IMODE(found.st_mode))
        with os.fdopen(self._descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.fsync(self._descriptor)


def clear_abandoned(target: Path) -> None:
    """Remove the drafts of a file whose writers were killed; those that are locked stay."""
    for path in target.parent.glob(f".{target.name}{_MARK}*"):
        with suppress(OSError):  # it was put in place just now, or is somebody else's
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            finally:
                os.close(descriptor)


def _locked(target: Path) -> tuple[int, Path]:
    """Make an empty draft and lock it; again where one was taken for abandoned before that."""
    while True:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}{_MARK}", dir=target.parent)
        with suppress(OSError):  # some network disks know no locks: then nothing is cleared there
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, Path(name)
        os.close(descriptor)


def _sync_directory(directory: Path) -> None:
    """Have the rename survive a power cut, on file systems that can promise it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
