"""Notifications as they happen: over a WebSocket, and as server-sent events."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.legacy_monolith.conftest import LogIn
from tests.processes import Program

PATH = "/api/v1/notifications"


def token_of(client: httpx2.Client) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


def listen(monolith: Program, query: str = "", **headers: str) -> ClientConnection:
    url = f"ws://127.0.0.1:{monolith.port}{PATH}/ws{query}"
    return connect(url, additional_headers=headers, proxy=None)


def received(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=20))


def test_a_socket_greets_then_tells_what_is_new(monolith: Program, log_in: LogIn) -> None:
    client = log_in("user14")
    client.post(PATH, json={"text": "old"})
    with listen(monolith, f"?token={token_of(client)}") as socket:
        assert received(socket) == {"type": "hello", "user": "user14"}
        for text in ("new", "newer"):
            item = client.post(PATH, json={"text": text}).json()
            assert received(socket) == {"type": "notification", **item}


def test_a_socket_opens_to_a_cookie_and_to_a_bearer_token(monolith: Program, log_in: LogIn) -> None:
    token = token_of(log_in("ben"))
    for headers in ({"Cookie": f"MSESSID={token}"}, {"Authorization": f"Bearer {token}"}):
        with listen(monolith, **headers) as socket:
            assert received(socket)["user"] == "ben"


@pytest.mark.parametrize("query", ["", "?token=", "?token=a.b"])
def test_a_socket_does_not_open_to_strangers(monolith: Program, query: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        listen(monolith, query)
    response = refused.value.response
    assert response.status_code == 403
    assert json.loads(response.body)["error"]["code"] == "NOT_AUTHENTICATED"
    assert "x-runtime-info" in response.headers


def test_a_handshake_carries_the_headers_of_every_answer(monolith: Program, log_in: LogIn) -> None:
    with listen(monolith, f"?token={token_of(log_in('ben'))}") as socket:
        assert socket.response is not None
        assert socket.response.headers["server"] == "legacy/4.2"
        assert "x-runtime-info" in socket.response.headers


def test_a_ping_is_answered_with_its_number_and_nonsense_with_nothing(
    monolith: Program, log_in: LogIn
) -> None:
    with listen(monolith, f"?token={token_of(log_in('ben'))}") as socket:
        received(socket)
        for nonsense in ("{", "[]", "7", b"\x00", '{"type": "shout"}', "[" * 100_000):
            socket.send(nonsense)
        socket.send(json.dumps({"type": "ping", "n": 7}))
        assert received(socket) == {"type": "pong", "n": 7}


def test_a_write_by_somebody_else_reaches_the_listening_owner(
    monolith: Program, log_in: LogIn
) -> None:
    owner, other = log_in("user15"), log_in("user16")
    item = owner.post("/api/v1/datasets", json={"name": "D", "kind": "image"}).json()
    with listen(monolith, f"?token={token_of(owner)}") as socket:
        received(socket)
        other.patch(item["links"]["self"], json={"name": "E"})
        assert received(socket)["text"] == f"Dataset {item['id']} was changed: E"


@contextmanager
def streaming(client: httpx2.Client, **headers: str) -> Iterator[Iterator[list[str]]]:
    """Open the stream and give its events, each as its lines."""
    with client.stream("GET", f"{PATH}/stream", headers=headers, timeout=20) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield blocks(response.iter_lines())


def blocks(lines: Iterator[str]) -> Iterator[list[str]]:
    block: list[str] = []
    for line in lines:
        if line:
            block.append(line)
        else:
            yield block
            block = []


def next_notification(events: Iterator[list[str]]) -> tuple[int, Any]:
    for event, *fields in events:
        if event == "event: notification":
            number, data = fields
            return int(number.removeprefix("id: ")), json.loads(data.removeprefix("data: "))
    raise AssertionError("the stream ended")


def test_a_stream_greets_then_tells_what_is_new(log_in: LogIn) -> None:
    listener, writer = log_in("user17"), log_in("user17")
    writer.post(PATH, json={"text": "old"})
    with streaming(listener) as events:
        assert next(events) == ["event: hello", 'data: {"user": "user17"}']
        item = writer.post(PATH, json={"text": "new"}).json()
        assert next_notification(events) == (item["id"], item)


def test_a_stream_shows_signs_of_life(log_in: LogIn) -> None:
    with streaming(log_in("user18")) as events:
        assert next(events)[0] == "event: hello"
        assert [next(events), next(events)] == [[": keep-alive"], [": keep-alive"]]


def test_a_stream_is_taken_up_after_the_last_event_seen(log_in: LogIn) -> None:
    client = log_in("user19")
    numbers = [client.post(PATH, json={"text": f"{n}"}).json()["id"] for n in range(250)]
    with streaming(log_in("user19"), **{"Last-Event-ID": str(numbers[0])}) as events:
        assert [next_notification(events)[0] for _ in numbers[1:]] == numbers[1:]


def test_head_of_the_stream_ends(editor: httpx2.Client) -> None:
    head = editor.head(f"{PATH}/stream")
    assert head.status_code == 200
    assert head.headers["content-type"].startswith("text/event-stream")
