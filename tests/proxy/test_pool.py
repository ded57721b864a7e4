"""Which target is asked, and which connections are kept."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from strangler.proxy.pool import REST_AFTER_FAILURE, TargetPool, UpstreamPool
from strangler.proxy.upstream import UpstreamConnection
from strangler.routing.table import Target, Timeouts
from strangler.routing.table import Upstream as UpstreamPolicy
from tests.proxy.living import Upstream, upstream


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def pool_of(*targets: Target, clock: Callable[[], float] | None = None) -> UpstreamPool:
    policy = UpstreamPolicy("new", targets, Timeouts(keepalive=4.0))
    return UpstreamPool(policy, clock or Clock())


A, B, C = (Target("127.0.0.1", port) for port in (1, 2, 3))


def chosen(pool: UpstreamPool, *tried: TargetPool, insist: bool = True) -> set[Target]:
    """All that may be chosen: the choice is random, a hundred throws of it are not."""
    found = (pool.choose(tried, insist=insist) for _ in range(100))
    return {one.target for one in found if one is not None}


def test_load_is_spread_over_all_targets() -> None:
    assert chosen(pool_of(A, B, C)) == {A, B, C}


def test_of_two_the_less_loaded_is_chosen() -> None:
    pool = pool_of(A, B)
    pool.targets[0].in_flight = 2
    pool.targets[1].in_flight = 1
    assert chosen(pool) == {B}


def test_the_most_loaded_of_many_is_never_chosen() -> None:
    pool = pool_of(A, B, C)
    pool.targets[2].in_flight = 1
    assert chosen(pool) == {A, B}


def test_an_unhealthy_target_is_never_chosen() -> None:
    pool = pool_of(A, B)
    pool.targets[0].healthy = False
    assert chosen(pool) == {B}
    pool.targets[1].healthy = False
    assert chosen(pool) == set()


def test_a_target_that_was_tried_is_not_chosen_again() -> None:
    pool = pool_of(A, B)
    assert chosen(pool, pool.targets[0]) == {B}
    assert chosen(pool, *pool.targets) == set()


def test_a_target_that_refused_is_passed_over_for_a_moment() -> None:
    clock = Clock()
    pool = pool_of(A, B, clock=clock)
    pool.targets[0].rest()
    assert chosen(pool) == {B}
    clock.now += REST_AFTER_FAILURE
    assert chosen(pool) == {A, B}


def test_where_all_rest_the_longest_rested_is_better_than_none() -> None:
    clock = Clock()
    pool = pool_of(A, B, clock=clock)
    pool.targets[0].rest()
    clock.now += 0.1
    pool.targets[1].rest()
    assert chosen(pool) == {A}
    assert chosen(pool, insist=False) == set()


def test_a_single_target_that_rests_is_left_alone_by_who_has_a_better_place_to_go() -> None:
    clock = Clock()
    pool = pool_of(A, clock=clock)
    pool.targets[0].rest()
    assert chosen(pool, insist=False) == set()
    assert chosen(pool) == {A}
    clock.now += REST_AFTER_FAILURE
    assert chosen(pool, insist=False) == {A}


@pytest.fixture
async def server() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


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
    clock = Clock()
    pool = pool_of(server.target, clock=clock)
    (target,) = pool.targets
    old, young = await connected(target), await connected(target)
    target.put_back(old)
    clock.now += 3.0
    target.put_back(young)
    clock.now += 2.0
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


async def test_a_connection_that_stands_ends_the_rest(server: Upstream) -> None:
    pool = pool_of(server.target, A)
    pool.targets[0].rest()
    await connected(pool.targets[0])
    assert chosen(pool) == {server.target, A}
    pool.abort()
    await server.wait_until_open(0)


async def test_a_target_that_nobody_listens_on_refuses() -> None:
    async with upstream() as gone:
        target = gone.target
    (pool,) = pool_of(target).targets
    with pytest.raises(ConnectionRefusedError):
        await pool.connect(5.0)
    assert repr(pool) == f"<TargetPool {target} healthy in_flight=0 idle=0>"
