"""The outbox: changes of datasets and files, numbered, in the same transaction as the change."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from legacy_monolith.access import require_partner
from legacy_monolith.announcements import OUTBOX
from legacy_monolith.bodies import LARGEST_INTEGER, query_integer
from legacy_monolith.database import Database
from legacy_monolith.errors import ApiError
from legacy_monolith.monolith import monolith_of
from legacy_monolith.quirks import answer

LONGEST_WAIT = 30.0  # seconds: below what idle connections are commonly granted

DATASET_CHANGED = "dataset.changed"
DATASET_DELETED = "dataset.deleted"
FILE_STORED = "file.stored"
FILE_DELETED = "file.deleted"


def append(database: Database, topic: str, dataset_id: int, payload: dict[str, Any]) -> None:
    """Write an event; only inside the transaction of the change that it tells of."""
    database.change(
        "INSERT INTO outbox (topic, key, payload) VALUES (:topic, :key, :payload)",
        topic=topic,
        key=str(dataset_id),
        payload=json.dumps(payload),
    )
    database.announce_when_committed(OUTBOX)


async def feed(request: Request) -> Response:
    """Give the events after a number; wait for the first one if there is none."""
    require_partner(request)
    monolith = monolith_of(request)
    after = query_integer(request, "after", 0, 0, LARGEST_INTEGER)
    limit = query_integer(request, "limit", 200, 1, 1000)
    wait = _seconds(request.query_params.get("wait", "0"))
    if after is None or limit is None or wait is None:
        raise ApiError(400, "BAD_QUERY", "after, limit (1 to 1000) and wait must be numbers")
    events = _events(monolith.database, after, limit)
    if not events and wait and await monolith.announcements.wait(OUTBOX, wait):
        events = _events(monolith.database, after, limit)
    last = monolith.database.value("SELECT coalesce(max(number), 0) FROM outbox")
    return answer(request, {"events": events, "last": last})


def _events(database: Database, after: int, limit: int) -> list[dict[str, Any]]:
    rows = database.all(
        "SELECT * FROM outbox WHERE number > :after ORDER BY number LIMIT :limit",
        after=after,
        limit=limit,
    )
    return [{**row, "payload": json.loads(row["payload"])} for row in rows]


def _seconds(given: str) -> float | None:
    try:
        seconds = float(given)
    except ValueError:
        return None
    return min(seconds, LONGEST_WAIT) if seconds >= 0 else None
