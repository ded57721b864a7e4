"""What the kernel may hold of a request for an upstream that does not read it."""

import asyncio
import socket

from strangler.proxy.pool import TargetPool
from strangler.proxy.unsent import UNSENT
from strangler.proxy.upstream_pool import UpstreamPool
from strangler.routing.table import Upstream as UpstreamPolicy
from tests.proxy.living import upstream
from tests.proxy.surrounded import Surrounded


async def test_a_connection_to_an_upstream_takes_little_that_there_is_no_room_for() -> None:
    async with upstream() as server:
        pool = UpstreamPool(UpstreamPolicy("new", (server.target,)), Surrounded().surroundings)
        target: TargetPool = pool.targets[0]
        connection = await asyncio.wait_for(target.connect(10), 10)
        sock = connection.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == UNSENT
        pool.abort()
        await server.wait_until_open(0)
