"""Which connections to a target are kept, and how the target stands."""

import os
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from strangler.proxy.pool import PROBE_AFTER, Standing, TargetPool
from strangler.proxy.upstream import UpstreamConnection
from strangler.proxy.upstream_pool import UpstreamPool
from strangler.routing.table import Target, Timeouts
from strangler.routing.table import Upstream as UpstreamPolicy
from tests.descriptors import descriptors_left
from tests.proxy.living import Upstream, bound_socket, upstream
from tests.proxy.surrounded import Surrounded

A, B = (Target("127.0.0.1", port) for port in (1, 2))
KEEPALIVE = 4.0


@pytest.fixture
async def server() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


def pool_of(*targets: Target, around: Surrounded | None = None) -> UpstreamPool:
    policy = UpstreamPolicy("new", targets, Timeouts(keepalive=KEEPALIVE))
    return UpstreamPool(policy, (around or Surrounded()).surroundings)


async def connected(target: TargetPool) -> UpstreamConnection:
    return await target.connect(5.0)


async def test_the_connection_used_last_is_used_again_first(server: Upstream) -> None:
    """The others grow old and are closed: as many stay as are needed."""
    pool = pool_of(server.target)
    (target,) = pool.targets
    first, second = await connected(target), await connected(target)
    assert target.take() is None
    target.put_back(first)
    target.put_back(second)
    assert [target.take(), target.take(), target.take()] == [second, first, None]
    pool.abort()
    await server.wait_until_open(0)


async def test_a_connection_that_is_closing_is_not_given(server: Upstream) -> None:
    pool = pool_of(server.target)
    (target,) = pool.targets
    connection = await connected(target)
    target.put_back(connection)
    connection.transport.close()
    assert target.take() is None
    await server.wait_until_open(0)


async def test_connections_that_were_idle_for_too_long_are_closed(server: Upstream) -> None:
    around = Surrounded()
    pool = pool_of(server.target, around=around)
    (target,) = pool.targets
    old, young = await connected(target), await connected(target)
    target.put_back(old)
    around.clock.now += KEEPALIVE - 1
    pool.sweep()
    target.put_back(young)
    around.clock.now += 1
    pool.sweep()
    await server.wait_until_open(1)
    assert [target.take(), target.take()] == [young, None]
    pool.abort()
    await server.wait_until_open(0)


async def test_a_new_description_keeps_the_connections_of_targets_that_stay(
    server: Upstream,
) -> None:
    pool = pool_of(server.target, A)
    stays, goes = pool.targets
    connection = await connected(stays)
    stays.put_back(connection)
    pool.update(replace(pool.upstream, targets=(B, server.target)))
    assert [one.target for one in pool.targets] == [B, server.target]
    assert pool.targets[1] is stays
    assert (goes.retired, stays.retired) == (True, False)
    assert stays.take() is connection
    pool.abort()
    stays.abort()
    await server.wait_until_open(0)


async def test_a_target_that_leaves_closes_what_is_idle_and_keeps_nothing(
    server: Upstream,
) -> None:
    pool = pool_of(server.target)
    (target,) = pool.targets
    idle, busy = await connected(target), await connected(target)
    target.put_back(idle)
    pool.retire()
    await server.wait_until_open(1)
    target.put_back(busy)
    await server.wait_until_open(0)
    assert target.take() is None


async def test_a_target_that_comes_back_keeps_connections_again(server: Upstream) -> None:
    pool = pool_of(server.target)
    pool.retire()
    pool.update(pool.upstream)
    (target,) = pool.targets
    connection = await connected(target)
    target.put_back(connection)
    assert target.take() is connection
    pool.abort()
    await server.wait_until_open(0)


@pytest.fixture
def reserved() -> Iterator[socket.socket]:
    """An address on which nobody listens yet."""
    with bound_socket() as sock:
        yield sock


def target_at(sock: socket.socket) -> Target:
    return Target(*sock.getsockname())


async def test_a_target_that_nobody_listens_on_refuses(reserved: socket.socket) -> None:
    target = target_at(reserved)
    (pool,) = pool_of(target).targets
    with pytest.raises(ConnectionRefusedError):
        await pool.connect(5.0)
    assert repr(pool) == f"<TargetPool {target} unreachable in_flight=0 idle=0>"


async def test_a_connection_that_stands_makes_a_target_reachable_again(server: Upstream) -> None:
    (target,) = pool_of(server.target).targets
    target.rest()
    assert target.standing is Standing.UNREACHABLE
    await connected(target)
    assert target.standing is Standing.AVAILABLE
    target.abort()
    await server.wait_until_open(0)


async def test_an_unreachable_target_is_tried_beside_all_requests_until_it_is_back(
    reserved: socket.socket,
) -> None:
    around = Surrounded()
    pool = pool_of(target_at(reserved), around=around)
    (dead,) = pool.targets
    dead.rest()
    pool.sweep()
    assert around.tasks.all == []  # it has only just refused

    around.clock.now += PROBE_AFTER
    pool.sweep()
    pool.sweep()
    assert len(around.tasks.all) == 1  # one at a time
    await around.tasks.done()
    assert dead.standing is Standing.UNREACHABLE
    pool.sweep()
    assert around.tasks.all == []

    async with upstream(reserved) as returned:
        around.clock.now += PROBE_AFTER
        pool.sweep()
        await around.tasks.done()
        assert dead.standing is Standing.AVAILABLE
        assert dead.take() is None  # a server may serve one connection at a time: it is not held
        await returned.wait_until_open(0)


def test_a_target_that_has_left_the_table_is_not_tried() -> None:
    around = Surrounded()
    pool = pool_of(A, around=around)
    pool.targets[0].rest()
    pool.retire()
    around.clock.now += PROBE_AFTER
    pool.sweep()
    assert around.tasks.all == []


async def test_a_connect_that_fails_for_want_of_room_here_says_nothing_of_the_target(
    server: Upstream,
) -> None:
    around = Surrounded()
    (target,) = pool_of(server.target, around=around).targets
    with descriptors_left(0) as taken:
        with pytest.raises(OSError, match="Too many open files"):
            await connected(target)
        assert target.standing is Standing.AVAILABLE
        os.close(taken.pop())
        assert await connected(target)
    target.abort()
    await server.wait_until_open(0)


async def test_a_connect_gets_what_was_kept_back_for_it(server: Upstream) -> None:
    around = Surrounded()
    (target,) = pool_of(server.target, around=around).targets
    kept = around.surroundings.descriptors
    assert kept.recover()
    with descriptors_left(0):
        assert await connected(target)
        assert kept.short
    target.abort()
    await server.wait_until_open(0)


def test_each_standing_has_its_word_and_the_gravest_is_given() -> None:
    (target,) = pool_of(A).targets
    assert target.standing is Standing.AVAILABLE
    target.in_flight = target.bound = 1
    assert target.standing is Standing.FULL
    target.ejection.lasts = True
    assert target.standing is Standing.EJECTED
    target.rest()
    assert target.standing is Standing.UNREACHABLE
    target.believe(False)
    assert target.standing is Standing.UNHEALTHY
    assert repr(target) == "<TargetPool http://127.0.0.1:1 unhealthy in_flight=1 idle=0>"
