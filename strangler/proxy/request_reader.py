"""Turns the bytes of a client connection into requests; holds no socket and makes no decision.

llhttp may call back for a complete head and raise in the very same call, and it reads on into
pipelined requests. So callbacks only record; whoever feeds looks at `requests` and `error` after
the call returns.
"""

from collections import deque

import httptools

from strangler.http.head import MAX_TARGET

MAX_HEAD = 32 * 1024
"""Octets of a head, and again of trailers: nginx and Apache allow about as much by default."""


class TooLargeError(Exception):
    """Stops the parser in the middle; the reader has noted why."""


class IncomingRequest:
    """One request as far as it has arrived: the head once it is whole, the body in pieces."""

    __slots__ = (
        "chunks",
        "complete",
        "has_head",
        "headers",
        "held",
        "method",
        "size",
        "target",
        "trailers",
        "upgrade",
        "version",
    )

    def __init__(self) -> None:
        """Start empty."""
        self.method = ""
        self.target = b""
        self.version = ""
        self.headers: list[tuple[bytes, bytes]] = []
        self.trailers: list[tuple[bytes, bytes]] = []
        self.size = 0  # octets of fields
        self.chunks: list[bytes] = []
        self.held = 0  # octets in chunks
        self.has_head = False
        self.complete = False
        self.upgrade = False

    def __repr__(self) -> str:
        """Show how far it has come."""
        state = "complete" if self.complete else "body" if self.has_head else "head"
        return f"<IncomingRequest {self.method} {self.target!r} {state} held={self.held}>"

    def take(self) -> bytes:
        """Give the body octets that have arrived since the last call."""
        chunks = self.chunks
        if not chunks:
            return b""
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self.held = 0
        return data


class RequestReader:
    """The parser of one client connection, with the requests it has seen and not given up yet.

    `requests` are in the order received. `error` is set once the bytes stopped making sense (or
    grew past a bound, then with `error_status` 431): nothing is read after it. `rest` holds what
    came behind a request that asks for an upgrade: no longer HTTP until someone refuses.
    `in_head`: a next request has begun and its head is not whole.
    """

    __slots__ = (
        "_newest",
        "_parser",
        "_silent",
        "error",
        "error_status",
        "in_head",
        "requests",
        "rest",
    )

    def __init__(self) -> None:
        """Start before the first request."""
        self._parser = httptools.HttpRequestParser(self)
        self._newest = IncomingRequest()  # replaced when the first request begins
        self._silent = 0  # octets fed since the parser last gave more than single fields
        self.in_head = False
        self.requests: deque[IncomingRequest] = deque()
        self.error = ""
        self.error_status = 400
        self.rest: bytes | None = None

    def __repr__(self) -> str:
        """Show what is queued."""
        return f"<RequestReader queued={len(self.requests)} error={self.error!r}>"

    @property
    def waiting(self) -> int:
        """Octets that came behind the first request: they wait until it has been answered."""
        body = self._newest.held if len(self.requests) > 1 else 0
        return body + len(self.rest or b"")

    def feed(self, data: bytes) -> None:
        """Read on. Look at `requests`, `error` and `rest` afterwards."""
        if self.error:
            return
        if self.rest is not None:
            self.rest += data
            return
        self._silent += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.rest = data[upgrade.args[0] :]
        except httptools.HttpParserInvalidMethodError:
            self._fail("a method that is not registered", 501)
        except (httptools.HttpParserError, httptools.HttpParserCallbackError) as error:
            self._fail(str(error) or "not HTTP", 400)
        # The parser keeps a field that is not whole, and skips what stands behind a chunk's size.
        if self._silent > MAX_HEAD:
            self._fail(f"more than {MAX_HEAD} octets of a head, of trailers or of a line", 431)

    def decline_upgrade(self) -> None:
        """Go on in HTTP/1.1 after a request whose Upgrade we ignore (RFC 9110 section 7.8)."""
        rest, self.rest = self.rest, None
        self._parser = httptools.HttpRequestParser(self)
        if rest:
            self.feed(rest)

    def _fail(self, reason: str, status: int) -> None:
        if not self.error:
            self.error = reason
            self.error_status = status

    # What llhttp calls back.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._newest = IncomingRequest()
        self.in_head = True

    def on_url(self, piece: bytes) -> None:
        """Collect the request target, which may come in pieces."""
        self._newest.target += piece
        if len(self._newest.target) > MAX_TARGET:
            self._fail(f"a request target of more than {MAX_TARGET} octets", 414)
            raise TooLargeError

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header field, or a trailer field where the head is behind us."""
        request = self._newest
        value = value.rstrip(b" \t")  # which llhttp leaves there (RFC 9110 section 5.5)
        if request.has_head:
            request.trailers.append((name, value))
        else:
            request.headers.append((name, value))
        request.size += len(name) + len(value)
        if request.size > MAX_HEAD:
            self._fail(f"fields of more than {MAX_HEAD} octets", 431)
            raise TooLargeError

    def on_headers_complete(self) -> None:
        """Queue the request; its body may follow."""
        request = self._newest
        parser = self._parser
        request.method = parser.get_method().decode("ascii")
        request.version = parser.get_http_version()
        request.upgrade = parser.should_upgrade()
        request.has_head = True
        request.size = 0  # from here on it counts trailers
        self._silent = 0
        self.in_head = False
        self.requests.append(request)

    def on_body(self, data: bytes) -> None:
        """Hold a piece of the body."""
        request = self._newest
        request.chunks.append(data)
        request.held += len(data)
        self._silent = 0

    def on_message_complete(self) -> None:
        """Mark the request whole."""
        self._newest.complete = True
        self._silent = 0
