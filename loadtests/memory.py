"""Remembers every acknowledged write, and tells which of them an answer no longer shows."""

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

STATUS = "(status)"
CONTENT = "(sha256)"
"""Two things that an answer shows beside the members of its JSON."""


@dataclass(frozen=True, slots=True, eq=False)  # a write is itself, and not one that looks alike
class Write:
    """One acknowledged write: what it was, and what a GET of `path` by `user` must show since.

    `shows` has members of the JSON answer by name, or `STATUS` (a deletion shows 404), or
    `CONTENT` (the SHA-256 of an uploaded file). Lists are compared in any order.
    """

    user: str
    what: str
    path: str
    shows: Mapping[str, Any]

    def lost_in(self, found: Mapping[str, Any]) -> "list[Loss]":
        """Tell what of this write an answer does not show."""
        return [
            Loss(self, member, wanted, found.get(member))
            for member, wanted in self.shows.items()
            if member not in found or _unordered(wanted) != _unordered(found[member])
        ]


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that a write was acknowledged to have done and that is not to be found."""

    write: Write
    member: str
    wanted: Any
    found: Any

    def __str__(self) -> str:
        return (
            f"{self.write.what}: {self.write.path} should show"
            f" {self.member} {self.wanted!r}, shows {self.found!r}"
        )


@dataclass(frozen=True, slots=True)
class Place:
    """One path to look at, as one user, and the newest write of each member it must show."""

    path: str
    user: str
    writes: Mapping[str, Write]

    def lost_in(self, found: Mapping[str, Any]) -> list[Loss]:
        """Tell what an answer does not show; each member is answered for by its newest write."""
        return [
            loss
            for write in dict.fromkeys(self.writes.values())
            for loss in write.lost_in(found)
            if self.writes.get(loss.member) is write
        ]


class Memory:
    """Every acknowledged write that still stands. Safe for threads and greenlets.

    Whoever is about to change something says so first (`unsettle`), because until the answer is
    there, neither the old nor the new is promised; and `acknowledge`s the write afterwards. So a
    write that is never answered leaves no promise behind.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[str, dict[str, Write]] = {}
        self._acknowledged = 0

    def __repr__(self) -> str:
        return f"<Memory of {self.acknowledged} writes, {len(self._places)} places>"

    @property
    def acknowledged(self) -> int:
        """Count the writes that were acknowledged, also those that a later one replaced."""
        return self._acknowledged

    def unsettle(self, path: str, members: Iterable[str]) -> None:
        """Stand by these members of a path no longer: a write that changes them is under way."""
        with self._lock:
            place = self._places.get(path, {})
            for member in members:
                place.pop(member, None)

    def unsettle_below(self, path: str) -> None:
        """Stand by nothing at or below a path any longer: it is being deleted."""
        with self._lock:
            for known in [*self._places]:
                if known == path or known.startswith(f"{path}/"):
                    del self._places[known]

    def acknowledge(self, write: Write) -> Write:
        """Remember a write that was acknowledged, in place of older ones of the same members."""
        with self._lock:
            self._acknowledged += 1
            self._places.setdefault(write.path, {}).update(dict.fromkeys(write.shows, write))
        return write

    def places(self) -> list[Place]:
        """Give every place that must show something, as of now."""
        with self._lock:
            return [
                Place(path, next(iter(writes.values())).user, dict(writes))
                for path, writes in self._places.items()
                if writes
            ]


def shown_by(status: int, content_type: str, body: bytes) -> dict[str, Any]:
    """Give what an answer shows: its status, its bytes, and the members if it is a JSON object."""
    shown: dict[str, Any] = {STATUS: status, CONTENT: hashlib.sha256(body).hexdigest()}
    if content_type.startswith("application/json"):
        try:
            members = json.loads(body)
        except ValueError:
            return shown
        if isinstance(members, dict):
            shown |= members
    return shown


def _unordered(value: Any) -> Any:
    return sorted(value, key=repr) if isinstance(value, list) else value
