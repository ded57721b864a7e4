"""A plan as a file: the new text, the revision that it was planned against, and what changes."""

import os
from contextlib import suppress
from dataclasses import dataclass
from errno import EISDIR
from pathlib import Path
from typing import Any

import orjson

from strangler.cli.failure import VerbError
from strangler.cli.routes_file import compile_routes
from strangler.routing.compile import digest_of
from strangler.routing.mistakes import RoutesError
from strangler.routing.table import RouteTable
from strangler.store.records import Revision

MARK = "strangler_plan"
"""The key by which a plan is told apart from a routes.yaml, which knows no such key."""

VERSION = 1


@dataclass(frozen=True, slots=True)
class Proposal:
    """A text to make live. `base` is the number and hash it was planned against, if it was."""

    path: Path
    text: str
    table: RouteTable
    base: tuple[int, str] | None


def write_plan(path: Path, text: str, base: Revision, document: dict[str, Any]) -> None:
    """Write a plan whole or not at all; its text may not be everyone's to read."""
    content = {
        MARK: VERSION,
        "base": {"number": base.number, "hash": base.hash, "digest": base.digest},
        "digest": digest_of(text),
        "text": text,
        "plan": document,
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    try:
        _put_whole(path, orjson.dumps(content, option=options))
    except OSError as error:
        raise VerbError(f"{path}: {error.strerror}; name another file with --out") from error


def _put_whole(path: Path, content: bytes) -> None:
    if path.is_dir():
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
    draft = path.with_name(f".strangler-plan.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise


def read_proposal(path: Path) -> Proposal:
    """Read a plan or a routes.yaml, whichever the file is. A `VerbError` says what is wrong."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise VerbError(f"{path}: {error.strerror}; name a routes.yaml or a plan") from error
    content = _plan_in(raw)
    if content is None:
        return Proposal(path, *_compiled(raw, str(path)), None)
    try:
        text, digest = content["text"], content["digest"]
        base = (int(content["base"]["number"]), str(content["base"]["hash"]))
    except (KeyError, TypeError, ValueError) as error:
        raise VerbError(f"{path}: the plan is damaged; make it anew with --out") from error
    if content[MARK] != VERSION:
        raise VerbError(f"{path}: the plan is of another strangler; make it anew with --out")
    if not isinstance(text, str) or digest_of(text) != digest:
        raise VerbError(f"{path}: the text is not the planned one; make the plan anew with --out")
    return Proposal(path, *_compiled(text.encode(), str(path)), base)


def _plan_in(raw: bytes) -> dict[str, Any] | None:
    if not raw.lstrip().startswith(b"{"):
        return None
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) and MARK in content else None


def _compiled(raw: bytes, name: str) -> tuple[str, RouteTable]:
    try:
        table = compile_routes(raw, name)
    except RoutesError as error:
        raise VerbError(*map(str, error.mistakes)) from error
    return raw.decode("utf-8"), table
