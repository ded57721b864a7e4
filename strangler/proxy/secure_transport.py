"""What a TLS transport of uvloop does otherwise than a plain one, and how we live with it.

It cannot close one direction alone (`can_write_eof` is false). Its buffers are larger, and its
`get_write_buffer_size` does not see the plain transport below. Its `close` waits for the peer to
agree, which RFC 8446 section 6.1 does not ask for.
"""

import asyncio
import fcntl
import struct
import termios

HIGH_WATER = 64 * 1024
"""Octets beyond which a writer has to wait, as for a plain transport: uvloop would take 512 KiB."""

AGREES_WITHIN = 3600.0
"""Seconds that uvloop gives a peer to take what is left and to agree that a connection ends. More
than any deadline of ours: those go by what a slow client still reads."""


def is_secure(transport: asyncio.BaseTransport) -> bool:
    """Tell whether TLS is spoken."""
    return transport.get_extra_info("ssl_object") is not None


def bound_buffers(transport: asyncio.Transport) -> None:
    """Let a TLS transport hold no more than a plain one would."""
    transport.set_write_buffer_limits(HIGH_WATER)
    transport.set_read_buffer_limits(HIGH_WATER)  # type: ignore[attr-defined] # uvloop's own


def has_delivered(transport: asyncio.BaseTransport) -> bool:
    """Tell whether the peer's machine has everything: breaking off now takes nothing from it.

    The kernel's queue tells it of all that waits: uvloop fills it whenever it empties.
    """
    sock = transport.get_extra_info("socket")
    (waiting,) = struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4)))
    return bool(waiting == 0)
