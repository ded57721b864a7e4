"""What goes wrong in the store, said in one line: what, where, and how to mend it.

Foreign exceptions (SQLite's, PostgreSQL's, the operating system's) are mapped here, once.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_SQLITE = {
    # SQLite's primary result codes, by the first two parts of their names.
    "SQLITE_BUSY": "is locked by another process; see who holds it open, then try again",
    "SQLITE_LOCKED": "is locked by another process; see who holds it open, then try again",
    "SQLITE_READONLY": "cannot be written; check the owner and mode of the file and its directory",
    "SQLITE_CANTOPEN": "cannot be opened; check that the file and its directory may be written",
    "SQLITE_PERM": "cannot be opened; check the owner and mode of the file and its directory",
    "SQLITE_CORRUPT": "is damaged; put a back-up in its place, or move it away to start anew",
    "SQLITE_NOTADB": "is not an SQLite database; check --store, or move the file away",
    "SQLITE_FULL": "could not grow, the disk is full; free some space",
    "SQLITE_IOERR": "could not be read or written, the disk failed; check its space and health",
    "SQLITE_PROTOCOL": "is locked by too many processes; try again",
}

_POSTGRES = {
    # Classes of SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
    "08": "closed the connection; check that the server runs, then try again",
    "28": "refused the user or the password; check them in --store",
    "3D": "does not exist; create the database, or check its name in --store",
    "42501": "does not let this user do that; grant the user its tables",
    "53": "is out of connections, memory or disk space; see the server's log",
    "55": "is locked by another process; try again",
    "57": "is starting, stopping or was told to stop; try again",
    "25006": "is read-only; name the primary server in --store",
}


class StoreError(Exception):
    """The store cannot do what was asked; the message is one line for people."""


class Conflict(StoreError):  # noqa: N818 - normal life among writers, nobody's error
    """Another writer was first: the newest revision is no longer the one that was looked at."""


class Unfenced(StoreError):  # noqa: N818 - as above
    """A revision moves a writer, and its writes do not wait at a fence."""


def reason_of(error: BaseException) -> str:
    """Say what one foreign exception means for the store, and the way out."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return reason_of(error.orig)
    if isinstance(error, PoolTimeoutError | TimeoutError):
        return "did not answer in time; check that it is reachable, then try again"
    if isinstance(error, sqlite3.Error):
        return _sqlite_reason(error)
    if isinstance(error, OSError):
        return f"cannot be reached ({error.strerror or error}); check --store"
    return _postgres_reason(error)


def _sqlite_reason(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    family = "_".join(name.split("_")[:2])
    return _SQLITE.get(family) or f"failed: {_first_line(error)}"


def _postgres_reason(error: BaseException) -> str:
    state = str(getattr(error, "sqlstate", None) or "")
    known = next((text for key, text in _POSTGRES.items() if state and state.startswith(key)), None)
    return known or f"failed: {_first_line(error)}"


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


@contextmanager
def mapped_errors(where: str) -> Iterator[None]:
    """Turn any failure of the database named `where` into a `StoreError`; faults of ours pass."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError, OSError) as error:
        raise StoreError(f"the store {where} {reason_of(error)}") from error
