"""What a second reader makes of the same octets: h11, which shares no code with the proxy."""

import re
from dataclasses import dataclass, field

import h11

LARGEST_HEAD = 1 << 20
"""Octets, far beyond our own bound: what we refuse for its size alone h11 would read."""


_EMPTY_LINES = re.compile(rb"\A(?:\r\n)+")
"""What a server skips before a request (RFC 9112 section 2.2), and h11 does not."""


@dataclass(frozen=True)
class Reading:
    """One message: method and target or the status, and `whole` where h11 saw its end."""

    first: tuple[bytes, ...]
    fields: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    trailers: tuple[tuple[bytes, bytes], ...] = ()
    whole: bool = False


@dataclass
class Readings:
    """All that h11 read; `error` is why it stopped, empty where it only wants more."""

    messages: list[Reading] = field(default_factory=list)
    error: str = ""

    @property
    def whole(self) -> list[Reading]:
        return [message for message in self.messages if message.whole]

    @property
    def cut(self) -> bool:
        """Whether all was well but for an end that came too soon."""
        return self.error.startswith(("peer closed connection", "peer unexpectedly closed"))

    @property
    def final(self) -> Reading | None:
        """The response that is not interim, if there is one."""
        return next((m for m in self.messages if m.first[0] >= b"200"), None)


def requests_in(raw: bytes) -> Readings:
    """Read octets that an orderly end followed, as a server that answers each request at once."""
    readings = Readings()
    while raw := _EMPTY_LINES.sub(b"", raw):
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
        before = len(readings.whole)
        _read(connection, raw, readings, ended=True)
        if len(readings.whole) == before or connection.their_state is h11.MUST_CLOSE:
            break
        raw = connection.trailing_data[0]
    return readings


def response_in(raw: bytes, method: bytes = b"GET", *, ended: bool = True) -> Readings:
    """Read octets as the client that has sent `method`; `ended` where an orderly end followed."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    return _read(connection, raw, Readings(), ended=ended)


def _read(connection: h11.Connection, raw: bytes, readings: Readings, *, ended: bool) -> Readings:
    """Read to the end of one final message."""
    connection.receive_data(raw)
    if ended:
        connection.receive_data(b"")
    try:
        while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            note(readings, event)
            if isinstance(event, h11.EndOfMessage):
                break
    except h11.RemoteProtocolError as error:
        readings.error = str(error)
    return readings


def note(readings: Readings, event: object) -> None:
    """Add what h11 has just read."""
    messages = readings.messages
    if isinstance(event, h11.Request):
        messages.append(Reading((event.method, event.target), tuple(event.headers)))
    elif isinstance(event, h11.InformationalResponse | h11.Response):
        status = b"%d" % event.status_code
        interim = isinstance(event, h11.InformationalResponse)
        messages.append(Reading((status,), tuple(event.headers), whole=interim))
    elif isinstance(event, h11.Data):
        last = messages[-1]
        messages[-1] = Reading(last.first, last.fields, last.body + bytes(event.data))
    elif isinstance(event, h11.EndOfMessage):
        last = messages[-1]
        messages[-1] = Reading(last.first, last.fields, last.body, tuple(event.headers), whole=True)
