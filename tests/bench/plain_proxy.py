"""The proxy that everyone writes first, to measure against: Starlette and an httpx2 client."""

import os

import httpx2
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

client = httpx2.AsyncClient(base_url=os.environ.get("UPSTREAM", "http://127.0.0.1:9000"))


async def forward(request: Request) -> StreamingResponse:
    """Pass one request on, and its answer back."""
    asked = client.build_request(
        request.method, request.url.path, headers=request.headers.raw, content=request.stream()
    )
    answer = await client.send(asked, stream=True)
    return StreamingResponse(
        answer.aiter_raw(),
        answer.status_code,
        answer.headers,
        background=BackgroundTask(answer.aclose),
    )


app = Starlette(routes=[Route("/{path:path}", forward, methods=["GET", "POST"])])
