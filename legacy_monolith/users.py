"""Users: profiles and roles."""

import json
import sqlite3
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from legacy_monolith.access import require_admin, require_user
from legacy_monolith.bodies import LARGEST_INTEGER, checked, list_of, one_of, read_json, text
from legacy_monolith.database import Database
from legacy_monolith.errors import ApiError
from legacy_monolith.monolith import database_of
from legacy_monolith.quirks import answer, shuffled

ROLES = ("admin", "editor", "reader")
PROFILE = {"display_name": text(100), "email": text(200), "city": text(100, shortest=0)}


def find_user(database: Database, user_id: int) -> sqlite3.Row:
    """Give a user, or the error that there is none."""
    row = database.one("SELECT * FROM users WHERE id = :id", id=min(user_id, LARGEST_INTEGER))
    if row is None:
        raise ApiError(404, "USER_NOT_FOUND", f"there is no user {user_id}")
    return row


def as_json(row: sqlite3.Row) -> dict[str, Any]:
    """Give a user as clients see one."""
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "display_name": row["display_name"],
        "email": row["email"],
        "city": row["city"],
        "roles": shuffled(json.loads(row["roles"])),
        "created_at": row["created_at"],
    }


async def index(request: Request) -> Response:
    """List the users, all or those with a role."""
    require_admin(request)
    rows = database_of(request).all(
        "SELECT * FROM users"
        " WHERE :role IS NULL OR :role IN (SELECT value FROM json_each(users.roles)) ORDER BY id",
        role=request.query_params.get("role"),
    )
    return answer(request, {"items": [as_json(row) for row in rows], "total": str(len(rows))})


async def me(request: Request) -> Response:
    """Show whoever asks."""
    user = require_user(request)
    return answer(request, as_json(find_user(database_of(request), user.uid)))


async def show(request: Request) -> Response:
    """Show a user to any other."""
    require_user(request)
    return answer(request, as_json(find_user(database_of(request), request.path_params["id"])))


async def change(request: Request) -> Response:
    """Change a profile: one's own, or any as an admin."""
    asking, database = require_user(request), database_of(request)
    user_id: int = request.path_params["id"]
    if asking.uid != user_id and "admin" not in asking.roles:
        raise ApiError(403, "FORBIDDEN", "only one's own profile, or as an admin")
    user = find_user(database, user_id)
    profile = {name: user[name] for name in PROFILE}
    profile |= checked(await read_json(request), PROFILE)
    with database.transaction():
        database.change(
            "UPDATE users SET display_name = :display_name, email = :email, city = :city"
            " WHERE id = :id",
            id=user_id,
            **profile,
        )
    return answer(request, as_json(find_user(database, user_id)))


async def set_roles(request: Request) -> Response:
    """Set a user's roles; tokens that are out keep the old ones until they expire."""
    require_admin(request)
    database = database_of(request)
    user_id = find_user(database, request.path_params["id"])["id"]
    checks = {"roles": list_of(one_of(*ROLES), len(ROLES))}
    roles = checked(await read_json(request), checks, required=checks)["roles"]
    with database.transaction():
        database.change(
            "UPDATE users SET roles = :roles WHERE id = :id", roles=json.dumps(roles), id=user_id
        )
    return answer(request, as_json(find_user(database, user_id)))
