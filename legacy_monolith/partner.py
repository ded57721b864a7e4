"""What partners may send: changes of datasets that they own the writes of, and contents.

An import is not written to the outbox: it comes from where the outbox leads to.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from legacy_monolith import dataset_rows, file_rows, outbox
from legacy_monolith.access import require_partner
from legacy_monolith.bodies import read_json
from legacy_monolith.contents import SHA256, Contents, pieces
from legacy_monolith.database import Database
from legacy_monolith.errors import ApiError
from legacy_monolith.files import ANYTHING
from legacy_monolith.monolith import monolith_of
from legacy_monolith.notifications import notify
from legacy_monolith.quirks import answer

MALFORMED = (
    KeyError,
    TypeError,
    ValueError,
    OverflowError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)
LARGEST_IMPORT = 16 * 1024 * 1024  # bytes


async def send_content(request: Request) -> Response:
    """Stream a content to a partner."""
    require_partner(request)
    contents = monolith_of(request).contents
    sha256 = _hash(request)
    if not contents.has(sha256):
        raise ApiError(404, "FILE_NOT_FOUND", f"no content has the SHA-256 {sha256}")
    if request.method == "HEAD":
        return Response(media_type=ANYTHING)
    return StreamingResponse(pieces(contents.path(sha256)), media_type=ANYTHING)


async def take_content(request: Request) -> Response:
    """Take in a content from a partner."""
    require_partner(request)
    sha256 = _hash(request)
    with monolith_of(request).contents.spool() as spool:
        await spool.take(request.stream())
        if spool.sha256 != sha256:
            raise ApiError(422, "CHECKSUM_MISMATCH", f"the content has the SHA-256 {spool.sha256}")
        spool.keep()
    return answer(request, {"sha256": sha256, "size": str(spool.size)}, 201)


async def take_changes(request: Request) -> Response:
    """Apply a partner's events in order, all in one transaction.

    What is known already is skipped. Files whose content is not here are not applied but listed:
    the partner sends the contents and repeats.
    """
    require_partner(request)
    monolith = monolith_of(request)
    events = (await read_json(request, LARGEST_IMPORT)).get("events")
    if not isinstance(events, list):
        raise ApiError(422, "INVALID", "events must be a list")
    applied, missing = 0, []
    with monolith.database.transaction():
        for place, event in enumerate(events):
            try:
                if _content_is_missing(monolith.contents, event):
                    missing.append(event["payload"]["sha256"])
                else:
                    applied += APPLY[event["topic"]](monolith.database, event["payload"])
            except MALFORMED as error:
                raise ApiError(422, "INVALID", f"events[{place}]: {error!r}") from error
    return answer(request, {"applied": applied} | ({"missing": missing} if missing else {}))


def _content_is_missing(contents: Contents, event: Mapping[str, Any]) -> bool:
    return event["topic"] == outbox.FILE_STORED and not contents.has(event["payload"]["sha256"])


def _apply_state(database: Database, state: Mapping[str, Any]) -> bool:
    dataset_id, revision = int(state["id"]), int(state["revision"])
    known = database.one("SELECT * FROM datasets WHERE id = :id", id=dataset_id)
    if known and revision <= known["revision"]:
        return False
    retention = state["retention_days"]
    row = dict(state) | {
        "id": dataset_id,
        "revision": revision,
        "deleted": 0,
        "owner_id": int(state["owner_id"]),
        "tags": list(state["tags"]),
        "row_count": int(state["row_count"]),
        "retention_days": None if retention is None else int(retention),
    }
    dataset_rows.put_row(database, row)
    database.change("DELETE FROM versions WHERE dataset_id = :id", id=dataset_id)
    for version in state["versions"]:
        dataset_rows.put_version(database, dataset_id, version)
    what = "changed" if known else "created"
    notify(database, row["owner_id"], f"Dataset {dataset_id} was {what}: {row['name']}")
    return True


def _apply_deletion(database: Database, deletion: Mapping[str, Any]) -> bool:
    dataset_id, revision = int(deletion["id"]), int(deletion["revision"])
    known = database.one("SELECT * FROM datasets WHERE id = :id", id=dataset_id)
    if known is None or revision <= known["revision"]:
        return False
    dataset_rows.bury(database, dataset_id, revision)
    notify(database, known["owner_id"], f"Dataset {dataset_id} was deleted")
    return True


def _apply_file(database: Database, file: Mapping[str, Any]) -> bool:
    dataset = _living(database, file)
    row = {
        "dataset_id": int(file["dataset_id"]),
        "name": file["name"],
        "size": int(file["size"]),
        "sha256": file["sha256"],
        "content_type": file["content_type"],
        "created_at": file["created_at"],
    }
    known = file_rows.find_file(database, row["dataset_id"], row["name"])
    if dataset is None or (known and _is_as_new(dict(known), row)):
        return False
    file_rows.put_file(database, dataset, row)
    return True


def _apply_file_deletion(database: Database, file: Mapping[str, Any]) -> bool:
    dataset = _living(database, file)
    known = file_rows.find_file(database, int(file["dataset_id"]), file["name"])
    # A file of that name with another content came later than the one that was deleted.
    if dataset is None or known is None or known["sha256"] != file["sha256"]:
        return False
    file_rows.drop_file(database, dataset, file["name"])
    return True


def _living(database: Database, file: Mapping[str, Any]) -> Any:
    return database.one(
        "SELECT * FROM datasets WHERE id = :id AND NOT deleted", id=int(file["dataset_id"])
    )


def _is_as_new(known: Mapping[str, Any], file: Mapping[str, Any]) -> bool:
    return known == file or known["created_at"] > file["created_at"]


def _hash(request: Request) -> str:
    sha256: str = request.path_params["sha256"]
    if not SHA256.fullmatch(sha256):
        raise ApiError(404, "FILE_NOT_FOUND", "not a SHA-256 in lower-case hex")
    return sha256


APPLY = {
    outbox.DATASET_CHANGED: _apply_state,
    outbox.DATASET_DELETED: _apply_deletion,
    outbox.FILE_STORED: _apply_file,
    outbox.FILE_DELETED: _apply_file_deletion,
}
