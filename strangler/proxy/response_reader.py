"""Turns the bytes of an upstream connection into responses; holds no socket, makes no decision.

The same care as towards clients: a head is only believed once the call that completed it has
returned, framing has one reading or is an error, and bytes behind a response mean that the
connection cannot be trusted with another.
"""

import httptools

from strangler.http.fields import Fields, response_fields, without
from strangler.http.framing import NO_BODY, BodyKind, FramingError, response_framing
from strangler.http.message import Headers
from strangler.http.roles import LENGTH
from strangler.proxy.request_reader import MAX_HEAD, TooLargeError


class ResponseHead:
    """The head of one response, final or interim.

    `fields`, `framing` and `keep_alive` are known once it is whole.
    """

    __slots__ = ("fields", "framing", "headers", "keep_alive", "reason", "size", "status")

    def __init__(self) -> None:
        """Start empty."""
        self.status = 0
        self.reason = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.size = 0
        self.fields: Fields
        self.framing = NO_BODY
        self.keep_alive = False

    def __repr__(self) -> str:
        """Show the status and the framing."""
        return f"<ResponseHead {self.status} {self.framing.kind.value}>"

    @property
    def interim(self) -> bool:
        """Whether another head follows (RFC 9110 section 15.2); 101 is the last of its kind."""
        return self.status < 200 and self.status != 101


class ResponseReader:
    """The parser of one upstream connection, for one response after another.

    After `feed`: `interim` holds the 1xx heads, `head` the final one (once), `chunks` new pieces of
    its body; `complete` says that the response is whole, `error` that it never will be; `surplus`
    that octets came behind it; `rest` holds what follows a 101.
    """

    __slots__ = (
        "_head",
        "_headers_done",
        "_method",
        "_parser",
        "_silent",
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
        self._parser = httptools.HttpResponseParser(self)
        self.interim: list[ResponseHead] = []
        self.chunks: list[bytes] = []
        self.expect("GET")

    def __repr__(self) -> str:
        """Show how far the response has come."""
        return f"<ResponseReader {self.head!r} complete={self.complete} error={self.error!r}>"

    def expect(self, method: str) -> None:
        """Get ready for the response to a request with `method`."""
        self._method = method
        self._head = ResponseHead()
        self._headers_done = False
        self._silent = 0  # octets fed since the parser last gave more than single fields
        self.head: ResponseHead | None = None
        self.trailers: Headers = []
        self.complete = False
        self.surplus = False
        self.error = ""
        self.rest: bytes | None = None

    def feed(self, data: bytes) -> None:
        """Read on. Nothing of a call that set `error` may be believed, its head least of all."""
        if self.complete:
            self.surplus = True
            return
        self._silent += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.rest = data[upgrade.args[0] :]
        except (httptools.HttpParserError, httptools.HttpParserCallbackError) as error:
            self._broken(str(error) or "not HTTP")
        if self._silent > MAX_HEAD:
            self._broken(f"more than {MAX_HEAD} octets of a head, of trailers or of a line")
        if self.head is not None:
            self._look_again(self.head)

    def _look_again(self, head: ResponseHead) -> None:
        """Decide what the parser could not, now that its call has returned."""
        if head.status == 101 and self.rest is None:
            self.error = "101 without an Upgrade"
        elif self.complete and head.framing.kind is BodyKind.NONE:
            # It may await a body all the same: llhttp cannot be told of HEAD.
            self._parser = httptools.HttpResponseParser(self)

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

    def _broken(self, reason: str) -> None:
        # Octets behind a complete response spoil the connection, not the response.
        if self.complete:
            self.surplus = True
        else:
            self.error = self.error or reason

    # What llhttp calls back.

    def on_message_begin(self) -> None:
        """Begin a response, unless there is one already: then these octets are surplus."""
        if self.complete:
            self.surplus = True

    def on_status(self, piece: bytes) -> None:
        """Collect the reason phrase, which may come in pieces."""
        if not self.complete:
            self._head.reason += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header field, or a trailer field where the head is behind us."""
        if self.complete:
            return
        self._head.size += len(name) + len(value)
        if self._head.size > MAX_HEAD:
            self.error = f"fields of more than {MAX_HEAD} octets"
            raise TooLargeError
        value = value.rstrip(b" \t")  # which llhttp leaves there (RFC 9110 section 5.5)
        if self._headers_done:
            self.trailers = [*self.trailers, (name, value)]
        else:
            self._head.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Decide the framing of a whole head."""
        if self.complete:
            return
        head = self._head
        status = head.status = self._parser.get_status_code()
        version = self._parser.get_http_version()
        self._headers_done = True
        self._silent = 0
        head.fields = fields = response_fields(head.headers)
        try:
            framing = head.framing = response_framing(self._method, status, fields, version)
        except FramingError as error:
            self.error = str(error)
            return
        if status < 200 and status != 101:
            return
        if status == 204 and LENGTH in fields.noted:
            # RFC 9110 section 8.6: it must not have one, and some clients would wait for the body.
            head.headers = list(without(head.headers, b"content-length".__eq__))
            head.fields = response_fields(head.headers)
        kind = framing.kind
        head.keep_alive = fields.keeps_alive(version) and kind is not BodyKind.UNTIL_CLOSE
        self.head = head
        # Whatever follows now is behind the response, though the parser may call it a body.
        self.complete = kind is BodyKind.NONE and status != 101

    def on_chunk_header(self) -> None:
        """Notice a body where there is none."""
        self.surplus |= self.complete

    def on_body(self, data: bytes) -> None:
        """Hold a piece of the body."""
        self._silent = 0
        if self.complete:
            self.surplus = True
        else:
            self.chunks.append(data)

    def on_message_complete(self) -> None:
        """Mark the response whole, or set an interim one aside and wait for the next head."""
        self._silent = 0
        if self.complete or self.error:
            return
        if self._head.interim:
            self.interim.append(self._head)
            self._head = ResponseHead()
            self._headers_done = False
        else:
            self.complete = True
