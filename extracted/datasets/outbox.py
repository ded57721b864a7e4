"""Our own changes on their way to the monolith, written in the transaction that makes them."""

import orjson

from extracted.datasets.database import Connection
from extracted.datasets.model import Change, Event

BATCH = 100  # events relayed at once
BATCH_SIZE = 4 * 1024 * 1024  # characters relayed at once; the monolith takes 16 MiB


def append(connection: Connection, change: Change) -> None:
    """Note a change for the monolith."""
    connection.execute(
        "INSERT INTO outbox (topic, payload) VALUES (?, ?)",
        (change.TOPIC, orjson.dumps(change.to_state()).decode()),
    )


def pending(connection: Connection) -> list[Event]:
    """Give the oldest changes that the monolith does not have yet, up to the bounds of a batch."""
    events: list[Event] = []
    size = 0
    for number, topic, payload in connection.execute("SELECT * FROM outbox ORDER BY number"):
        size += len(payload)
        if events and (len(events) == BATCH or size > BATCH_SIZE):
            break
        row = {"number": number, "topic": topic, "payload": orjson.loads(payload)}
        events.append(Event.from_wire(row))
    return events


def count(connection: Connection) -> int:
    """Count the changes that the monolith does not have yet."""
    number: int = connection.execute("SELECT count(*) FROM outbox").fetchone()[0]
    return number


def forget(connection: Connection, up_to: int) -> None:
    """Drop what the monolith has confirmed."""
    connection.execute("DELETE FROM outbox WHERE number <= ?", (up_to,))
