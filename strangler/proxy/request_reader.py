"""Turns the bytes of a client connection into requests; holds no socket and asks nobody.

It stops at the first octet that has no one reading: what follows has no meaning either.
"""

from collections import deque
from typing import Final

from strangler.http.body import Body, body_reader
from strangler.http.framing import BodyKind
from strangler.http.head import MAX_HEAD, MAX_TARGET, HeadError, ReadHead, read_head
from strangler.http.lines import (
    MalformedError,
    RequestLine,
    TooLongError,
    refuse_beginning,
    request_line,
)
from strangler.http.message import Field
from strangler.http.roles import CONNECTION, UPGRADE

EMPTY_LINES: Final = 4
"""Empty lines that are passed over before a request line. RFC 9112 section 2.2 asks for one, which
old clients send behind a body; an endless row must not hold a connection."""


NO_BOUND: Final = 2**62
"""More octets than any length that is accepted."""


class IncomingRequest:
    """One request as far as it has arrived: its head whole, its body in pieces.

    `upgrade`: it asks to become a WebSocket. `held`: octets in `chunks`.
    """

    __slots__ = ("chunks", "complete", "held", "read", "trailers", "upgrade", "version")

    def __init__(self, read: ReadHead, version: str) -> None:
        """Begin with the head."""
        self.read = read
        self.version = version
        self.trailers: list[Field] = []
        self.chunks: list[bytes] = []
        self.held = 0
        self.complete = False
        self.upgrade = False

    def __repr__(self) -> str:
        """Show how far it has come."""
        head = self.read.head
        state = "complete" if self.complete else "body"
        return f"<IncomingRequest {head.method} {head.target.path} {state} held={self.held}>"

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
    """The reader of one client connection, with the requests it has seen and not given up yet.

    `requests` are in the order received. `refusal` is set once the bytes stopped making sense or
    grew past a bound: nothing is read after it. `answers_head` tells that it was a HEAD which was
    refused. `rest` holds what came behind a request that asks for an upgrade: no longer HTTP until
    someone refuses.
    """

    __slots__ = (
        "_begun",
        "_body",
        "_longest",
        "_room",
        "_skipped",
        "_trusted",
        "answers_head",
        "refusal",
        "requests",
        "rest",
    )

    def __init__(self, longest: int = NO_BOUND, *, trusted: bool = False) -> None:
        """Start before the first request of a peer; no body may have more octets than `longest`."""
        self._trusted = trusted
        self._longest = longest
        self._room = longest  # octets that the present body may still have
        self._begun = b""  # the beginning of a head, or of a line in a body
        self._body: Body | None = None  # of the newest request, while it is not complete
        self._skipped = 0  # empty lines before the request line that is to come
        self.requests: deque[IncomingRequest] = deque()
        self.refusal: HeadError | None = None
        self.answers_head = False
        self.rest: bytes | None = None

    def __repr__(self) -> str:
        """Show what is queued."""
        return f"<RequestReader queued={len(self.requests)} refusal={self.refusal!r}>"

    @property
    def in_head(self) -> bool:
        """Whether a next request has begun and its head is not whole."""
        return self._body is None and bool(self._begun)

    @property
    def waiting(self) -> int:
        """Octets that came behind the first request: they wait until it has been answered."""
        body = self.requests[-1].held if len(self.requests) > 1 else 0
        return body + len(self.rest or b"")

    def feed(self, data: bytes) -> None:
        """Read on. Look at `requests`, `refusal` and `rest` afterwards."""
        if self.refusal is not None:
            return
        if self.rest is not None:
            self.rest += data
            return
        if self._begun:
            data = self._begun + data
            self._begun = b""
        try:
            self._read(data)
        except HeadError as refusal:
            self.refusal = refusal
        except MalformedError as error:
            status = 431 if isinstance(error, TooLongError) else 400
            self.refusal = HeadError(status, f"malformed request: {error}")

    def decline_upgrade(self) -> None:
        """Go on in HTTP/1.1 after a request whose Upgrade was refused (RFC 9110 section 7.8)."""
        rest, self.rest = self.rest, None
        if rest:
            self.feed(rest)

    def _read(self, data: bytes) -> None:
        at, end = 0, len(data)
        while at < end:
            if self._body is None:
                stop = self._read_head(data, at)
                if self.rest is not None:
                    return
            else:
                stop = self._read_body(self._body, data, at)
            if stop < 0:
                return
            at = stop

    def _read_head(self, data: bytes, at: int) -> int:
        """Read one head; give where it ends, or -1 where its end has not come."""
        if self._skipped < EMPTY_LINES and data.startswith(b"\r\n", at):
            self._skipped += 1
            return at + 2
        end = data.find(b"\r\n\r\n", at)
        if end < 0 or end - at > MAX_HEAD:
            self._hold_beginning(data[at:] if end < 0 else data[at:end])
            return -1
        lines = data[at:end].split(b"\r\n")
        line = request_line(lines.pop(0))
        self._begin(line, lines)
        end += 4
        if self.requests[-1].upgrade:
            self.rest = data[end:]
        return end

    def _hold_beginning(self, begun: bytes) -> None:
        refuse_beginning(begun)
        line, whole, _ = begun.partition(b"\r\n")
        if len(line) > MAX_TARGET and b" " in line[:MAX_TARGET]:
            raise HeadError(414, f"the request target is longer than {MAX_TARGET} octets")
        if len(begun) > MAX_HEAD:
            raise HeadError(431, f"a head of more than {MAX_HEAD} octets")
        if whole:
            request_line(line)
        self._begun = begun

    def _begin(self, line: RequestLine, lines: list[bytes]) -> None:
        method, target, version = line
        self.answers_head = method == "HEAD"
        read = read_head(method, target, version, lines, trusted=self._trusted)
        request = IncomingRequest(read, version)
        if UPGRADE in read.fields.noted and read.fields.mentions(CONNECTION, b"upgrade"):
            request.upgrade = self._upgrades(method, read, version)
        if read.framing.length > self._longest:
            raise HeadError(413, f"a body of more than {self._longest} octets")
        self._room = self._longest
        self._body = body_reader(read.framing)
        request.complete = self._body is None
        self._skipped = 0
        self.requests.append(request)

    def _upgrades(self, method: str, read: ReadHead, version: str) -> bool:
        """Decide an Upgrade: WebSockets become tunnels, others are ignored, bodies are refused.

        RFC 9110 section 7.8 lets a server ignore an Upgrade, and has it ignore one in HTTP/1.0; one
        with a body has two readings of what follows.
        """
        if read.framing.kind is not BodyKind.NONE:
            raise HeadError(400, "an Upgrade with a body")
        return method == "GET" and version == "1.1" and read.fields.asks_for_websocket

    def _read_body(self, body: Body, data: bytes, at: int) -> int:
        """Read on in a body; give where that stopped, or -1 where the rest is held."""
        request = self.requests[-1]
        known = len(request.chunks)
        stop = body.read(data, at, request.chunks)
        for piece in request.chunks[known:]:
            request.held += len(piece)
            self._room -= len(piece)
        if self._room < 0:
            raise HeadError(413, f"a body of more than {self._longest} octets")
        if body.complete:
            request.trailers = body.trailers
            request.complete = True
            self._body = None
            return stop
        self._begun = data[stop:]
        return -1
