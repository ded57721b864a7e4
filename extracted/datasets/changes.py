"""What becomes of a dataset: pure functions from a state and an accepted body to the next state."""

from dataclasses import replace

from extracted.datasets.bodies import Draft, Patch, VersionDraft
from extracted.datasets.model import Dataset, Version

RETENTION_DAYS = 90  # of every archive; nothing in the API changes it


def next_id(now: float, highest: int) -> int:
    """Decide the id of a new dataset: milliseconds since 1970, times 1000, plus a counter.

    Far above anything the monolith's own sequence will reach, so the two never collide, and below
    2**53 until the year 2255, so that it is exact in every JSON parser.
    """
    return max(int(now * 1000) * 1000, highest + 1)


def created(draft: Draft, dataset_id: int, owner_id: str, at: str) -> Dataset:
    """Make a dataset with its first version."""
    archive = draft.kind == "archive"
    return Dataset(
        id=dataset_id,
        revision=1,
        name=draft.name,
        kind=draft.kind,
        owner_id=owner_id,
        description=draft.description,
        tags=draft.tags,
        size_mb=draft.size_mb,
        row_count=draft.row_count,
        checksum=None,
        format=draft.format if archive else None,
        retention_days=RETENTION_DAYS if archive else None,
        created_at=at,
        updated_at=at,
        versions=(Version(1, "initial", at, draft.size_mb),),
    )


def patched(dataset: Dataset, patch: Patch, at: str) -> Dataset:
    """Change what a patch mentions; its kind stays, and only archives have a format."""
    fields = patch.model_dump(exclude_unset=True)
    if dataset.kind != "archive":
        fields.pop("format", None)
    return replace(dataset, **fields, revision=dataset.revision + 1, updated_at=at)


def with_tags(dataset: Dataset, tags: tuple[str, ...], at: str) -> Dataset:
    """Set all tags."""
    return replace(dataset, tags=tags, revision=dataset.revision + 1, updated_at=at)


def with_version(dataset: Dataset, draft: VersionDraft, at: str) -> Dataset:
    """Add a version, whose size becomes the dataset's."""
    size = dataset.size_mb if draft.size_mb is None else draft.size_mb
    number = max((version.number for version in dataset.versions), default=0) + 1
    return replace(
        dataset,
        size_mb=size,
        versions=(*dataset.versions, Version(number, draft.note, at, size)),
        revision=dataset.revision + 1,
        updated_at=at,
    )
