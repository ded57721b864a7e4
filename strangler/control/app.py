"""The admin app: is it alive, is it ready, what has it counted."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from strangler.control.live import LiveTable
from strangler.control.supervisor import Supervisor


class Readiness:
    """Whether a load balancer should send clients here."""

    def __init__(self, supervisor: Supervisor, live: LiveTable) -> None:
        """Look at these two; `draining` is set when the end begins."""
        self._supervisor = supervisor
        self._live = live
        self.draining = False

    def __repr__(self) -> str:
        """Show the answer."""
        return f"<Readiness ready={self.report()['ready']}>"

    def report(self) -> dict[str, object]:
        """Decide, with what it was decided on. A store that is away stops no client."""
        ready = self._supervisor.ready
        return {
            "ready": ready > 0 and not self.draining,
            "draining": self.draining,
            "workers_ready": ready,
            "workers": self._supervisor.wanted,
            "revision": self._live.revision.number,
            "store_available": self._live.store_available,
            "writes_held": self._live.holds,
            "from_disk": self._live.from_disk,
        }


def admin_app(readiness: Readiness, scrape: Callable[[], Awaitable[bytes]]) -> Starlette:
    """Make the app; `scrape` gives the metrics in Prometheus' text format."""

    async def livez(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_: Request) -> Response:
        report = readiness.report()
        return JSONResponse(report, status_code=200 if report["ready"] else 503)

    async def metrics(_: Request) -> Response:
        return Response(await scrape(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)],
        exception_handlers={HTTPException: _problem, Exception: _problem},
    )


async def _problem(_: Request, error: Exception) -> Response:
    """Answer errors as RFC 9457 says."""
    status, headers = 500, None
    if isinstance(error, HTTPException):
        status, headers = error.status_code, error.headers  # such as Allow
    return JSONResponse(
        {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status},
        status_code=status,
        headers=headers,
        media_type="application/problem+json",
    )
