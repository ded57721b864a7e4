"""Performs the breaking off of a connection, so that nobody takes what was sent for the whole."""

import asyncio
import socket
import struct
from typing import Final

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)  # SO_LINGER: on, and for no time


def break_off(transport: asyncio.Transport) -> None:
    """Close at once with RST: a body that ends by closing would end well with FIN."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
