"""The manners of an old system, all in one place; the README lists them.

A proxy in front must live with every one of them, and a comparer must see through them.
"""

import gzip
import itertools
import json
import random
import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

T = TypeVar("T")

SERVER = "legacy/4.2"
NODE = "legacy-1"
GZIP_OVER = 512  # bytes; smaller bodies gain nothing
GZIP_LEVEL = 4  # most of the gain for a third of the time
TAKES_GZIP = re.compile(r"\bgzip\b(?!;q=0(\.0*)?(,|$))", re.IGNORECASE)

HANDSHAKES_AND_HEADS = {
    "http.response.start",
    "websocket.accept",
    "websocket.http.response.start",
}


def local_time(at: float | None = None) -> str:
    """Write a time (seconds since 1970, default now) as local time without a zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def local_time_with_microseconds() -> str:
    """Write the present as local time without a zone, as reports do."""
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S.%f")


def shuffled(values: Sequence[T]) -> list[T]:
    """Give the values in no fixed order: nobody ever wrote an ORDER BY for them."""
    return random.sample(values, len(values))


def absolute(connection: HTTPConnection, path: str = "") -> str:
    """Make a path absolute, with the host that the client used."""
    forwarded = connection.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    scheme = forwarded if forwarded in {"http", "https"} else connection.scope["scheme"]
    return f"{scheme}://{connection.headers.get('host', NODE)}{path}"


def answer(
    request: Request, body: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with JSON, gzipped where that is worth it and the client takes it."""
    content = json.dumps(body).encode()
    extra = dict(headers or {})
    if len(content) > GZIP_OVER:
        extra["Vary"] = "Accept-Encoding"
        if TAKES_GZIP.search(request.headers.get("accept-encoding", "").replace(" ", "")):
            content = gzip.compress(content, GZIP_LEVEL, mtime=0)
            extra["Content-Encoding"] = "gzip"
    return Response(content, status, extra, "application/json")


class Quirks:
    """Around the whole application: a header that is never the same, and slashes redirected."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._requests = itertools.count(1)

    def __repr__(self) -> str:
        return f"<Quirks around {self._app!r}>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or handshake."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        began, serial = time.perf_counter(), next(self._requests)

        async def send_with_runtime_info(message: Message) -> None:
            if message["type"] in HANDSHAKES_AND_HEADS:
                milliseconds = (time.perf_counter() - began) * 1000
                info = f"dur={milliseconds:.3f};node={NODE};req={serial}"
                runtime_info = (b"x-runtime-info", info.encode())
                message["headers"] = [*message.get("headers", ()), runtime_info]
            await send(message)

        app = self._app
        if scope["type"] == "http" and scope["raw_path"].endswith(b"/") and scope["path"] != "/":
            app = _redirect_without_slash(scope)
        await app(scope, receive, send_with_runtime_info)


def _redirect_without_slash(scope: Scope) -> Response:
    path = scope["raw_path"].decode("latin-1").rstrip("/") or "/"
    query = scope["query_string"].decode("latin-1")
    location = absolute(HTTPConnection(scope), path + ("?" + query if query else ""))
    return Response(status_code=301, headers={"Location": location})
