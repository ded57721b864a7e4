"""What the tests write into stores."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from strangler.store.observed import Batch, Example, Observation, Sighting
from strangler.store.records import Revision, Transition
from strangler.store.store import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIGNATURE = "3fa9c1d2e4b5a697"
SHADOWED = Transition("datasets", None, "monolith", "shadow")


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def example(seconds: float = 0, **changes: Any) -> Example:
    plain = Example(
        at=after(seconds),
        request_id=f"request-{seconds}",
        method="GET",
        target="/api/v1/datasets/string#3fa9",
        primary_status=200,
        candidate_status=200,
        candidate_upstream="datasets",
        differences=[{"path": "$.size", "primary": "number#aa", "candidate": "number#bb"}],
    )
    return replace(plain, **changes)


def sighting(seconds: float = 0, **changes: Any) -> Sighting:
    return replace(Sighting(SIGNATURE, "value", ("$.size",), False, (example(seconds),)), **changes)


def observation(seconds: float = 0, **changes: Any) -> Observation:
    plain = Observation(after(seconds), "datasets", "GET /api/v1/datasets", 1, "match")
    return replace(plain, **changes)


def mismatch(seconds: float = 0, signature: str = SIGNATURE, **changes: Any) -> Observation:
    """An exchange that showed one finding, which is noise where `noise` says so."""
    paths = ("$.size",) if signature == SIGNATURE else (f"$.of_{signature}",)
    noise = changes.pop("noise", False)
    seen = sighting(seconds, signature=signature, paths=paths, noise=noise)
    return observation(seconds, **{"verdict": "mismatch", "sightings": (seen,), **changes})


def batch(*observations: Observation) -> Batch:
    return Batch(observations)


async def add_revision(
    store: Store, previous: int | None, *transitions: Transition, **changes: Any
) -> Revision:
    plain = {"text": "version: 1\n", "digest": "5e1", "actor": "ada", "reason": "begin", "at": NOON}
    return await store.add_revision(
        **{**plain, **changes}, transitions=transitions, previous=previous
    )


def open_and_record(url: str, batches: int) -> None:
    """Be a process of its own that starts, brings the schema up to date and writes."""

    async def run() -> None:
        store = await Store.open(url, migrate=True)
        try:
            for number in range(batches):
                await store.record(batch(mismatch(number)))
        finally:
            await store.close()

    asyncio.run(run())
