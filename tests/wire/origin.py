"""An upstream that answers at once and remembers what it was asked, as h11 understands it.

One thread serves all connections in turn, so that `take` can wait until nothing more is on its way.
"""

import contextlib
import selectors
import socket
import threading
from typing import Self

import h11

from tests.wire.ends import DEADLINE, OK
from tests.wire.readings import LARGEST_HEAD, Readings, note


class Origin:
    """Gives `answer`, piece by piece, to every request; where `hangs_up`, closes behind it."""

    def __init__(self) -> None:
        self.answer: tuple[bytes, ...] = (OK,)
        self.hangs_up = False
        self._readings = Readings()
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._quiet = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __repr__(self) -> str:
        return f"<Origin {self.url} connections={len(self._selector.get_map()) - 2}>"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wake.close()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()

    def take(self) -> Readings:
        """Give the whole requests since the last call, once all that was sent has arrived."""
        self._quiet.clear()
        self._wake.send(b"?")
        assert self._quiet.wait(DEADLINE)
        readings, self._readings = self._readings, Readings()
        return readings

    def _run(self) -> None:
        asked = False
        while True:
            ready = self._selector.select(0 if asked else None)
            if asked and not ready:
                self._quiet.set()
                asked = False
            for key, _ in ready:
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._woken:
                    if not self._woken.recv(1):
                        return
                    asked = True
                else:
                    self._serve(key.data)

    def _accept(self) -> None:
        client = self._listener.accept()[0]
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(client, selectors.EVENT_READ, _Link(client))

    def _serve(self, link: "_Link") -> None:
        try:
            data = link.sock.recv(1 << 20)
        except ConnectionError:
            data = b""
        if not data or not self._read_on(link, data):
            self._selector.unregister(link.sock)
            link.sock.close()

    def _read_on(self, link: "_Link", data: bytes) -> bool:
        """Note and answer what is whole; False where the connection ends with it."""
        link.h11.receive_data(data)
        try:
            while (event := link.h11.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                note(link.readings, event)
                if isinstance(event, h11.EndOfMessage):
                    self._readings.messages += link.readings.messages
                    link.readings.messages.clear()
                    if not self._respond(link):
                        return False
        except h11.RemoteProtocolError as error:
            self._readings.error = str(error)
            return False
        return True

    def _respond(self, link: "_Link") -> bool:
        with contextlib.suppress(ConnectionError):
            for piece in self.answer:
                link.sock.sendall(piece)
        link.h11.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
        link.h11.send(h11.EndOfMessage())
        if self.hangs_up or link.h11.our_state is not h11.DONE:
            return False
        link.h11.start_next_cycle()
        return True


class _Link:
    """One connection, and what was read of the request under way."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
        self.readings = Readings()

    def __repr__(self) -> str:
        return f"<_Link {self.h11.their_state}>"
