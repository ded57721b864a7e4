"""Reads `--store`: which kind of database, where, and under which name to speak of it."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from strangler.store.errors import StoreError

FORMS = "write sqlite:///path/to.db or postgresql://user@host/database"

_OPTIONS = {"host": "host", "sslmode": "ssl"}
"""The options that people have in PostgreSQL URLs, and asyncpg's names for them."""

_KNOWN = " and ".join(_OPTIONS)


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a store is. `path` is its file where it is SQLite; `shown` is safe to print."""

    url: URL
    shown: str
    path: Path | None


def read_address(text: str) -> StoreAddress:
    """Decide what `--store` means; a relative file is taken from the working directory."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise StoreError(f"--store {_hidden(text)!r} is not a URL; {FORMS}") from error
    match url.drivername:
        case "sqlite":
            return _sqlite(url, text)
        case "postgresql" | "postgres":
            return _postgres(url)
        case other:
            raise StoreError(f"--store cannot be {other!r}; {FORMS}")


def _hidden(text: str) -> str:
    """Keep what may be a password out of a message."""
    return text if "@" not in text else "…@" + text.rpartition("@")[2]


def _sqlite(url: URL, text: str) -> StoreAddress:
    if url.host:
        raise StoreError(f"--store {text!r} lacks a slash; {FORMS}")
    if not url.database or url.database == ":memory:":
        raise StoreError(f"--store {text!r} names no file, and memory is not shared; {FORMS}")
    if url.query:
        raise StoreError(f"--store {text!r} has options, a file takes none; {FORMS}")
    # As written, not `url.database`: people put paths there, in which a `%` is a `%`.
    path = Path(text.partition(":///")[2]).absolute()
    return StoreAddress(URL.create("sqlite+aiosqlite", database=str(path)), str(path), path)


def _postgres(url: URL) -> StoreAddress:
    if not url.database:
        raise StoreError(f"--store names no database; {FORMS}")
    unknown = sorted(set(url.query) - set(_OPTIONS))
    if unknown:
        raise StoreError(f"--store has the option {unknown[0]!r}; only {_KNOWN} are known")
    query = {_OPTIONS[name]: value for name, value in url.query.items()}
    opened = url.set(drivername="postgresql+asyncpg", query=query)
    return StoreAddress(opened, url.set(query={}).render_as_string(hide_password=True), None)
