"""What endpoints need of a request: the service, the build, who asks, which host was asked."""

import time
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from extracted.datasets.identity import Identity, identify
from extracted.datasets.refusal import Refusal
from extracted.datasets.regressions import Build
from extracted.datasets.service import Service

SESSION_COOKIE = "MSESSID"
DRY_RUN = "X-Strangler-Dry-Run"
"""The header of a write that is to be answered as if it were done, whatever its value."""


def service_of(request: Request) -> Service:
    """Give the running service; to a dry run, the one of which nothing comes."""
    state = request.state
    service: Service = state.rehearsal if DRY_RUN in request.headers else state.service
    return service


def build_of(request: Request) -> Build:
    """Give the build that this is."""
    build: Build = request.app.state.build
    return build


def require_writer(request: Request) -> Identity:
    """Let only those in who may change datasets: by a bearer token, or by the session cookie."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(SESSION_COOKIE, "")
    token = bearer.strip() if scheme.lower() == "bearer" else cookie
    identity = identify(token, request.app.state.settings.session_secret, time.time())
    if identity is None:
        raise Refusal(401, "NOT_AUTHENTICATED", "log in first")
    if not identity.may_write:
        raise Refusal(403, "FORBIDDEN", "the role admin or editor is needed")
    return identity


def base_of(request: Request) -> str:
    """Give the scheme and authority that the client used, for absolute URLs."""
    forwarded = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    scheme = forwarded if forwarded in {"http", "https"} else request.scope["scheme"]
    return f"{scheme}://{request.headers.get('host', 'datasets')}"


def answer(body: Any, status: int = 200, location: str | None = None) -> Response:
    """Answer with JSON."""
    headers = {"Location": location} if location else None
    return Response(orjson.dumps(body), status, headers, "application/json")
