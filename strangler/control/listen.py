"""Opens listening sockets, and says in one line why that is not possible."""

import errno
import socket


class ListenError(Exception):
    """An address that cannot be listened on; the message is one line for people."""


def parse_address(text: str, flag: str) -> tuple[str, int]:
    """Read `HOST:PORT` or `[IPV6]:PORT`. Raises `ListenError`."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ListenError(f"{flag} {text!r}: write it as HOST:PORT, such as 127.0.0.1:8080")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - `:8080` asks for all


def listen(text: str, flag: str, count: int = 1) -> list[socket.socket]:
    """Open `count` sockets on one address; with more than one the kernel spreads connections.

    Port 0 takes any free port, the same for all. Raises `ListenError`.
    """
    host, port = parse_address(text, flag)
    # With SO_REUSEPORT alone a second strangler would silently share the port with the first.
    first = _open(host, port, flag, share=False)
    if count == 1:
        return [first]
    port = first.getsockname()[1]
    first.close()
    return [_open(host, port, flag, share=True) for _ in range(count)]


def shown(sock: socket.socket) -> str:
    """Give a socket's address as `HOST:PORT`."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _open(host: str, port: int, flag: str, *, share: bool) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ListenError(f"{flag} {host}:{port}: {error.strerror or error}") from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(address)
        sock.listen(4096)
    except OSError as error:
        sock.close()
        raise ListenError(f"{flag} {host}:{port}: {_way_out(error)}") from error
    sock.setblocking(False)
    return sock


def _way_out(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is in use; stop the other program or choose another port"
    if error.errno == errno.EACCES:
        return "not permitted; choose a port above 1023 or grant the right to lower ones"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address"
    return error.strerror or str(error)
