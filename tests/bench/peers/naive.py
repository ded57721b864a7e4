"""The proxy that everyone writes first, to be measured against: a framework on either side.

ORIGIN=http://127.0.0.1:9000 python -m uvicorn tests.bench.peers.naive:app
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

HOP_BY_HOP = {"connection", "keep-alive", "te", "transfer-encoding", "upgrade"}


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with httpx2.AsyncClient(base_url=os.environ["ORIGIN"]) as client:
        app.state.client = client
        yield


async def forward(request: Request) -> StreamingResponse:
    client: httpx2.AsyncClient = request.app.state.client
    fields = [(k, v) for k, v in request.headers.items() if k not in HOP_BY_HOP]
    fields.append(("x-forwarded-for", request.client.host if request.client else "unknown"))
    url = httpx2.URL(path=request.url.path, query=request.url.query.encode())
    asked = client.build_request(request.method, url, headers=fields, content=request.stream())
    answer = await client.send(asked, stream=True)
    kept = {k: v for k, v in answer.headers.items() if k not in HOP_BY_HOP}
    return StreamingResponse(answer.aiter_raw(), answer.status_code, kept)


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
app = Starlette(routes=[Route("/{path:path}", forward, methods=METHODS)], lifespan=lifespan)
