"""An upstream in a process of its own that says its piece, falls silent, and is then killed."""

import subprocess
import sys
from typing import Self

from tests.wire.ends import DEADLINE, Listener

# It shares the listener with us, and so its non-blocking mode: hence the timeouts. What it prints
# tells that its octets have left.
PROGRAM = """
import socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
listener.settimeout(60)
said = bytes.fromhex(sys.argv[2])
client = listener.accept()[0]
client.settimeout(60)
received = b""
while b"\\r\\n\\r\\n" not in received:
    received += client.recv(65536)
client.sendall(said)
print("said", flush=True)
while client.recv(65536):
    pass
"""


class Doomed:
    """Takes one connection from `listener`, reads a head, says `said`, and waits for its end."""

    def __init__(self, listener: Listener, said: bytes) -> None:
        fd = listener.sock.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", PROGRAM, str(fd), said.hex()],
            pass_fds=[fd],
            stdout=subprocess.PIPE,
        )

    def __repr__(self) -> str:
        return f"<Doomed pid={self._process.pid} code={self._process.returncode}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def has_spoken(self) -> None:
        """Wait until all of its octets have left."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"said\n"

    def kill(self) -> None:
        """End it with SIGKILL: it has no chance to close anything in good order."""
        self._process.kill()
        self._process.wait(DEADLINE)
