"""Bounds what the kernel holds of our own words for a peer that reads slowly."""

import asyncio
import socket
from typing import Final

UNSENT: Final = 128 * 1024
"""Octets that may wait in the kernel before the peer has room for them; what is on its way does not
count, so a fast peer is not slowed down."""

_OPTION: Final = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # Linux, macOS


def keep_little_unsent(transport: asyncio.BaseTransport) -> None:
    """Let a sender to this peer stall early: without it the kernel takes megabytes for nothing."""
    sock = transport.get_extra_info("socket")
    if _OPTION is not None and sock is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _OPTION, UNSENT)
