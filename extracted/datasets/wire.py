"""What clients see: the public JSON of datasets, versions and files, as the monolith writes it.

Pure. The wire format stays as it was (numbers as strings, local times, absolute URLs): clients
notice nothing. Where a build gets something wrong, it is here and told by `Build`.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

from extracted.datasets.model import Dataset, StoredFile, Version
from extracted.datasets.regressions import Build

JSON: TypeAlias = dict[str, Any]


def item_json(dataset: Dataset, base: str) -> JSON:
    """Write a dataset; `base` is the scheme and authority that the client used."""
    own = f"{base}/api/v1/datasets/{dataset.id}"
    item: JSON = {
        "id": dataset.id,
        "name": dataset.name,
        "kind": dataset.kind,
        "owner_id": dataset.owner_id,
        "description": dataset.description,
        "tags": list(dataset.tags),
        "size_mb": round(dataset.size_mb, 4),
        "row_count": str(dataset.row_count),
        "checksum": dataset.checksum,
        "created_at": dataset.created_at,
        "updated_at": dataset.updated_at,
        "links": {"self": own, "files": f"{own}/files"},
    }
    if dataset.kind == "archive":
        item["format"] = dataset.format
        item["retention_days"] = str(dataset.retention_days)
    return item


def listed_json(dataset: Dataset, base: str, build: Build) -> JSON:
    """Write a dataset as an item of the list."""
    unlisted = build.unlisted.get(dataset.kind, frozenset())
    return {name: value for name, value in item_json(dataset, base).items() if name not in unlisted}


def version_json(version: Version) -> JSON:
    """Write a version."""
    return {
        "number": version.number,
        "note": version.note,
        "created_at": version.created_at,
        "size_mb": round(version.size_mb, 4),
    }


def file_json(file: StoredFile, base: str) -> JSON:
    """Write a file."""
    return {
        "name": file.name,
        "size": str(file.size),
        "sha256": file.sha256,
        "content_type": file.content_type,
        "url": f"{base}/api/v1/datasets/{file.dataset_id}/files/{file.name}",
    }


def stats_json(
    dataset: Dataset, files: Sequence[StoredFile], computed_at: str, build: Build
) -> JSON:
    """Sum a dataset up."""
    sizes = [version.size_mb for version in dataset.versions]
    mean = sum(sizes) / len(sizes) if sizes else 0.0
    growth = (sizes[-1] / sizes[0] - 1) * 100 if sizes and sizes[0] else 0.0
    return {
        "id": dataset.id,
        "versions": str(len(sizes)),
        "files": str(len(files)),
        "bytes": str(sum(file.size for file in files)),
        "mean_size_mb": round(mean, build.mean_size_decimals),
        "growth_pct": round(growth, 4),
        "computed_at": computed_at,
    }
