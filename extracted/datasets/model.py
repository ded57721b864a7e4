"""The domain's values, and their form in the events that both sides exchange.

Timestamps are kept as the texts they are on the wire (local time without a zone): they are
replicated, never recomputed, so both sides show the same ones.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

State: TypeAlias = Mapping[str, Any]
"""The payload of an event, as decoded from JSON."""

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a dataset."""

    number: int
    note: str
    created_at: str
    size_mb: float

    @classmethod
    def from_state(cls, state: State) -> "Version":
        """Read a version out of its dataset's state."""
        return cls(
            int(state["number"]), state["note"], state["created_at"], float(state["size_mb"])
        )

    def to_state(self) -> State:
        """Give the version as a part of its dataset's state."""
        return {
            "number": self.number,
            "note": self.note,
            "created_at": self.created_at,
            "size_mb": self.size_mb,
        }


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset with its versions. `revision` grows by one at each change, on whichever side."""

    TOPIC: ClassVar = "dataset.changed"

    id: int
    revision: int
    name: str
    kind: str
    owner_id: str
    description: str
    tags: tuple[str, ...]
    size_mb: float
    row_count: int
    checksum: str | None
    format: str | None
    retention_days: int | None
    created_at: str
    updated_at: str
    versions: tuple[Version, ...]

    @property
    def dataset_id(self) -> int:
        """Give the id, by the name that all changes have for it."""
        return self.id

    @classmethod
    def from_state(cls, state: State) -> "Dataset":
        """Read the payload of a `dataset.changed`."""
        retention = state["retention_days"]
        return cls(
            id=int(state["id"]),
            revision=int(state["revision"]),
            name=state["name"],
            kind=state["kind"],
            owner_id=str(state["owner_id"]),
            description=state["description"],
            tags=tuple(sorted(state["tags"])),
            size_mb=float(state["size_mb"]),
            row_count=int(state["row_count"]),
            checksum=state["checksum"],
            format=state["format"],
            retention_days=None if retention is None else int(retention),
            created_at=state["created_at"],
            updated_at=state["updated_at"],
            versions=tuple(
                sorted(map(Version.from_state, state["versions"]), key=lambda v: v.number)
            ),
        )

    def to_state(self) -> State:
        """Give the payload of a `dataset.changed`."""
        return {
            "id": self.id,
            "revision": self.revision,
            "name": self.name,
            "kind": self.kind,
            "owner_id": self.owner_id,
            "description": self.description,
            "tags": list(self.tags),
            "size_mb": self.size_mb,
            "row_count": self.row_count,
            "checksum": self.checksum,
            "format": self.format,
            "retention_days": self.retention_days,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "versions": [version.to_state() for version in self.versions],
        }


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a dataset; the content itself is known by its hash."""

    TOPIC: ClassVar = "file.stored"

    dataset_id: int
    name: str
    size: int
    sha256: str
    content_type: str
    created_at: str

    @classmethod
    def from_state(cls, state: State) -> "StoredFile":
        """Read the payload of a `file.stored`; `ValueError` for a hash that is none."""
        sha256 = state["sha256"]
        if not SHA256.fullmatch(sha256):
            # It becomes a name on disk: nothing but a hash may get there.
            raise ValueError(f"not a SHA-256: {sha256!r}")
        return cls(
            dataset_id=int(state["dataset_id"]),
            name=state["name"],
            size=int(state["size"]),
            sha256=sha256,
            content_type=state["content_type"],
            created_at=state["created_at"],
        )

    def to_state(self) -> State:
        """Give the payload of a `file.stored`."""
        return {
            "dataset_id": self.dataset_id,
            "name": self.name,
            "size": self.size,
            "sha256": self.sha256,
            "content_type": self.content_type,
            "created_at": self.created_at,
        }


@dataclass(frozen=True, slots=True)
class Deletion:
    """The end of a dataset, with its versions and files, at a revision."""

    TOPIC: ClassVar = "dataset.deleted"

    dataset_id: int
    revision: int

    @classmethod
    def from_state(cls, state: State) -> "Deletion":
        """Read the payload of a `dataset.deleted`."""
        return cls(int(state["id"]), int(state["revision"]))

    def to_state(self) -> State:
        """Give the payload of a `dataset.deleted`."""
        return {"id": self.dataset_id, "revision": self.revision}


@dataclass(frozen=True, slots=True)
class FileDeletion:
    """The end of a file, as long as it still has that content."""

    TOPIC: ClassVar = "file.deleted"

    dataset_id: int
    name: str
    sha256: str

    @classmethod
    def from_state(cls, state: State) -> "FileDeletion":
        """Read the payload of a `file.deleted`."""
        return cls(int(state["dataset_id"]), state["name"], state["sha256"])

    def to_state(self) -> State:
        """Give the payload of a `file.deleted`."""
        return {"dataset_id": self.dataset_id, "name": self.name, "sha256": self.sha256}


Change: TypeAlias = Dataset | Deletion | StoredFile | FileDeletion
CHANGES: Mapping[str, type[Change]] = {
    kind.TOPIC: kind for kind in (Dataset, Deletion, StoredFile, FileDeletion)
}


@dataclass(frozen=True, slots=True)
class Event:
    """One row of an outbox."""

    number: int
    change: Change

    @classmethod
    def from_wire(cls, event: State) -> "Event":
        """Read an event as an outbox shows it; `KeyError`, `TypeError`, `ValueError` if odd."""
        change = CHANGES[event["topic"]].from_state(event["payload"])
        return cls(int(event["number"]), change)

    def to_wire(self) -> State:
        """Give the event in the shape in which an outbox shows it."""
        return {
            "number": self.number,
            "topic": self.change.TOPIC,
            "key": str(self.change.dataset_id),
            "payload": self.change.to_state(),
        }
