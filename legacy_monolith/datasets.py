"""Datasets: list, search, create, show, change, delete."""

import json
import sqlite3
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from legacy_monolith import dataset_rows
from legacy_monolith.access import require_writer
from legacy_monolith.bodies import (
    checked,
    count,
    list_of,
    megabytes,
    one_of,
    query_integer,
    read_json,
    text,
)
from legacy_monolith.database import Database
from legacy_monolith.dataset_rows import as_item, find_dataset
from legacy_monolith.errors import ApiError
from legacy_monolith.monolith import database_of
from legacy_monolith.quirks import absolute, answer, local_time_with_microseconds, shuffled

LAST_PAGE = 1_000_000  # nobody gets there; it keeps the offset a number that SQLite can hold
MOST_HITS = 50

TAGS = list_of(text(50), 20)
KIND = one_of("table", "image", "archive")
CHANGEABLE = {
    "name": text(200),
    "description": text(2000, shortest=0),
    "tags": TAGS,
    "row_count": count,
    "size_mb": megabytes,
    "format": text(20),
}
SEARCHABLE = {"q": text(200, shortest=0), "tags": TAGS, "kind": KIND}

# A condition that is NULL holds for every row.
LISTED = """NOT deleted
    AND (:kind IS NULL OR kind = :kind)
    AND (:tag IS NULL OR :tag IN (SELECT value FROM json_each(datasets.tags)))"""
FOUND = """NOT deleted
    AND (:kind IS NULL OR kind = :kind)
    AND (instr(lower(name), lower(:q)) OR instr(lower(description), lower(:q)))
    AND NOT EXISTS (
        SELECT value FROM json_each(:tags) EXCEPT SELECT value FROM json_each(datasets.tags)
    )"""


async def index(request: Request) -> Response:
    """List datasets, page by page."""
    page = query_integer(request, "page", 1, 1, LAST_PAGE)
    per_page = query_integer(request, "per_page", 20, 1, 100)
    if page is None or per_page is None:
        raise ApiError(400, "BAD_PAGE", "page starts at 1, per_page goes from 1 to 100")
    database, base = database_of(request), absolute(request)
    filters = {name: request.query_params.get(name) or None for name in ("tag", "kind")}
    offset = (page - 1) * per_page
    rows, total = _select(database, LISTED, filters, per_page, offset)
    body = {
        "items": [as_item(row, base) for row in rows],
        "page": page,
        "per_page": str(per_page),
        "total": str(total),
        "next": _page_url(base, page + 1, per_page, filters) if offset + per_page < total else None,
        "generated_at": local_time_with_microseconds(),
    }
    return answer(request, body)


async def search(request: Request) -> Response:
    """Find datasets by text, tags and kind: a POST that only asks."""
    began, database = time.perf_counter(), database_of(request)
    wanted = checked(await read_json(request), SEARCHABLE)
    values = {
        "q": wanted.get("q", ""),
        "kind": wanted.get("kind"),
        "tags": json.dumps(wanted.get("tags", [])),
    }
    rows, total = _select(database, FOUND, values, MOST_HITS, 0)
    base = absolute(request)
    body = {
        "hits": shuffled([as_item(row, base) for row in rows]),
        "count": str(total),
        "took_ms": round((time.perf_counter() - began) * 1000, 6),
    }
    return answer(request, body)


async def create(request: Request) -> Response:
    """Create a dataset, owned by whoever asks."""
    user, database = require_writer(request), database_of(request)
    checks = CHANGEABLE | {"kind": KIND}
    fields = checked(await read_json(request), checks, required=("name", "kind"))
    with database.transaction():
        row = dataset_rows.create(database, user.uid, _fitting(fields["kind"], fields))
    item = as_item(row, absolute(request))
    return answer(request, item, 201, {"Location": item["links"]["self"]})


async def show(request: Request) -> Response:
    """Show a dataset."""
    row = find_dataset(database_of(request), request.path_params["id"])
    return answer(request, as_item(row, absolute(request)))


async def change(request: Request) -> Response:
    """Change some fields of a dataset; its kind stays."""
    require_writer(request)
    database, dataset_id = database_of(request), request.path_params["id"]
    find_dataset(database, dataset_id)
    fields = checked(await read_json(request), CHANGEABLE)
    # Found again: while the body came in, it may have changed or gone.
    row = find_dataset(database, dataset_id)
    with database.transaction():
        row = dataset_rows.update(database, row, _fitting(row["kind"], fields))
    return answer(request, as_item(row, absolute(request)))


async def set_tags(request: Request) -> Response:
    """Set all tags of a dataset."""
    require_writer(request)
    database, dataset_id = database_of(request), request.path_params["id"]
    find_dataset(database, dataset_id)
    fields = checked(await read_json(request), {"tags": TAGS}, required=["tags"])
    row = find_dataset(database, dataset_id)
    with database.transaction():
        dataset_rows.update(database, row, fields)
    return answer(request, {"tags": shuffled(fields["tags"])})


async def remove(request: Request) -> Response:
    """Delete a dataset."""
    require_writer(request)
    database = database_of(request)
    row = find_dataset(database, request.path_params["id"])
    with database.transaction():
        dataset_rows.remove(database, row)
    return Response(status_code=204)


def _select(
    database: Database, condition: str, values: Mapping[str, Any], limit: int, offset: int
) -> tuple[list[sqlite3.Row], int]:
    """Give some of the rows that meet one of the conditions above, and the number of all."""
    page = f"SELECT * FROM datasets WHERE {condition} ORDER BY id LIMIT :limit OFFSET :offset"  # noqa: S608 - constants only
    total = f"SELECT count(*) FROM datasets WHERE {condition}"  # noqa: S608 - constants only
    return (
        database.all(page, **values, limit=limit, offset=offset),
        database.value(total, **values),
    )


def _fitting(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a kind of dataset does not have."""
    return {name: value for name, value in fields.items() if name != "format" or kind == "archive"}


def _page_url(base: str, page: int, per_page: int, filters: dict[str, str | None]) -> str:
    query = {"page": page, "per_page": per_page} | {k: v for k, v in filters.items() if v}
    return f"{base}/api/v1/datasets?{urlencode(query)}"
