"""The endpoints of datasets and their versions."""

import time
from functools import partial
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from extracted.datasets import changes, operations
from extracted.datasets.bodies import Draft, Patch, Search, TagList, VersionDraft, read_body
from extracted.datasets.clock import local_time, local_time_with_microseconds
from extracted.datasets.gate import answer, base_of, build_of, require_writer, service_of
from extracted.datasets.records import Filter
from extracted.datasets.refusal import Refusal
from extracted.datasets.wire import item_json, listed_json, stats_json, version_json

LAST_PAGE = 1_000_000  # nobody gets there; it keeps the offset a number that SQLite can hold
MOST_HITS = 50


async def index(request: Request) -> Response:
    """List datasets, page by page."""
    page = _query_integer(request, "page", 1, LAST_PAGE)
    per_page = _query_integer(request, "per_page", 20, 100)
    query = {name: request.query_params.get(name, "") for name in ("tag", "kind")}
    wanted = Filter(kind=query["kind"] or None, tags=(query["tag"],) if query["tag"] else ())
    offset = (page - 1) * per_page
    found = await service_of(request).read(
        partial(operations.select, wanted=wanted, limit=per_page, offset=offset)
    )
    base, build, following = base_of(request), build_of(request), None
    if offset + per_page < found.total:
        pages = {"page": page + 1, "per_page": per_page}
        given = {name: value for name, value in query.items() if value}
        following = f"{base}/api/v1/datasets?{urlencode(pages | given)}"
    return answer(
        {
            "items": [listed_json(dataset, base, build) for dataset in found.datasets],
            "page": page,
            "per_page": str(per_page),
            "total": str(found.total),
            "next": following,
            "generated_at": local_time_with_microseconds(),
        }
    )


async def search(request: Request) -> Response:
    """Find datasets by text, tags and kind: a POST that only asks."""
    began = time.perf_counter()
    asked = await read_body(request.stream(), Search)
    wanted = Filter(kind=asked.kind, tags=asked.tags, text=asked.q)
    found = await service_of(request).read(
        partial(operations.select, wanted=wanted, limit=MOST_HITS)
    )
    base = base_of(request)
    return answer(
        {
            "hits": [item_json(dataset, base) for dataset in found.datasets],
            "count": str(found.total),
            "took_ms": round((time.perf_counter() - began) * 1000, 6),
        }
    )


async def create(request: Request) -> Response:
    """Create a dataset, owned by whoever asks."""
    identity = require_writer(request)
    draft = await read_body(request.stream(), Draft)
    dataset = await service_of(request).write(
        partial(
            operations.create,
            draft=draft,
            owner_id=identity.user_id,
            now=time.time(),
            at=local_time(),
        )
    )
    item = item_json(dataset, base_of(request))
    return answer(item, 201, item["links"]["self"])


async def show(request: Request) -> Response:
    """Show a dataset."""
    dataset = await service_of(request).read(partial(operations.show, dataset_id=_id(request)))
    return answer(item_json(dataset, base_of(request)))


async def change(request: Request) -> Response:
    """Change some fields of a dataset; its kind stays."""
    await _require_writer_and_dataset(request)
    patch = await read_body(request.stream(), Patch)
    decide = partial(changes.patched, patch=patch, at=local_time())
    dataset = await service_of(request).write(
        partial(operations.change, dataset_id=_id(request), decide=decide)
    )
    return answer(item_json(dataset, base_of(request)))


async def remove(request: Request) -> Response:
    """Delete a dataset."""
    require_writer(request)
    await service_of(request).write(partial(operations.remove, dataset_id=_id(request)))
    return Response(status_code=204)


async def set_tags(request: Request) -> Response:
    """Set all tags of a dataset."""
    await _require_writer_and_dataset(request)
    asked = await read_body(request.stream(), TagList)
    decide = partial(changes.with_tags, tags=asked.tags, at=local_time())
    dataset = await service_of(request).write(
        partial(operations.change, dataset_id=_id(request), decide=decide)
    )
    return answer({"tags": dataset.tags})


async def versions(request: Request) -> Response:
    """List the versions of a dataset, the first one first."""
    dataset = await service_of(request).read(partial(operations.show, dataset_id=_id(request)))
    return answer({"versions": [version_json(version) for version in dataset.versions]})


async def show_version(request: Request) -> Response:
    """Show one version of a dataset."""
    version = await service_of(request).read(
        partial(
            operations.show_version,
            dataset_id=_id(request),
            number=request.path_params["number"],
            missing_status=build_of(request).missing_version_status,
        )
    )
    return answer(version_json(version))


async def add_version(request: Request) -> Response:
    """Add a version to a dataset."""
    await _require_writer_and_dataset(request)
    draft = await read_body(request.stream(), VersionDraft)
    decide = partial(changes.with_version, draft=draft, at=local_time())
    dataset = await service_of(request).write(
        partial(operations.change, dataset_id=_id(request), decide=decide)
    )
    version = dataset.versions[-1]
    location = f"{base_of(request)}/api/v1/datasets/{dataset.id}/versions/{version.number}"
    return answer(version_json(version), 201, location)


async def stats(request: Request) -> Response:
    """Show how a dataset grew, and what its files amount to."""
    dataset, files = await service_of(request).read(
        partial(operations.show_with_files, dataset_id=_id(request))
    )
    at = local_time_with_microseconds()
    return answer(stats_json(dataset, files, at, build_of(request)))


async def _require_writer_and_dataset(request: Request) -> None:
    """Refuse in the API's order: who asks, then what for, and only then what the body says."""
    require_writer(request)
    await service_of(request).read(partial(operations.show, dataset_id=_id(request)))


def _id(request: Request) -> int:
    dataset_id: int = request.path_params["id"]
    return dataset_id


def _query_integer(request: Request, name: str, default: int, highest: int) -> int:
    given = request.query_params.get(name, str(default))
    # No more than 20 digits are ever turned into a number.
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 20 else 0
    if not 1 <= number <= highest:
        raise Refusal(400, "BAD_PAGE", "page starts at 1, per_page goes from 1 to 100")
    return number
