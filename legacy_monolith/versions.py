"""Versions of a dataset, and the statistics over them and its files."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from legacy_monolith import dataset_rows
from legacy_monolith.access import require_writer
from legacy_monolith.bodies import checked, megabytes, read_json, text
from legacy_monolith.dataset_rows import find_dataset, versions_of
from legacy_monolith.errors import ApiError
from legacy_monolith.monolith import database_of
from legacy_monolith.quirks import absolute, answer, local_time_with_microseconds


async def index(request: Request) -> Response:
    """List the versions of a dataset."""
    database = database_of(request)
    row = find_dataset(database, request.path_params["id"])
    return answer(request, {"versions": versions_of(database, row["id"])})


async def show(request: Request) -> Response:
    """Show one version of a dataset."""
    database, number = database_of(request), request.path_params["number"]
    row = find_dataset(database, request.path_params["id"])
    for version in versions_of(database, row["id"]):
        if version["number"] == number:
            return answer(request, version)
    raise ApiError(404, "VERSION_NOT_FOUND", f"dataset {row['id']} has no version {number}")


async def create(request: Request) -> Response:
    """Add a version to a dataset; without a size it is as large as the dataset."""
    require_writer(request)
    database, dataset_id = database_of(request), request.path_params["id"]
    find_dataset(database, dataset_id)
    checks = {"note": text(500), "size_mb": megabytes}
    fields = checked(await read_json(request), checks, required=["note"])
    row = find_dataset(database, dataset_id)
    with database.transaction():
        size = fields.get("size_mb", row["size_mb"])
        number = dataset_rows.add_version(database, row, fields["note"], size)
    location = absolute(request, f"/api/v1/datasets/{dataset_id}/versions/{number}")
    return answer(request, versions_of(database, dataset_id)[-1], 201, {"Location": location})


async def stats(request: Request) -> Response:
    """Show how a dataset grew, and what its files amount to."""
    database = database_of(request)
    row = find_dataset(database, request.path_params["id"])
    sizes = [version["size_mb"] for version in versions_of(database, row["id"])]
    [files] = database.all(
        "SELECT count(*) AS number, coalesce(sum(size), 0) AS bytes FROM files"
        " WHERE dataset_id = :id",
        id=row["id"],
    )
    body: dict[str, Any] = {
        "id": row["id"],
        "versions": str(len(sizes)),
        "files": str(files["number"]),
        "bytes": str(files["bytes"]),
        "mean_size_mb": round(sum(sizes) / len(sizes), 4) if sizes else 0.0,
        "growth_pct": _growth(sizes),
        "computed_at": local_time_with_microseconds(),
    }
    return answer(request, body)


def _growth(sizes: list[float]) -> float:
    """Give the growth from the first to the last version in percent, 0 where there is none."""
    if not sizes or not sizes[0]:
        return 0.0
    return round((sizes[-1] - sizes[0]) / sizes[0] * 100, 4)
