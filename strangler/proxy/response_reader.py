"""Turns the bytes of an upstream connection into responses; holds no socket, makes no decision.

The same care as towards clients: framing has one reading or is an error, and octets behind a
response mean that the connection cannot be trusted with another.
"""

from strangler.http.body import Body, body_reader
from strangler.http.fields import Fields, response_fields
from strangler.http.framing import BodyKind, Framing, FramingError, response_framing
from strangler.http.head import MAX_HEAD
from strangler.http.lines import (
    MalformedError,
    refuse_beginning,
    status_line,
)
from strangler.http.message import Headers
from strangler.http.roles import LENGTH


class ResponseHead:
    """The head of one response, final or interim."""

    __slots__ = ("fields", "framing", "headers", "keep_alive", "reason", "status", "version")

    def __init__(
        self,
        status: int,
        reason: bytes,
        fields: Fields,
        framing: Framing,
        *,
        keep_alive: bool,
        version: str = "1.1",
    ) -> None:
        """Hold what was read; `keep_alive`: the connection may serve again after it."""
        self.status = status
        self.reason = reason
        self.headers = fields.headers
        self.fields = fields
        self.framing = framing
        self.keep_alive = keep_alive
        self.version = version

    def __repr__(self) -> str:
        """Show the status and the framing."""
        return f"<ResponseHead {self.status} {self.framing.kind.value}>"

    @property
    def interim(self) -> bool:
        """Whether another head follows (RFC 9110 section 15.2); 101 is the last of its kind."""
        return self.status < 200 and self.status != 101


class ResponseReader:
    """The reader of one upstream connection, for one response after another.

    After `feed`: `interim` holds the 1xx heads, `head` the final one (once), `chunks` new pieces of
    its body; `complete` says that the response is whole, `error` that it never will be; `surplus`
    that octets came behind it; `rest` holds what follows a 101.
    """

    __slots__ = (
        "_begun",
        "_body",
        "_method",
        "chunks",
        "complete",
        "error",
        "head",
        "interim",
        "rest",
        "surplus",
        "trailers",
    )

    def __init__(self) -> None:
        """Start before the first response."""
        self.interim: list[ResponseHead] = []
        self.chunks: list[bytes] = []
        self.expect("GET")

    def __repr__(self) -> str:
        """Show how far the response has come."""
        return f"<ResponseReader {self.head!r} complete={self.complete} error={self.error!r}>"

    def expect(self, method: str) -> None:
        """Get ready for the response to a request with `method`."""
        self._method = method
        self._begun = b""  # the beginning of a head, or of a line in a body
        self._body: Body | None = None
        self.head: ResponseHead | None = None
        self.trailers: Headers = ()
        self.complete = False
        self.surplus = False
        self.error = ""
        self.rest: bytes | None = None

    def feed(self, data: bytes) -> None:
        """Read on. Nothing of a call that set `error` may be believed, its head least of all."""
        if self.complete:
            self.surplus = True
            return
        if self._begun:
            data = self._begun + data
            self._begun = b""
        try:
            self._read(data)
        except (MalformedError, FramingError) as error:
            self.error = str(error)

    def close(self, *, orderly: bool) -> None:
        """Take note that the upstream has closed: the end of an until-close body, else an error.

        A reset ends nothing well: what should have come may be missing.
        """
        if self.complete or self.error:
            return
        if orderly and self.head is not None and self.head.framing.kind is BodyKind.UNTIL_CLOSE:
            self.complete = True
        else:
            self.error = "closed before the response was whole"

    def _read(self, data: bytes) -> None:
        at = 0
        while self.head is None:
            end = data.find(b"\r\n\r\n", at)
            if end < 0 or end - at > MAX_HEAD:
                self._hold_beginning(data[at:] if end < 0 else data[at:end])
                return
            self._read_head(data[at:end].split(b"\r\n"))
            at = end + 4
            if self.rest is not None:
                self.rest = data[at:]
                return
        if self._body is not None:
            at = self._read_body(self._body, data, at)
        # Octets behind a response spoil the connection, not the response.
        if self.complete and at < len(data):
            self.surplus = True

    def _hold_beginning(self, begun: bytes) -> None:
        refuse_beginning(begun)
        if len(begun) > MAX_HEAD:
            raise MalformedError(f"a head of more than {MAX_HEAD} octets")
        line, whole, _ = begun.partition(b"\r\n")
        if whole:
            status_line(line)
        self._begun = begun

    def _read_head(self, lines: list[bytes]) -> None:
        version, status, reason = status_line(lines.pop(0))
        fields = response_fields(lines)
        framing = response_framing(self._method, status, fields, version)
        if status == 204 and LENGTH in fields.noted:
            # RFC 9110 section 8.6: it must not have one, and some clients would wait for the body.
            fields = response_fields([line for line in lines if not _tells_length(line)])
        keep_alive = framing.kind is not BodyKind.UNTIL_CLOSE and fields.keeps_alive(version)
        head = ResponseHead(status, reason, fields, framing, keep_alive=keep_alive, version=version)
        if status >= 200:
            self.head = head
            self._body = body_reader(framing)
            self.complete = self._body is None
        elif status != 101:
            self.interim.append(head)
        elif fields.asks_for_websocket:
            self.head = head
            self.rest = b""
        else:
            raise MalformedError("101 without the Upgrade that it agrees to")

    def _read_body(self, body: Body, data: bytes, at: int) -> int:
        if at == len(data):
            return at
        stop = body.read(data, at, self.chunks)
        if body.complete:
            self.trailers = body.trailers
            self.complete = True
        elif stop < len(data):
            self._begun = data[stop:]
        return stop


def _tells_length(line: bytes) -> bool:
    return line.partition(b":")[0].lower() == b"content-length"
