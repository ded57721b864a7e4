"""A real HTTP server in front of a good one that, now and then, does what must be noticed."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of_json(cls, status: int, content: object) -> Self:
        return cls(status, {"Content-Type": "application/json"}, json.dumps(content).encode())


Mishap = Callable[[Request, Callable[[], Answer]], Answer | None]
"""Gives the answer to a request, by itself or from the good server; None breaks the connection."""


def faithful(_request: Request, upstream: Callable[[], Answer]) -> Answer:
    return upstream()


class Unreliable:
    """The server. Its WebSockets are cut when `cut_after` bytes have come from upstream."""

    def __init__(
        self, upstream: str, mishap: Mishap = faithful, cut_after: int | None = None
    ) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.upstream = urlsplit(upstream).netloc
        self._server.mishap = mishap
        self._server.cut_after = cut_after
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        if self.headers.get("Upgrade"):
            self._relay_websocket()
            return
        body = self._read_body()
        request = Request(self.command, self.path, dict(self.headers), body)
        answer = self.server.mishap(request, lambda: self._ask_upstream(request))
        if answer is None:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _ask_upstream(self, request: Request) -> Answer:
        # Unchunked and not compressed, so that a mishap can change what is said.
        left_out = {"transfer-encoding", "accept-encoding"}
        headers = {k: v for k, v in request.headers.items() if k.lower() not in left_out}
        with closing(http.client.HTTPConnection(self.server.upstream)) as connection:
            connection.request(request.method, request.path, request.body, headers)
            with connection.getresponse() as response:
                return Answer(response.status, dict(response.headers), response.read())

    def _relay_websocket(self) -> None:
        self.close_connection = True
        host, port = self.server.upstream.split(":")
        lines = [f"{self.command} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        with socket.create_connection((host, int(port))) as upstream:
            upstream.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
            inwards = threading.Thread(target=_pump, args=(self.connection, upstream, None))
            inwards.start()
            _pump(upstream, self.connection, self.server.cut_after)
            inwards.join()


def _pump(source: socket.socket, target: socket.socket, limit: int | None) -> None:
    """Copy bytes until the source ends or the limit is reached, then end both directions."""
    passed = 0
    with suppress(OSError):  # the other direction may have ended both
        while (limit is None or passed < limit) and (data := source.recv(65536)):
            target.sendall(data)
            passed += len(data)
    for end in (source, target):
        with suppress(OSError):  # it may be down already
            end.shutdown(socket.SHUT_RDWR)


def damaged(answer: Answer) -> Answer:
    """Flip a bit of the body."""
    return replace(answer, body=bytes([answer.body[0] ^ 1]) + answer.body[1:])
