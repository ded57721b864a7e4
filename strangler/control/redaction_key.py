"""Finds the key under which stored values are hashed, and makes one where there is none."""

import os
import secrets
from pathlib import Path

import structlog

from strangler.store.errors import StoreError

log = structlog.get_logger()

VARIABLE = "STRANGLER_REDACTION_KEY"


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
    return _kept_beside(Path(store_url.removeprefix("sqlite:///")).with_suffix(".key"))


def _kept_beside(path: Path) -> bytes:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"the key file {path}: {error.strerror}; or set {VARIABLE}") from error
    with os.fdopen(descriptor, "wb") as file:
        key = secrets.token_hex(32).encode()
        file.write(key)
    return key
