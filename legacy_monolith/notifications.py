"""Notifications: what happened to somebody's datasets, and how they want to be told."""

import json
import sqlite3
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from legacy_monolith.access import require_user
from legacy_monolith.announcements import mailbox
from legacy_monolith.bodies import (
    LARGEST_INTEGER,
    checked,
    flag,
    list_of,
    one_of,
    query_integer,
    read_json,
    text,
)
from legacy_monolith.database import Database
from legacy_monolith.errors import ApiError
from legacy_monolith.monolith import database_of
from legacy_monolith.quirks import absolute, answer, local_time, shuffled

CHANNELS = ("web", "mail", "sms")
PREFERENCES = {
    "email": flag,
    "digest": one_of("daily", "weekly", "never"),
    "channels": list_of(one_of(*CHANNELS), len(CHANNELS)),
}
AT_FIRST: dict[str, Any] = {"email": True, "digest": "daily", "channels": ["web", "mail"]}


def notify(database: Database, user_id: int, message: str) -> int:
    """Write a notification and give its id; only inside a transaction."""
    row = database.change(
        "INSERT INTO notifications (user_id, text, created_at) VALUES (:user_id, :text, :at)"
        " RETURNING id",
        user_id=user_id,
        text=message,
        at=local_time(),
    ).fetchone()
    database.announce_when_committed(mailbox(user_id))
    return int(row["id"])


def newest(database: Database, user_id: int) -> int:
    """Give the id of a user's newest notification, 0 if there is none."""
    return int(
        database.value(
            "SELECT coalesce(max(id), 0) FROM notifications WHERE user_id = :user_id",
            user_id=user_id,
        )
    )


def after(database: Database, user_id: int, number: int) -> list[dict[str, Any]]:
    """Give a user's notifications after an id, oldest first, some at a time."""
    rows = database.all(
        "SELECT * FROM notifications WHERE user_id = :user_id AND id > :number"
        " ORDER BY id LIMIT 100",
        user_id=user_id,
        number=number,
    )
    return [as_json(row) for row in rows]


def as_json(row: sqlite3.Row) -> dict[str, Any]:
    """Give a notification as its user sees it."""
    return {
        "id": row["id"],
        "text": row["text"],
        "read": bool(row["read"]),
        "created_at": row["created_at"],
    }


async def index(request: Request) -> Response:
    """List one's own notifications, newest first."""
    user, database = require_user(request), database_of(request)
    limit = query_integer(request, "limit", 100, 1, 1000)
    if limit is None:
        raise ApiError(400, "BAD_LIMIT", "limit must be a number from 1 to 1000")
    rows = database.all(
        "SELECT * FROM notifications WHERE user_id = :user_id AND NOT (read AND :unread)"
        " ORDER BY id DESC LIMIT :limit",
        user_id=user.uid,
        unread=request.query_params.get("unread") == "1",
        limit=limit,
    )
    unread = database.value(
        "SELECT count(*) FROM notifications WHERE user_id = :user_id AND read = 0",
        user_id=user.uid,
    )
    return answer(request, {"items": [as_json(row) for row in rows], "unread": str(unread)})


async def create(request: Request) -> Response:
    """Leave oneself a note."""
    user, database = require_user(request), database_of(request)
    fields = checked(await read_json(request), {"text": text(500)}, required=["text"])
    with database.transaction():
        number = notify(database, user.uid, fields["text"])
    location = absolute(request, f"/api/v1/notifications/{number}")
    return answer(request, as_json(_own(database, user.uid, number)), 201, {"Location": location})


async def show(request: Request) -> Response:
    """Show one of one's own notifications."""
    user, database = require_user(request), database_of(request)
    return answer(request, as_json(_own(database, user.uid, request.path_params["id"])))


async def mark_read(request: Request) -> Response:
    """Note that a notification was read."""
    user, database = require_user(request), database_of(request)
    number = _own(database, user.uid, request.path_params["id"])["id"]
    with database.transaction():
        database.change("UPDATE notifications SET read = 1 WHERE id = :id", id=number)
    return answer(request, as_json(_own(database, user.uid, number)))


async def show_preferences(request: Request) -> Response:
    """Show how one wants to be told."""
    user = require_user(request)
    return answer(request, _preferences_as_json(_preferences(database_of(request), user.uid)))


async def change_preferences(request: Request) -> Response:
    """Change how one wants to be told; what is left out stays."""
    user, database = require_user(request), database_of(request)
    fields = checked(await read_json(request), PREFERENCES)
    with database.transaction():
        preferences = _preferences(database, user.uid) | fields
        database.change(
            "REPLACE INTO preferences VALUES (:user_id, :email, :digest, :channels)",
            user_id=user.uid,
            email=preferences["email"],
            digest=preferences["digest"],
            channels=json.dumps(preferences["channels"]),
        )
    return answer(request, _preferences_as_json(preferences))


def _own(database: Database, user_id: int, number: int) -> sqlite3.Row:
    row = database.one(
        "SELECT * FROM notifications WHERE id = :id AND user_id = :user_id",
        id=min(number, LARGEST_INTEGER),
        user_id=user_id,
    )
    if row is None:
        raise ApiError(404, "NOTIFICATION_NOT_FOUND", f"you have no notification {number}")
    return row


def _preferences(database: Database, user_id: int) -> dict[str, Any]:
    row = database.one("SELECT * FROM preferences WHERE user_id = :user_id", user_id=user_id)
    if row is None:
        return AT_FIRST
    return {
        "email": bool(row["email"]),
        "digest": row["digest"],
        "channels": json.loads(row["channels"]),
    }


def _preferences_as_json(preferences: dict[str, Any]) -> dict[str, Any]:
    return {**preferences, "channels": shuffled(preferences["channels"])}
