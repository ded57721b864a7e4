"""Performs the resolving of host names by the system's resolver, in the loop's threads."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import TypeAlias

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses of a host and a port, the best first. Raises `OSError` where none are."""


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver; its order follows RFC 6724."""
    loop = asyncio.get_running_loop()
    answers = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in answers))


def is_literal(host: str) -> bool:
    """Tell whether a host is an address, which needs no resolving."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
