"""Reads the `routes.yaml` that people edit, and puts an edited text in its place whole."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from strangler.cli.failure import VerbError
from strangler.compare.rules import complaint
from strangler.routing.mistakes import RoutesError
from strangler.routing.recent import table_of
from strangler.routing.source import MAX_BYTES
from strangler.routing.table import RouteTable


@dataclass(frozen=True, slots=True)
class RoutesFile:
    """A file that holds together. `text` has its line ends and byte order mark as they are."""

    path: Path
    text: str
    table: RouteTable


def read_routes(path: Path) -> RoutesFile:
    """Read and compile the file. All its mistakes, or why it cannot be read, are a `VerbError`."""
    raw = read_bytes(path)
    try:
        table = compile_routes(raw, str(path))
    except RoutesError as error:
        raise VerbError(*map(str, error.mistakes)) from error
    return RoutesFile(path, raw.decode("utf-8"), table)


def read_bytes(path: Path) -> bytes:
    """Read the file, up to a size at which compiling refuses it."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise VerbError(f"{path}: {error.strerror}; name a file with --routes") from error


def compile_routes(text: str | bytes, name: str) -> RouteTable:
    """Compile a text, its comparison rules included. Raises `RoutesError`."""
    return table_of(text, name, complaint)


class Replacement:
    """A file's new text, already safe on the disk beside it."""

    def __init__(self, target: Path, beside: Path) -> None:
        """Wait to put `beside` in the place of `target`."""
        self._target = target
        self._beside = beside
        self._kept = False

    def __repr__(self) -> str:
        return f"<Replacement of {self._target} by {self._beside}>"

    def put(self) -> None:
        """Put it in place in one step, or keep it and say in a `VerbError` where it is."""
        try:
            self._beside.replace(self._target)
            _sync_directory(self._target.parent)
        except OSError as error:
            self._kept = True
            raise VerbError(
                f"the change is live, but {self._target} could not be replaced "
                f"({error.strerror}); its new text is in {self._beside}, put it there yourself"
            ) from error

    def discard(self) -> None:
        """Remove what was not put in place, unless it is kept."""
        if not self._kept:
            self._beside.unlink(missing_ok=True)


@contextmanager
def replacing(file: RoutesFile, text: str) -> Iterator[Replacement]:
    """Prepare the replacement of a file, with its owner and mode; a symlink stays one.

    Leaving the block before it is put in place removes it again. A file that was changed since it
    was read, or a directory that cannot be written, is a `VerbError`.
    """
    try:
        replacement = _prepare(file.path.resolve(strict=True), text.encode("utf-8"))
    except OSError as error:
        reason = f"{file.path} cannot be replaced ({error.strerror}); nothing was changed"
        raise VerbError(reason) from error
    try:
        if read_bytes(file.path) != file.text.encode("utf-8"):
            raise VerbError(f"{file.path} was changed just now; nothing was done, try again")
        yield replacement
    finally:
        replacement.discard()


def _prepare(target: Path, content: bytes) -> Replacement:
    found = target.stat()
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    replacement = Replacement(target, Path(name))
    try:
        with os.fdopen(descriptor, "wb") as beside:
            with suppress(PermissionError):  # only root may give files away
                os.fchown(descriptor, found.st_uid, found.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
            beside.write(content)
            beside.flush()
            os.fsync(descriptor)
    except BaseException:
        replacement.discard()
        raise
    return replacement


def _sync_directory(directory: Path) -> None:
    """Have the rename survive a power cut, on file systems that can promise it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
