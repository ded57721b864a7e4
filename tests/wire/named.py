"""Small upstreams that answer every request with their own name, and remember what they were asked.

For tests of who is asked; what exactly crosses is the business of scripted sockets.
"""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Asked:
    """One request as an upstream saw it; `role` is what a shadow copy says of itself."""

    method: str
    path: str
    body: bytes
    role: str | None
    user: str | None


class Named:
    """An upstream called `name`; `answer` is the body that it gives, its name unless set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.answer = name
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __repr__(self) -> str:
        return f"<Named {self.name} asked={len(self.asked)}>"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def copies(self) -> list[Asked]:
        """Give the shadow copies that arrived."""
        return [asked for asked in self.asked if asked.role is not None]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        named = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                role, user = self.headers.get("X-Strangler-Shadow"), self.headers.get("X-User")
                named.asked.append(Asked(self.command, self.path, body, role, user))
                answer = named.answer.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = _answer  # noqa: N815 - http.server's names

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
