"""TLS to clients, in this process: what a transport that is no plain one needs done otherwise."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from strangler.proxy.listener_context import server_context
from strangler.proxy.pem import Pem
from tests.certificates import Authority
from tests.proxy.living import Proxy, Upstream, proxy, table_for, upstream

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
ANSWER = b"\r\n\r\nok"


@asynccontextmanager
async def serving(authority: Authority, **settings: Any) -> AsyncIterator[tuple[Proxy, Upstream]]:
    """Run a proxy that is certified for localhost."""
    identity = authority.issue("localhost").identity
    async with (
        upstream() as old,
        proxy(table_for(old, old), identity=identity, **settings) as running,
    ):
        yield running, old


class Client:
    """One connection, with whatever has been agreed on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self) -> None:
        self.writer.write(GET)
        await asyncio.wait_for(self.reader.readuntil(ANSWER), 10)

    async def is_closed(self) -> bool:
        """Wait until the other side closes, in whichever way; False where octets came first."""
        try:
            return await asyncio.wait_for(self.reader.read(1), 10) == b""
        except (ConnectionError, ssl.SSLError):
            return True

    @property
    def serial(self) -> str:
        """The number of the certificate that was shown."""
        return str(self.writer.get_extra_info("peercert")["serialNumber"])


@asynccontextmanager
async def connected(running: Proxy, context: ssl.SSLContext | None = None) -> AsyncIterator[Client]:
    """Connect, and shake hands if there is a context to do it in."""
    name = None if context is None else "localhost"
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", running.port, ssl=context, server_hostname=name
    )
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()


async def test_upstreams_are_told_that_the_client_came_by_https(authority: Authority) -> None:
    async with serving(authority) as (running, old):
        async with connected(running, authority.client()) as client:
            await client.ask()
        assert b"X-Forwarded-Proto: https\r\n" in old.heads[0]


async def test_nothing_but_http_1_1_is_agreed_on(authority: Authority) -> None:
    context = authority.client()
    context.set_alpn_protocols(["h2", "http/1.1"])
    async with serving(authority) as (running, _), connected(running, context) as client:
        tls = client.writer.get_extra_info("ssl_object")
        assert tls.selected_alpn_protocol() == "http/1.1"


async def test_old_versions_and_ciphers_are_not_spoken(authority: Authority) -> None:
    context = authority.client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with serving(authority) as (running, _):
        async with connected(running, context) as client:
            assert client.writer.get_extra_info("cipher")[0].startswith("ECDHE-")

        context.set_ciphers("ECDHE+AES:!AESGCM:!AESCCM:@SECLEVEL=0")  # which leaves CBC
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await connected(running, context).__aenter__()
        await running.wait_until(lambda: len(running.plane.counters.handshakes) == 2)
        assert running.plane.counters.handshakes == {"completed": 1, "no_shared_cipher": 1}


async def test_a_handshake_that_stalls_is_ended_like_a_head_that_does(
    authority: Authority,
) -> None:
    async with serving(authority, head=0.1) as (running, _):
        async with connected(running) as client:
            client.writer.write(b"\x16\x03\x01")  # the beginning of a ClientHello
            assert await client.is_closed()
        await running.wait_until(lambda: running.plane.counters.handshakes["given_up"] == 1)


@pytest.mark.parametrize(
    ("octets", "outcome"),
    [
        (GET, "http_request"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "wrong_version_number"),
        (bytes(range(256)), "wrong_version_number"),
    ],
)
async def test_what_is_no_handshake_is_closed_and_counted(
    authority: Authority, octets: bytes, outcome: str
) -> None:
    async with serving(authority) as (running, old):
        async with connected(running) as client:
            client.writer.write(octets)
            assert await client.is_closed()
        assert dict(running.plane.counters.handshakes) == {outcome: 1}
        assert not running.plane.clients
        assert not old.heads


async def test_a_new_certificate_is_for_new_connections(authority: Authority) -> None:
    context = authority.client()
    async with serving(authority) as (running, _), connected(running, context) as before:
        running.tls.become(authority.issue("localhost").identity)
        async with connected(running, context) as after:
            assert before.serial != after.serial
        await before.ask()


async def test_a_pair_that_is_none_leaves_the_one_before(authority: Authority) -> None:
    one, other = (authority.issue("localhost").identity for _ in range(2))
    async with serving(authority) as (running, _):
        with pytest.raises(OSError, match="key: is not the key of the certificate in cert"):
            running.tls.become(replace(one, key=other.key))
        async with connected(running, authority.client()) as client:
            await client.ask()


async def test_a_session_of_an_older_certificate_is_not_resumed(authority: Authority) -> None:
    """Resuming skips the certificates of both sides, so it must end with what they were."""
    context = authority.client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # whose session is there at once
    first = server_context(authority.issue("localhost").identity)
    other = server_context(authority.issue("localhost").identity)

    session = handshake(context, first).session
    assert handshake(context, first, session).session_reused
    assert not handshake(context, other, session).session_reused


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, session: Any = None) -> ssl.SSLObject:
    """Let a client and a server shake hands in memory; give the client's end."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(back, there, server_hostname="localhost", session=session)
    theirs = server.wrap_bio(there, back, server_side=True)
    waiting = [ours, theirs]
    while waiting:
        end = waiting.pop(0)
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(end)
    return ours


async def test_clients_prove_who_they_are_where_they_must(authority: Authority) -> None:
    clients, strangers = Authority(), Authority()
    identity = replace(authority.issue("localhost").identity, client_ca=Pem("ca", clients.pem))
    async with upstream() as old, proxy(table_for(old, old), identity=identity) as running:
        async with connected(running, authority.client(clients.issue("someone"))) as client:
            await client.ask()
        for context in (authority.client(), authority.client(strangers.issue("someone"))):
            # A client of TLS 1.3 learns only when it reads that it was refused.
            async with connected(running, context) as client:
                assert await client.is_closed()
        assert len(old.heads) == 1
        assert running.plane.counters.handshakes == {
            "completed": 1,
            "peer_did_not_return_a_certificate": 1,
            "certificate_verify_failed": 1,
        }


async def test_a_client_that_ends_its_connection_cancels_what_it_asked(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """TLS lets nobody close one direction: whoever says that it ends is gone."""
    asked = asyncio.Event()

    async def never(_: bytes) -> bytes | None:
        asked.set()
        await asyncio.sleep(60)
        return None

    async with serving(authority) as (running, old):
        old.answer = never
        async with connected(running, authority.client()) as client:
            client.writer.write(GET)
            await asyncio.wait_for(asked.wait(), 10)
            client.writer.close()
            await running.wait_until(lambda: running.plane.counters.cancelled == 1)
            await running.wait_until(lambda: not running.plane.clients)
    assert not caplog.records, "uvloop warns of a protocol that would go on"


async def test_an_idle_client_that_says_nothing_does_not_delay_the_end(
    authority: Authority,
) -> None:
    """Whoever keeps a connection for later reads nothing of it, so never agrees that it ends."""
    async with (
        serving(authority, drain=60.0) as (running, _),
        connected(running, authority.client()) as client,
    ):
        await client.ask()
        client.writer.transport.pause_reading()
        await asyncio.wait_for(running.plane.drain(), 20)
        assert running.plane.counters.aborted == 0


def told_of_the_end(port: int, context: ssl.SSLContext) -> bool:
    """Tell whether a client that asks nothing gets a closure alert before its connection ends."""
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(
            plain, server_hostname="localhost", suppress_ragged_eofs=False
        ) as client,
    ):
        try:
            return client.recv(1) == b""
        except (ssl.SSLEOFError, ConnectionError):
            return False


async def test_a_client_that_asks_nothing_for_long_is_told_that_it_ends(
    authority: Authority,
) -> None:
    """RFC 8446 section 6.1: each party must say that it closes."""
    async with serving(authority, idle=0.1) as (running, _):
        assert await asyncio.to_thread(told_of_the_end, running.port, authority.client())
        await running.wait_until(lambda: not running.plane.clients)


async def test_a_client_that_does_not_even_answer_to_the_end_is_not_waited_for(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strangler.proxy.client.LINGER", 0.1)
    async with (
        serving(authority, idle=0.1) as (running, _),
        connected(running, authority.client()) as client,
    ):
        client.writer.transport.pause_reading()
        await running.wait_until(lambda: not running.plane.clients)
