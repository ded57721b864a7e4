"""Reads the `routes.yaml` that people edit, and puts an edited text in its place whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from strangler.cli.failure import VerbError
from strangler.compare.rules import complaint
from strangler.control.draft import Draft
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

    def __init__(self, target: Path, draft: Draft) -> None:
        """Wait to put `draft` in the place of `target`."""
        self._target = target
        self._draft = draft

    def __repr__(self) -> str:
        return f"<Replacement of {self._target} by {self._draft}>"

    def put(self) -> None:
        """Put it in place in one step, or keep it and say in a `VerbError` where it is."""
        try:
            self._draft.put()
        except OSError as error:
            raise VerbError(
                f"the change is live, but {self._target} could not be replaced "
                f"({error.strerror}); its new text is in {self._draft.keep()}, put it there "
                "yourself"
            ) from error


@contextmanager
def replacing(file: RoutesFile, text: str) -> Iterator[Replacement]:
    """Prepare the replacement of a file, with its owner and mode; a symlink stays one.

    Leaving the block before it is put in place removes it again. A file that was changed since it
    was read, or a directory that cannot be written, is a `VerbError`.
    """
    try:
        target = file.path.resolve(strict=True)
        draft = Draft(target, text.encode("utf-8"))
    except OSError as error:
        reason = f"{file.path} cannot be replaced ({error.strerror}); nothing was changed"
        raise VerbError(reason) from error
    try:
        if read_bytes(file.path) != file.text.encode("utf-8"):
            raise VerbError(f"{file.path} was changed just now; nothing was done, try again")
        yield Replacement(target, draft)
    finally:
        draft.discard()
