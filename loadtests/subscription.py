"""A WebSocket on which one user's notifications arrive."""

import contextlib
import json
import time
from collections.abc import Mapping
from typing import Any

import websocket
from pydantic import ValidationError

from loadtests.judgement import Unexpected
from loadtests.shapes import AnyMessage, Hello, Message

PATH = "/api/v1/notifications/ws"


class ServerWent(Exception):  # noqa: N818 - normal life: whoever serves may end a connection
    """The server closed the WebSocket, or the connection broke."""


class Subscription:
    """One open WebSocket, greeted by the server; from then on nothing new is missed."""

    def __init__(self, host: str, user: str, headers: Mapping[str, str], patience: float) -> None:
        """Shake hands and wait for the greeting, `patience` seconds for each.

        `Unexpected` if there is no handshake or another greeting, `ServerWent` if it ends early.
        """
        self._user = user
        try:
            self._socket = websocket.create_connection(
                host.replace("http", "ws", 1) + PATH,
                header=dict(headers),
                timeout=patience,
                http_no_proxy=["*"],  # the environment's proxies are not for us
            )
        except (websocket.WebSocketException, OSError) as error:
            raise Unexpected(f"no handshake: {error!r}") from error
        try:
            hello = self.receive(time.monotonic() + patience)
            if hello != Hello(type="hello", user=user):
                raise Unexpected(f"expected a greeting of {user}, got {hello!r}")
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"<Subscription of {self._user}>"

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message; `ServerWent` if nobody is there."""
        try:
            self._socket.send(json.dumps(message))
        except (websocket.WebSocketException, OSError) as error:
            raise ServerWent from error

    def receive(self, deadline: float) -> AnyMessage | None:
        """Give the next message, or None if none came before `deadline` (`time.monotonic`).

        `Unexpected` if it is none that the API promises, `ServerWent` if there will be none.
        """
        self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            opcode, data = self._socket.recv_data()
        except websocket.WebSocketTimeoutException:
            return None
        except (websocket.WebSocketException, OSError) as error:
            raise ServerWent from error
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise ServerWent
        try:
            return Message.validate_json(data)
        except ValidationError:
            raise Unexpected(f"no message of the API: {data[:200]!r}") from None

    def close(self) -> None:
        """Say goodbye, without waiting for an answer."""
        with contextlib.suppress(websocket.WebSocketException, OSError):
            self._socket.close(timeout=0)
