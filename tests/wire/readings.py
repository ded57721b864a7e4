"""What a second reader makes of the same octets: h11, which shares no code with the proxy."""

from dataclasses import dataclass, field

import h11

LARGEST_HEAD = 1 << 20
"""Octets, far beyond our own bound: what we refuse for its size alone h11 would read."""


@dataclass(frozen=True)
class Reading:
    """One message as h11 understands it; `whole` where it saw its end."""

    first: tuple[bytes, ...]
    """Method and target, or the status."""
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
    def final(self) -> Reading | None:
        """The response that is not interim, if there is one."""
        return next((m for m in self.messages if m.first[0] >= b"200"), None)


def requests_in(raw: bytes) -> Readings:
    """Read octets that an orderly end followed, as a server that answers each request at once."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
    return _read(connection, raw, ended=True)


def response_in(raw: bytes, method: bytes = b"GET", *, ended: bool = True) -> Readings:
    """Read octets as the client that has sent `method`; `ended` where an orderly end followed."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    return _read(connection, raw, ended=ended)


def _read(connection: h11.Connection, raw: bytes, *, ended: bool) -> Readings:
    readings = Readings()
    connection.receive_data(raw)
    if ended:
        connection.receive_data(b"")
    try:
        while not isinstance(event := connection.next_event(), h11.ConnectionClosed):
            if event is h11.PAUSED and _answer(connection):
                continue
            if event is h11.PAUSED or event is h11.NEED_DATA:
                break
            _note(readings, event)
    except h11.RemoteProtocolError as error:
        readings.error = str(error)
    return readings


def _answer(connection: h11.Connection) -> bool:
    """Answer a request so that the next may be read; False where the connection ends with it."""
    if connection.our_role is h11.CLIENT:
        return False
    if connection.our_state is h11.SEND_RESPONSE:
        connection.send(h11.Response(status_code=204, headers=[]))
        connection.send(h11.EndOfMessage())
    if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
        return False
    connection.start_next_cycle()
    return True


def _note(readings: Readings, event: object) -> None:
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
