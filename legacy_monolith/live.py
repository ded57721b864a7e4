"""Notifications as they happen: a WebSocket and a stream of server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from legacy_monolith import notifications
from legacy_monolith.access import require_user, who
from legacy_monolith.announcements import mailbox
from legacy_monolith.errors import ApiError
from legacy_monolith.monolith import Monolith, monolith_of
from legacy_monolith.tokens import Claims

KEEP_ALIVE = 1.0  # seconds between two signs of life on a stream


async def socket(websocket: WebSocket) -> None:
    """Push each new notification of the user, and answer pings, until either side goes."""
    user = who(websocket, websocket.query_params.get("token", ""))
    if user is None:
        refusal = ApiError(403, "NOT_AUTHENTICATED", "log in first")
        await websocket.send_denial_response(JSONResponse(refusal.body(), refusal.status_code))
        return
    monolith = monolith_of(websocket)
    # Before the greeting: who has been greeted misses nothing.
    last = notifications.newest(monolith.database, user.uid)
    await websocket.accept()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_push, websocket, monolith, user, last)
            await _answer_pings(websocket)
            group.cancel_scope.cancel()
    except* WebSocketDisconnect:
        pass  # it went while we were sending


async def _push(websocket: WebSocket, monolith: Monolith, user: Claims, last: int) -> None:
    await websocket.send_json({"type": "hello", "user": user.name})
    while not monolith.announcements.closed:
        fresh = notifications.after(monolith.database, user.uid, last)
        for item in fresh:
            await websocket.send_json({"type": "notification", **item})
            last = item["id"]
        if not fresh:
            await monolith.announcements.wait(mailbox(user.uid), KEEP_ALIVE)


async def _answer_pings(websocket: WebSocket) -> None:
    while (message := await websocket.receive())["type"] == "websocket.receive":
        try:
            content = json.loads(message.get("text") or "")
        except (ValueError, RecursionError):
            continue
        if isinstance(content, dict) and content.get("type") == "ping":
            await websocket.send_json({"type": "pong", "n": content.get("n")})


async def stream(request: Request) -> Response:
    """Stream the user's notifications, from where `Last-Event-ID` says, else from now on."""
    user, monolith = require_user(request), monolith_of(request)
    resumed = request.headers.get("last-event-id", "")
    if resumed.isascii() and resumed.isdigit() and len(resumed) < 19:
        last = int(resumed)
    else:
        last = notifications.newest(monolith.database, user.uid)
    headers = {"Cache-Control": "no-cache"}
    if request.method == "HEAD":
        return Response(headers=headers, media_type="text/event-stream")
    events = _events(monolith, user, last)
    return StreamingResponse(events, headers=headers, media_type="text/event-stream")


async def _events(monolith: Monolith, user: Claims, last: int) -> AsyncIterator[str]:
    yield _event("hello", {"user": user.name})
    clock = asyncio.get_running_loop().time
    next_sign = clock() + KEEP_ALIVE
    while not monolith.announcements.closed:
        if clock() >= next_sign:
            yield ": keep-alive\n\n"
            next_sign = clock() + KEEP_ALIVE
        fresh = notifications.after(monolith.database, user.uid, last)
        for item in fresh:
            yield _event("notification", item, f"id: {item['id']}\n")
            last = item["id"]
        if not fresh:
            await monolith.announcements.wait(mailbox(user.uid), max(0.0, next_sign - clock()))


def _event(name: str, data: dict[str, Any], number: str = "") -> str:
    return f"event: {name}\n{number}data: {json.dumps(data)}\n\n"
