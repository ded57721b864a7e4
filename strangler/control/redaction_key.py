"""Finds the key under which stored values are hashed, and makes one where there is none."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

import structlog

from strangler.store.errors import StoreError

log = structlog.get_logger()

VARIABLE = "STRANGLER_REDACTION_KEY"

SHORTEST = 32
"""Octets that a key has at least: a shorter one is a file that was cut off."""


def redaction_key(store_url: str) -> bytes:
    """Give the key: from the environment, else from a file beside an SQLite store.

    It is kept apart from the hashes: whoever copies the database alone cannot try out values. On
    PostgreSQL without the variable it lasts as long as the process, and hashes of two processes
    cannot be told to be equal.
    """
    configured = os.environ.get(VARIABLE, "")
    if configured:
        return configured.encode()
    if not store_url.startswith("sqlite:///"):
        log.warning("redaction_key_is_random", mend=f"set {VARIABLE} to the same on all replicas")
        return secrets.token_bytes(32)
    return _kept_beside(_beside(store_url))


def known_key(store_url: str) -> bytes | None:
    """Give the key to a verb that only reads what was hashed: None where there is none to find."""
    configured = os.environ.get(VARIABLE, "")
    if configured or not store_url.startswith("sqlite:///"):
        return configured.encode() or None
    try:
        key = _beside(store_url).read_bytes()
    except OSError:
        return None
    return key if len(key) >= SHORTEST else None


def _beside(store_url: str) -> Path:
    return Path(store_url.removeprefix("sqlite:///")).with_suffix(".key")


def _kept_beside(path: Path) -> bytes:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise StoreError(f"the key file {path}: {error.strerror}; or set {VARIABLE}") from error
    if len(key) < SHORTEST:
        raise StoreError(f"the key file {path} is cut off; restore it, or remove it for a new key")
    return key


def _make(path: Path) -> None:
    """Make a key appear whole or not at all; another process may be doing the same."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.") as draft:  # mode 0600
        draft.write(secrets.token_hex(32).encode())
        draft.flush()
        with contextlib.suppress(FileExistsError):  # theirs is the key
            os.link(draft.name, path)
