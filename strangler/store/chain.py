"""Chains the ledger by hash: a past that is rewritten no longer fits what was written after it.

The hash of a revision covers the hash before it, so that whoever keeps the newest one elsewhere
can tell later that nothing older was changed, taken out or put in. Nothing is secret here: who may
write to the store can make a new chain, but not one that ends in the old hash.
"""

import json
from collections.abc import Sequence
from datetime import UTC
from hashlib import sha256
from typing import Any

from strangler.store.records import Revision, Transition

FORMAT = 1
"""The serialisation that is hashed. It stands before each hash, so that a later one can say what
else it covers while the older revisions stay as they are."""

BEGINNING = ""
"""What stands in for the hash before the first revision."""


def link(previous: str, revision: Revision, moves: Sequence[Transition]) -> str:
    """Give the hash of a revision with its transitions, after the one whose hash is `previous`.

    It is written `1:` and the SHA-256, in hex, of JSON: names sorted, no spaces, ASCII alone,
    nulls left out, the time in UTC to the microsecond.
    """
    entry = {
        "previous": previous,
        "number": revision.number,
        "at": revision.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": revision.actor,
        "reason": revision.reason,
        "digest": revision.digest,
        "text": revision.text,
        "forced": revision.forced,
        "transitions": [_move(move) for move in moves],
    }
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"{FORMAT}:{sha256(text.encode('ascii')).hexdigest()}"


def _move(move: Transition) -> dict[str, Any]:
    """Write a transition; what is null is left out, so that what is added later changes nothing."""
    written = {
        "domain": move.domain,
        "route": move.route,
        "from": move.from_phase,
        "to": move.to_phase,
        "detail": move.detail,
        "evidence": None if move.evidence is None else dict(move.evidence),
    }
    return {name: value for name, value in written.items() if value is not None}
