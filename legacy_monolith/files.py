"""Files of a dataset: uploaded and downloaded as streams of any size."""

import re
import sqlite3
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from legacy_monolith import file_rows
from legacy_monolith.access import require_writer
from legacy_monolith.contents import pieces
from legacy_monolith.dataset_rows import find_dataset
from legacy_monolith.errors import ApiError, invalid
from legacy_monolith.monolith import database_of, monolith_of
from legacy_monolith.quirks import absolute, answer, local_time, shuffled

NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}", re.ASCII)
ANYTHING = "application/octet-stream"


async def index(request: Request) -> Response:
    """List the files of a dataset."""
    database, base = database_of(request), absolute(request)
    dataset = find_dataset(database, request.path_params["id"])
    rows = database.all("SELECT * FROM files WHERE dataset_id = :id", id=dataset["id"])
    return answer(request, {"files": shuffled([as_json(row, base) for row in rows])})


async def upload(request: Request) -> Response:
    """Take in a file, in place of one of that name; a checksum that is given must be right."""
    require_writer(request)
    monolith, dataset_id, name = monolith_of(request), request.path_params["id"], _name(request)
    database = monolith.database
    find_dataset(database, dataset_id)
    with monolith.contents.spool() as spool:
        await spool.take(request.stream())
        expected = request.headers.get("x-checksum-sha256", spool.sha256)
        if expected.strip().lower() != spool.sha256:
            raise ApiError(422, "CHECKSUM_MISMATCH", f"the content has the SHA-256 {spool.sha256}")
        file = {
            "dataset_id": dataset_id,
            "name": name,
            "size": spool.size,
            "sha256": spool.sha256,
            "content_type": request.headers.get("content-type", ANYTHING),
            "created_at": local_time(),
        }
        # Found again: the dataset may have gone while the content came in.
        dataset = find_dataset(database, dataset_id)
        spool.keep()
    with database.transaction():
        file_rows.store(database, dataset, file)
    body = as_json(file, absolute(request))
    return answer(request, body, 201, {"Location": body["url"]})


async def download(request: Request) -> Response:
    """Stream a file."""
    file, contents = _find(request), monolith_of(request).contents
    headers = {
        "ETag": f'"{file["sha256"]}"',
        "X-Checksum-SHA256": file["sha256"],
        "Content-Disposition": f'attachment; filename="{file["name"]}"',
        "Content-Type": file["content_type"],
    }
    if request.method == "HEAD":
        return Response(headers=headers)
    return StreamingResponse(pieces(contents.path(file["sha256"])), headers=headers)


async def remove(request: Request) -> Response:
    """Delete a file."""
    require_writer(request)
    database, file = database_of(request), _find(request)
    with database.transaction():
        file_rows.remove(database, find_dataset(database, file["dataset_id"]), file)
    return Response(status_code=204)


def as_json(file: Mapping[str, Any] | sqlite3.Row, base: str) -> dict[str, Any]:
    """Give a file as clients see it; `base` makes its URL absolute."""
    return {
        "name": file["name"],
        "size": str(file["size"]),
        "sha256": file["sha256"],
        "content_type": file["content_type"],
        "url": f"{base}/api/v1/datasets/{file['dataset_id']}/files/{file['name']}",
    }


def _name(request: Request) -> str:
    name: str = request.path_params["name"]
    if not NAME.fullmatch(name):
        raise invalid({"name": "must be 1 to 100 of A-Z, a-z, 0-9, dot, hyphen and underscore"})
    return name


def _find(request: Request) -> sqlite3.Row:
    database, name = database_of(request), _name(request)
    dataset = find_dataset(database, request.path_params["id"])
    file = file_rows.find_file(database, dataset["id"], name)
    if file is None:
        raise ApiError(404, "FILE_NOT_FOUND", f"dataset {dataset['id']} has no file {name}")
    return file
