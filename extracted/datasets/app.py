"""The application: every path of the public datasets API, and the health of the service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypedDict

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from extracted.datasets import endpoints, files
from extracted.datasets.contents import Contents
from extracted.datasets.database import Database
from extracted.datasets.gate import DRY_RUN, answer, service_of
from extracted.datasets.refusal import Refusal
from extracted.datasets.regressions import FIXED, REGRESSED
from extracted.datasets.service import Rehearsal, Service, running
from extracted.datasets.settings import Settings

DATASETS = "/api/v1/datasets"
DATASET = f"{DATASETS}/{{id:int}}"
FILE = f"{DATASET}/files/{{name}}"
CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


class State(TypedDict):
    """What a running application hands to its requests."""

    service: Service
    rehearsal: Rehearsal


async def health(request: Request) -> Response:
    """Say whether the first fill is complete: before, no answer would be worth much."""
    ready = service_of(request).ready
    return answer({"status": "ok" if ready else "filling"}, 200 if ready else 503)


async def lag(request: Request) -> Response:
    """Say how many changes are on their way between us and the monolith, either way."""
    return answer(await service_of(request).lag())


async def dry_runs(request: Request) -> Response:
    """Promise that nothing comes of a write with this header; none before we could answer it."""
    rehearsal: Rehearsal = request.state.rehearsal
    rehearsal.require_ready()
    return answer({"dry_run": True, "header": DRY_RUN, "effects": rehearsal.effects})


ROUTES = [
    Route("/healthz", health),
    Route("/lag", lag),
    Route("/dry-runs", dry_runs),
    Route(DATASETS, endpoints.index),
    Route(DATASETS, endpoints.create, methods=["POST"]),
    Route(f"{DATASETS}/search", endpoints.search, methods=["POST"]),
    Route(DATASET, endpoints.show),
    Route(DATASET, endpoints.change, methods=["PATCH"]),
    Route(DATASET, endpoints.remove, methods=["DELETE"]),
    Route(f"{DATASET}/tags", endpoints.set_tags, methods=["PUT"]),
    Route(f"{DATASET}/versions", endpoints.versions),
    Route(f"{DATASET}/versions", endpoints.add_version, methods=["POST"]),
    Route(f"{DATASET}/versions/{{number:int}}", endpoints.show_version),
    Route(f"{DATASET}/stats", endpoints.stats),
    Route(f"{DATASET}/files", files.index),
    Route(FILE, files.download),
    Route(FILE, files.upload, methods=["PUT"]),
    Route(FILE, files.remove, methods=["DELETE"]),
]


def _refuse(_: Request, error: Refusal) -> Response:
    return answer(error.body(), error.status)


def _refuse_http(_: Request, error: HTTPException) -> Response:
    code = CODES.get(error.status_code, "REFUSED")
    response = answer(Refusal(error.status_code, code, error.detail).body(), error.status_code)
    response.headers.update(error.headers or {})
    return response


def _tell_fault(_request: Request, _error: Exception) -> Response:
    fault = Refusal(500, "INTERNAL", "something went wrong on our side")
    return answer(fault.body(), fault.status)


def _forget(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it


HANDLERS: Mapping[Any, Any] = {
    Refusal: _refuse,
    HTTPException: _refuse_http,
    ClientDisconnect: _forget,
    Exception: _tell_fault,
}


def create_app(settings: Settings, contents: Contents, database: Database) -> Starlette:
    """Put the application together; it fills and follows from when it starts to when it ends."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with running(settings, contents, database) as (service, rehearsal):
            yield {"service": service, "rehearsal": rehearsal}

    app = Starlette(
        routes=ROUTES,
        lifespan=lifespan,
        exception_handlers=HANDLERS,
    )
    app.router.redirect_slashes = False
    app.state.settings = settings
    app.state.build = REGRESSED if settings.regressions else FIXED
    return app
