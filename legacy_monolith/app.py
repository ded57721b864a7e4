"""The application: every path of the three domains, and of the partners."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from legacy_monolith import (
    datasets,
    files,
    live,
    notifications,
    outbox,
    partner,
    sessions,
    users,
    versions,
)
from legacy_monolith.errors import ApiError
from legacy_monolith.monolith import Monolith
from legacy_monolith.quirks import Quirks, answer

DATASETS = "/api/v1/datasets"
DATASET = f"{DATASETS}/{{id:int}}"
FILE = f"{DATASET}/files/{{name}}"
NOTIFICATIONS = "/api/v1/notifications"
USERS = "/api/v1/users"
ROUTER_ERRORS = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


async def health(request: Request) -> Response:
    """Say that the monolith is up."""
    return answer(request, {"status": "ok"})


ROUTES = [
    Route("/healthz", health),
    Route("/login", sessions.form),
    Route("/login", sessions.log_in, methods=["POST"]),
    Route("/logout", sessions.log_out, methods=["POST"]),
    Route("/account", sessions.account),
    Route("/api/v1/login", sessions.log_in_with_json, methods=["POST"]),
    Route(USERS, users.index),
    Route(f"{USERS}/me", users.me),
    Route(f"{USERS}/{{id:int}}", users.show),
    Route(f"{USERS}/{{id:int}}", users.change, methods=["PATCH"]),
    Route(f"{USERS}/{{id:int}}/roles", users.set_roles, methods=["PUT"]),
    Route(DATASETS, datasets.index),
    Route(DATASETS, datasets.create, methods=["POST"]),
    Route(f"{DATASETS}/search", datasets.search, methods=["POST"]),
    Route(DATASET, datasets.show),
    Route(DATASET, datasets.change, methods=["PATCH"]),
    Route(DATASET, datasets.remove, methods=["DELETE"]),
    Route(f"{DATASET}/tags", datasets.set_tags, methods=["PUT"]),
    Route(f"{DATASET}/versions", versions.index),
    Route(f"{DATASET}/versions", versions.create, methods=["POST"]),
    Route(f"{DATASET}/versions/{{number:int}}", versions.show),
    Route(f"{DATASET}/stats", versions.stats),
    Route(f"{DATASET}/files", files.index),
    Route(FILE, files.download),
    Route(FILE, files.upload, methods=["PUT"]),
    Route(FILE, files.remove, methods=["DELETE"]),
    Route(NOTIFICATIONS, notifications.index),
    Route(NOTIFICATIONS, notifications.create, methods=["POST"]),
    Route(f"{NOTIFICATIONS}/preferences", notifications.show_preferences),
    Route(f"{NOTIFICATIONS}/preferences", notifications.change_preferences, methods=["PUT"]),
    Route(f"{NOTIFICATIONS}/stream", live.stream),
    WebSocketRoute(f"{NOTIFICATIONS}/ws", live.socket),
    Route(f"{NOTIFICATIONS}/{{id:int}}", notifications.show),
    Route(f"{NOTIFICATIONS}/{{id:int}}/read", notifications.mark_read, methods=["POST"]),
    Route("/internal/outbox", outbox.feed),
    Route("/internal/files/{sha256}", partner.send_content),
    Route("/internal/files/{sha256}", partner.take_content, methods=["PUT"]),
    Route("/internal/datasets/import", partner.take_changes, methods=["POST"]),
]


def application(monolith: Monolith) -> Quirks:
    """Put the application together, with the quirks around all of it."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        monolith.database.close()

    app = Starlette(
        routes=ROUTES,
        lifespan=lifespan,
        exception_handlers={
            HTTPException: _tell,
            ClientDisconnect: _forget,
            Exception: _tell_fault,
        },
    )
    app.router.redirect_slashes = False  # one of the quirks sees to it
    app.state.monolith = monolith
    return Quirks(app)


def _tell(request: Request, error: Any) -> Response:
    """Answer with an error, be it ours or the router's."""
    if not isinstance(error, ApiError):
        code = ROUTER_ERRORS.get(error.status_code, "REFUSED")
        body = ApiError(error.status_code, code, error.detail).body()
        return answer(request, body, error.status_code, error.headers)
    return answer(request, error.body(), error.status_code)


def _tell_fault(request: Request, _: Exception) -> Response:
    fault = ApiError(500, "INTERNAL", "something went wrong on our side")
    return answer(request, fault.body(), fault.status_code)


def _forget(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it
