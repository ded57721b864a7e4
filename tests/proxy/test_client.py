"""One client connection: who the client is, and how long it is waited for."""

import asyncio
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from strangler.control.listen import listen
from tests.proxy.living import OK, Proxy, Upstream, proxy, table_for, upstream

CANARY = {"phase": "canary", "canary": {"weight": "50%", "key": "address"}}


@pytest.fixture
async def monolith() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


@pytest.fixture
async def service() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        running.answer = lambda _: OK.replace(b"ok", b"new"[:2])
        yield running


async def sides(running: Proxy, *addresses: str) -> list[bytes]:
    """Who answers requests that a proxy of ours passes on for these addresses."""
    return [(await running.get("/d/1", f"X-Forwarded-For: {one}"))[1] for one in addresses]


async def test_behind_a_proxy_of_ours_each_client_has_its_own_side_of_a_canary(
    monolith: Upstream, service: Upstream
) -> None:
    table = table_for(monolith, service, CANARY)
    clients = [f"203.0.113.{n}" for n in range(20)]
    async with proxy(table, trusted=(ip_network("127.0.0.0/8"),)) as running:
        first = await sides(running, *clients)
        assert set(first) == {b"ok", b"ne"}
        assert await sides(running, *(f"6.6.6.6, {client}" for client in clients)) == first
        assert await sides(running, *(f"{client}, 127.0.0.9" for client in clients)) == first


async def test_a_stranger_cannot_choose_its_side_by_what_it_claims(
    monolith: Upstream, service: Upstream
) -> None:
    async with proxy(table_for(monolith, service, CANARY)) as running:
        claims = [f"203.0.113.{n}" for n in range(20)]
        assert len(set(await sides(running, *claims))) == 1


async def test_an_ipv4_client_of_a_socket_for_both_families_has_its_ipv4_address(
    monolith: Upstream, service: Upstream
) -> None:
    (listener,) = listen("[::]:0", "--listen")
    async with proxy(table_for(monolith, service), listener) as running:
        await running.get("/x")
    assert b"\r\nX-Forwarded-For: 127.0.0.1\r\n" in monolith.heads[0]


async def test_a_client_that_reads_slowly_but_reads_gets_the_whole_answer(
    monolith: Upstream, service: Upstream
) -> None:
    """Far more waits in our own buffer than it reads between two deadlines."""
    body = b"x" * 1024 * 1024
    monolith.answer = lambda _: (
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
    table = table_for(monolith, service, idle="1s")
    async with proxy(table, listener, idle=1.0):
        loop = asyncio.get_running_loop()
        received = 0
        slow_until = loop.time() + 4.0  # several deadlines
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
            client.setblocking(False)
            await loop.sock_connect(client, listener.getsockname())
            await loop.sock_sendall(
                client, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            )
            while octets := await loop.sock_recv(client, 4096):
                received += len(octets)
                if loop.time() < slow_until:
                    await asyncio.sleep(0.03)
    assert received > len(body)


async def test_a_client_that_reads_nothing_is_cut_off(
    monolith: Upstream, service: Upstream
) -> None:
    body = b"x" * 16 * 1024 * 1024
    monolith.answer = lambda _: (
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    async with proxy(table_for(monolith, service, idle="300ms"), idle=0.3) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=1)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await running.wait_until(lambda: running.plane.counters.aborted == 1)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


async def test_the_connection_of_an_answer_that_a_slow_client_has_yet_to_read_serves_others(
    monolith: Upstream, service: Upstream
) -> None:
    """Its last octets are what makes the client the slow one: by then it is nobody's any more."""
    body = b"x" * 48 * 1024  # one segment of a loopback, so that it comes at once
    monolith.answer = lambda _: (
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    async with proxy(table_for(monolith, service), listener) as running:
        loop = asyncio.get_running_loop()
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            await loop.sock_connect(client, listener.getsockname())
            await running.wait_until(lambda: len(running.plane.clients) == 1)
            (slow,) = running.plane.clients
            slow.transport.set_write_buffer_limits(0)
            await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await running.wait_until(lambda: running.plane.counters.exchanges.total() == 1)
            assert slow.transport.get_write_buffer_size() > 0

            monolith.answer = lambda _: OK
            assert await running.get("/x") == (200, b"ok")
            assert monolith.connections == 1
