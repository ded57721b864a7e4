"""What crosses TLS to upstreams besides plain exchanges, and where an answer ends."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from strangler.compare.surprise import ASKS
from tests.certificates import Authority, Pair
from tests.proxy.living import json_answer, proxy, upstream
from tests.proxy.secure_upstreams import (
    table,
    two_upstreams,
)

ASK = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
AGREE = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"


@pytest.mark.parametrize("secure_client", [False, True])
async def test_a_websocket_passes_to_an_upstream_with_tls(
    authority: Authority, ca: str, secure_client: bool
) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(AGREE)
        while octets := await reader.read(65536):
            writer.write(octets)
            await writer.drain()
        writer.close()

    context = authority.server("localhost")
    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context)
    asked = table(f"https://localhost:{server.sockets[0].getsockname()[1]}", tls={"ca": ca})
    identity = authority.issue("localhost").identity if secure_client else None
    async with proxy(asked, identity=identity) as running:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            running.port,
            ssl=authority.client() if secure_client else None,
            server_hostname="localhost" if secure_client else None,
        )
        writer.write(ASK + b"early")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        assert await reader.readexactly(5) == b"early"
        large = bytes(range(256)) * 8192
        writer.write(large)
        assert await asyncio.wait_for(reader.readexactly(len(large)), 10) == large
        writer.close()
        await running.wait_until(lambda: not running.plane.tunnels)
    server.close()


async def test_a_shadow_copy_speaks_tls(authority: Authority, ca: str) -> None:
    async with upstream() as old, upstream(tls=authority.server("localhost")) as new:
        old.answer = lambda _: json_answer(b'{"a": 1}')
        new.answer = lambda _: json_answer(b'{"a": 2}')
        copied = two_upstreams(old, new, {"ca": ca}, phase="shadow")
        async with proxy(copied) as running:
            assert await running.get("/d/1") == (200, b'{"a": 1}')
            await running.wait_until(lambda: bool(running.observations))
        assert running.observations[0].verdict == "mismatch"
        assert (len(old.heads), len(new.heads)) == (ASKS, ASKS), "both were asked again"


async def test_a_health_check_speaks_tls(authority: Authority, ca: str) -> None:
    async with upstream(tls=authority.server("localhost")) as old:
        url = f"https://localhost:{old.port}"
        health = {"path": "/healthz", "interval": "10ms"}
        async with proxy(table(url, tls={"ca": ca}, health=health)) as running:
            await running.wait_until(lambda: len(old.heads) > 1)
            (target,) = running.plane.pools["old"].targets
            assert target.healthy
    assert old.heads[0].startswith(b"GET /healthz HTTP/1.1\r\nHost: localhost:%d\r\n" % old.port)


async def test_an_answer_that_ends_with_its_connection_is_whole(
    authority: Authority, ca: str
) -> None:
    async with (
        until_close(authority.issue("localhost"), tell=True) as port,
        proxy(table(f"https://localhost:{port}", tls={"ca": ca})) as running,
    ):
        assert await running.get("/") == (200, b"9\r\nhalf of a\r\n0\r\n\r\n")


async def test_an_answer_that_anyone_may_have_cut_is_not_whole(
    authority: Authority, ca: str
) -> None:
    """RFC 9112 section 9.8: without a closure alert, such a response is incomplete."""
    async with (
        until_close(authority.issue("localhost"), tell=False) as port,
        proxy(table(f"https://localhost:{port}", tls={"ca": ca})) as running,
    ):
        with pytest.raises(ConnectionResetError):
            await running.get("/")
        assert running.plane.counters.aborted == 1


@asynccontextmanager
async def until_close(pair: Pair, *, tell: bool) -> AsyncIterator[int]:
    """Run an upstream whose answer ends where its connection ends, with or without close_notify."""
    context = pair.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        await pumped(tls.do_handshake, reader, writer, incoming, outgoing)
        await pumped(lambda: tls.read(65536), reader, writer, incoming, outgoing)
        tls.write(b"HTTP/1.1 200 OK\r\n\r\nhalf of a")
        if tell:
            with pytest.raises(ssl.SSLWantReadError):
                tls.unwrap()
        writer.write(outgoing.read())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def pumped(
    step: Any,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    incoming: ssl.MemoryBIO,
    outgoing: ssl.MemoryBIO,
) -> None:
    while True:
        try:
            step()
        except ssl.SSLWantReadError:
            writer.write(outgoing.read())
            incoming.write(await reader.read(65536))
        else:
            writer.write(outgoing.read())
            return
