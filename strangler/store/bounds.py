"""How much is kept: what comes from clients and upstreams may not fill a disk."""

import json
from collections.abc import Iterable
from datetime import timedelta
from hashlib import blake2b
from heapq import nsmallest
from typing import Any, TypeAlias, TypeVar

EXAMPLES = 5
"""Of one finding: enough to see what its sightings have in common."""

FINDINGS_TOLD = 4
"""Findings that a count of mismatches names; one with more is rare, and nobody accepts them all."""

SETS_TOLD = 200
"""Such sets of findings per route: independent causes would else make a row for each mixture."""

UNTOLD = "*"
"""Stands for the findings of a mismatch where they are not all known or too many."""

FINDINGS_PER_ROUTE = 500
"""Findings (and as many of noise) per route: nobody reads more. A body that is a map keyed by
data would otherwise make a new set of paths, and so a new finding, with every answer."""

NOISE_PER_ROUTE = 500
"""Places of one route whose noise is known; it is met in few, unless data serve as names."""

NOISE_KEPT = timedelta(days=7)
"""How long noise is known that is not met any more: a week has every weekday in it."""

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


def rank(key: ExampleKey) -> int:
    """Draw a number for an example, the same wherever and whenever it is drawn."""
    at, request_id = key
    text = f"{at}\0{request_id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest()) >> 2


def keep(keys: Iterable[ExampleKey]) -> list[ExampleKey]:
    """Choose the examples to keep, oldest first: of all there ever were, each has the same chance.

    Those with the lowest ranks are kept ("bottom-k" sampling), so that neither the order in which
    they come nor who has met which of them matters.
    """
    return sorted(nsmallest(EXAMPLES, keys, key=rank))
