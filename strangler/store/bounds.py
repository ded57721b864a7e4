"""How much is kept: what comes from clients and upstreams may not fill a disk."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, TypeAlias, TypeVar

FIRST_EXAMPLES = 2
"""How a finding began is kept for good,"""

NEWEST_EXAMPLES = 3
"""and how it looks now, which says whether a fix helped."""

FINDINGS_PER_ROUTE = 500
"""Findings (and as many of noise) per route: nobody reads more. A body that is a map keyed by
data would otherwise make a new set of paths, and so a new finding, with every answer."""

RECORDED_HEADS = 10_000
"""Recorded request heads of all replicas: a plan reads them all, and answers within two seconds."""

RECORDED_FOR = timedelta(days=7)
"""How long a recorded head is kept: a week has every weekday in it, and older traffic misleads."""

LIST_BYTES = 16 * 1024
"""The most that the differences of one example, or the paths of one finding, take as JSON."""

TEXT_BYTES = 2 * 1024
"""The most that is kept of a text that somebody else wrote."""

ExampleKey: TypeAlias = tuple[Any, str]
"""What tells the examples of one finding apart and puts them in order: time and request id."""

Item = TypeVar("Item")


def storable(text: str, most: int = TEXT_BYTES) -> str:
    """Cut a text, and replace what PostgreSQL (NUL) or UTF-8 (lone surrogates) cannot hold."""
    encoded = text.replace("\0", "\ufffd").encode("utf-8", "replace")
    if len(encoded) <= most:
        return encoded.decode()
    return encoded[: most - len("…".encode())].decode("utf-8", "ignore") + "…"


def fitting(items: Iterable[Item]) -> list[Item]:
    """Keep the first items, as many as fit in a stored list."""
    kept = []
    room = LIST_BYTES
    for item in items:
        room -= len(json.dumps(item))
        if room < 0:
            break
        kept.append(item)
    return kept


def keep(keys: Iterable[ExampleKey]) -> list[ExampleKey]:
    """Choose the examples to keep, oldest first; the order of arrival does not matter."""
    ordered = sorted(keys)
    if len(ordered) <= FIRST_EXAMPLES + NEWEST_EXAMPLES:
        return ordered
    return ordered[:FIRST_EXAMPLES] + ordered[-NEWEST_EXAMPLES:]
