"""Raw ends of connections, so that a test reads like a transcript: what is sent, what arrives.

Everything waits with a deadline, and nothing waits without a condition.
"""

import contextlib
import re
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

DEADLINE = 10.0
"""Seconds that any single wait may take: far beyond what a busy machine needs."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
"""The shortest answer with a body, for tests that are about the request."""


@dataclass(frozen=True)
class Message:
    """One whole message as it arrived: its first line, its fields in order, its body decoded."""

    line: str
    fields: tuple[tuple[str, str], ...]
    raw: bytes
    body: bytes = b""
    chunks: tuple[bytes, ...] = ()
    trailers: tuple[tuple[str, str], ...] = ()
    interim: tuple["Message", ...] = field(default=())

    @property
    def status(self) -> int:
        return int(self.line.split(" ")[1])

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    def all(self, name: str) -> list[str]:
        """Give the values of every field with this name, in order."""
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def __getitem__(self, name: str) -> str:
        """Give the value of a field that is there exactly once."""
        (value,) = self.all(name)
        return value

    def __contains__(self, name: str) -> bool:
        return bool(self.all(name))


class End:
    """One end of a TCP connection; what was received and not asked for yet is kept."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(DEADLINE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self._received = b""

    def __repr__(self) -> str:
        return f"<End {self.sock} received={self._received[:100]!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Out.

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def send_as_much_as_is_taken(self, data: bytes) -> None:
        """Send to a peer that may break off in the middle."""
        with contextlib.suppress(ConnectionError):
            self.sock.sendall(data)

    def send_end(self) -> None:
        """Close the sending side (FIN)."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close with RST, as a crashed peer does."""
        if self.sock.fileno() < 0:
            return
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        self.sock.close()

    # In.

    def _more(self) -> bool:
        piece = self.sock.recv(65536)
        self._received += piece
        return bool(piece)

    def take(self, size: int) -> bytes:
        """Give exactly `size` octets."""
        while len(self._received) < size:
            assert self._more(), f"closed after {self._received!r}, {size} octets were awaited"
        data, self._received = self._received[:size], self._received[size:]
        return data

    def until(self, mark: bytes) -> bytes:
        """Give everything up to and with `mark`."""
        while mark not in self._received:
            assert self._more(), f"closed after {self._received!r}, {mark!r} was awaited"
        return self.take(self._received.index(mark) + len(mark))

    def until_or_end(self, mark: bytes) -> bytes:
        """Give everything up to and with `mark`, or what came before an end in whichever way."""
        with contextlib.suppress(ConnectionResetError):
            while mark not in self._received and self._more():
                pass
        size = self._received.find(mark)
        return self.take(size + len(mark) if size >= 0 else len(self._received))

    def expect(self, data: bytes) -> None:
        """Receive exactly this."""
        assert self.take(len(data)) == data

    def head(self) -> Message:
        """Receive one message head."""
        raw = self.until(b"\r\n\r\n")
        line, *fields = raw.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        return Message(line, tuple(_field(text) for text in fields), raw)

    def request(self) -> Message:
        """Receive one whole request."""
        return self._with_body(self.head(), until_close=False)

    def response(self, method: str = "GET") -> Message:
        """Receive one whole final response to `method`, with the interim ones before it."""
        interim = []
        while (head := self.head()).status < 200 and head.status != 101:
            interim.append(head)
        if method == "HEAD" or head.status in {101, 204, 304}:
            whole = head
        else:
            whole = self._with_body(head, until_close=True)
        return Message(
            whole.line, whole.fields, whole.raw, whole.body, whole.chunks, whole.trailers,
            tuple(interim),
        )  # fmt: skip

    def _with_body(self, head: Message, *, until_close: bool) -> Message:
        chunks: tuple[bytes, ...] = ()
        trailers: tuple[tuple[str, str], ...] = ()
        if "transfer-encoding" in head:
            assert head["transfer-encoding"] == "chunked", head
            assert "content-length" not in head, head
            chunks = tuple(self._chunks())
            trailers = self._trailers()
            body = b"".join(chunks)
        elif "content-length" in head:
            body = self.take(int(head["content-length"]))
        else:
            body = self.rest() if until_close else b""
        return Message(head.line, head.fields, head.raw, body, chunks, trailers)

    def _chunks(self) -> Iterator[bytes]:
        while size := self.chunk_size():
            yield self.take(size)
            self.expect(b"\r\n")

    def chunk_size(self) -> int:
        line = self.until(b"\r\n")
        assert re.fullmatch(rb"[0-9a-f]+\r\n", line), line
        return int(line, 16)

    def chunk(self) -> bytes:
        """Receive one chunk."""
        data = self.take(self.chunk_size())
        self.expect(b"\r\n")
        return data

    def _trailers(self) -> tuple[tuple[str, str], ...]:
        trailers = []
        while (line := self.until(b"\r\n")) != b"\r\n":
            trailers.append(_field(line.decode("latin-1").removesuffix("\r\n")))
        return tuple(trailers)

    def rest(self) -> bytes:
        """Receive until the other side has closed in good order; a reset is an error."""
        while self._more():
            pass
        data, self._received = self._received, b""
        return data

    def rest_until_broken(self) -> bytes:
        """Receive until the connection is reset; an orderly end is a failure."""
        try:
            while self._more():
                pass
        except ConnectionResetError:
            return self._received
        raise AssertionError(f"ended in good order after {self._received!r}")

    def rest_in_any_case(self) -> bytes:
        """Receive until the connection has ended, in whichever way."""
        try:
            while self._more():
                pass
        except ConnectionResetError:
            pass
        return self._received

    def rest_and_whether_broken(self) -> tuple[bytes, bool]:
        """Receive until the connection has ended; True where it was reset."""
        try:
            return self.rest(), False
        except ConnectionResetError:
            return self._received, True

    def is_closed(self) -> bool:
        """Wait for the other side to close, in whichever way; False where octets came first."""
        return self.rest_in_any_case() == b""

    def wait_for_the_end(self) -> None:
        """Close our side and wait until the other side has closed too, whatever still comes."""
        with contextlib.suppress(OSError):
            self.send_end()
        with contextlib.suppress(ConnectionError, OSError):
            while self.sock.recv(65536):
                pass
        self.sock.close()


class Listener:
    """A scripted upstream: it does nothing by itself."""

    def __init__(self) -> None:
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.sock.settimeout(DEADLINE)
        self.port: int = self.sock.getsockname()[1]
        self._ends: list[End] = []

    def __repr__(self) -> str:
        return f"<Listener {self.port}>"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def accept(self) -> End:
        """Take the next connection that the proxy opens."""
        end = End(self.sock.accept()[0])
        self._ends.append(end)
        return end

    @property
    def newest(self) -> End:
        """The connection that was taken last."""
        return self._ends[-1]

    def newest_or_accept(self) -> End:
        """Give the connection that was taken last, or take the first."""
        return self._ends[-1] if self._ends else self.accept()

    def arrivals(self) -> list[End]:
        """Take all connections that were opened and not accepted yet."""
        before = len(self._ends)
        while not self.nobody_is_waiting():
            pass
        return self._ends[before:]

    def nobody_is_waiting(self) -> bool:
        """Tell whether no connection was opened that `accept` has not taken."""
        self.sock.setblocking(False)
        try:
            self._ends.append(End(self.sock.accept()[0]))
        except BlockingIOError:
            return True
        finally:
            self.sock.settimeout(DEADLINE)
        return False

    def settle(self) -> None:
        """End every connection, and wait until the proxy knows."""
        self.arrivals()
        for end in self._ends:
            if end.sock.fileno() >= 0:
                end.wait_for_the_end()
        self._ends.clear()

    def close(self) -> None:
        for end in self._ends:
            end.close()
        self.sock.close()


def closed_port() -> socket.socket:
    """Reserve a port on which nobody listens, for as long as the socket is open."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name, value
