"""TLS to upstreams: who is believed, what we show, what is asked for, and files that change."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml

from strangler.proxy import upstream_tls
from strangler.proxy.failure import Cause, Stage
from strangler.routing.compile import load
from strangler.routing.table import RouteTable
from tests.certificates import Authority, Pair
from tests.proxy.living import OK, Proxy, Upstream, proxy, upstream

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def stranger() -> Authority:
    return Authority()


@pytest.fixture
def ca(authority: Authority, tmp_path: Path) -> str:
    return str(authority.write(tmp_path))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at files as soon as may be."""
    monkeypatch.setattr(upstream_tls, "LOOK", 0.01)


def table(*targets: str, tls: dict[str, Any] | None = None, **more: Any) -> RouteTable:
    return load(
        yaml.safe_dump(
            {
                "version": 1,
                "upstreams": {
                    "old": {"targets": list(targets), **({"tls": tls} if tls else {}), **more}
                },
                "monolith": "old",
            }
        )
    )


@asynccontextmanager
async def before(
    server: ssl.SSLContext | None, host: str = "localhost", **tls: Any
) -> AsyncIterator[tuple[Proxy, Upstream]]:
    """Run a proxy before one upstream that speaks TLS."""
    async with (
        upstream(tls=server) as old,
        proxy(table(f"https://{host}:{old.port}", tls=tls)) as running,
    ):
        yield running, old


def failures(running: Proxy) -> dict[tuple[str, str], int]:
    counted = running.plane.counters.failures
    return {(stage, cause): count for (_, stage, cause), count in counted.items()}


CONNECTING = Stage.CONNECTING.value
UNTRUSTED = {(CONNECTING, Cause.UNTRUSTED.value): 1}
HANDSHAKE = {(CONNECTING, Cause.HANDSHAKE.value): 1}


async def test_an_upstream_of_a_trusted_ca_is_asked(authority: Authority, ca: str) -> None:
    async with before(authority.server("localhost"), ca=ca) as (running, old):
        assert await running.get("/") == (200, b"ok")
        assert await running.get("/") == (200, b"ok")

        assert old.connections == 1, "the connection is kept"
        assert not running.plane.counters.failures


async def test_an_address_may_be_certified(authority: Authority, ca: str) -> None:
    async with before(authority.server("127.0.0.1"), "127.0.0.1", ca=ca) as (running, _):
        assert await running.get("/") == (200, b"ok")


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"signed_by_stranger": True}, id="a CA that is not ours"),
        pytest.param({"names": ["elsewhere.example.org"]}, id="another name"),
        pytest.param({"until": YESTERDAY}, id="expired"),
    ],
)
async def test_a_certificate_that_proves_nothing_gets_502(
    authority: Authority, stranger: Authority, ca: str, wrong: dict[str, Any]
) -> None:
    signer = stranger if wrong.get("signed_by_stranger") else authority
    pair = signer.issue(*wrong.get("names", ["localhost"]), until=wrong.get("until"))
    server = pair.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    with structlog.testing.capture_logs() as logged:
        async with before(server, ca=ca) as (running, old):
            status, body = await running.get("/")

    assert status == 502
    assert b"its certificate was not accepted while connecting" in body
    assert failures(running) == UNTRUSTED
    assert not old.heads
    (failed,) = [line for line in logged if line["event"] == "upstream_failed"]
    assert "certificate verify failed" in failed["detail"]
    assert b"certificate verify failed" not in body


async def test_the_systems_cas_do_not_know_our_ca(authority: Authority) -> None:
    async with before(authority.server("localhost")) as (running, _):
        assert (await running.get("/"))[0] == 502
        assert failures(running) == UNTRUSTED


async def test_the_systems_cas_are_believed_where_no_other_is_named(
    authority: Authority, ca: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", ca)
    async with before(authority.server("localhost")) as (running, _):
        assert (await running.get("/"))[0] == 200


async def test_verification_is_left_out_only_on_the_operators_word(stranger: Authority) -> None:
    async with before(stranger.server("elsewhere"), verify=False) as (running, _):
        assert (await running.get("/"))[0] == 200


async def test_the_targets_host_is_asked_for(authority: Authority, ca: str) -> None:
    server, asked = authority.server("localhost"), []
    server.sni_callback = lambda _tls, name, _context: asked.append(name)
    async with before(server, ca=ca) as (running, _):
        assert (await running.get("/"))[0] == 200
    assert asked == ["localhost"]


async def test_another_name_is_asked_for_and_demanded(authority: Authority, ca: str) -> None:
    server, asked = authority.server("orders.example.org"), []
    server.sni_callback = lambda _tls, name, _context: asked.append(name)
    name = "orders.example.org"
    async with before(server, "127.0.0.1", ca=ca, server_name=name) as (running, _):
        assert (await running.get("/"))[0] == 200
    assert asked == ["orders.example.org"]


async def test_an_address_is_not_asked_for(authority: Authority, ca: str) -> None:
    """RFC 6066 section 3: literal addresses are not permitted in server_name."""
    server, asked = authority.server("127.0.0.1"), []
    server.sni_callback = lambda _tls, name, _context: asked.append(name)
    async with before(server, "127.0.0.1", ca=ca) as (running, _):
        assert (await running.get("/"))[0] == 200
    assert asked == [None]


async def test_http_1_1_is_the_one_protocol_offered(authority: Authority, ca: str) -> None:
    server = authority.server("localhost")
    server.set_alpn_protocols(["h2", "http/1.1"])
    async with before(server, ca=ca) as (running, old):
        assert (await running.get("/"))[0] == 200
        (target,) = running.plane.pools["old"].targets
        connection = target.take()
        assert connection is not None
        tls = connection.transport.get_extra_info("ssl_object")
        connection.abandon()
    assert tls.selected_alpn_protocol() == "http/1.1"
    assert len(old.heads) == 1


async def test_a_certificate_of_ours_is_shown_to_who_asks(
    authority: Authority, stranger: Authority, ca: str, tmp_path: Path
) -> None:
    cert, key = stranger.issue("proxy").write(tmp_path, "ours")
    server = authority.server("localhost", clients=stranger)
    async with before(server, ca=ca, cert=str(cert), key=str(key)) as (running, _):
        assert (await running.get("/"))[0] == 200


async def test_an_upstream_that_misses_our_certificate_is_a_failure(
    authority: Authority, ca: str
) -> None:
    server = authority.server("localhost", clients=authority)
    with structlog.testing.capture_logs() as logged:
        async with before(server, ca=ca) as (running, _):
            assert (await running.get("/"))[0] == 502
    # A client of TLS 1.3 has sent its request before the server says that it misses something.
    (failed,) = [line for line in logged if line["event"] == "upstream_failed"]
    assert failed["stage"] in {Stage.SENDING, Stage.WAITING}


async def test_an_upstream_that_speaks_no_tls_is_a_failure(ca: str) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with proxy(table(f"https://localhost:{port}", tls={"ca": ca})) as running:
        status, body = await running.get("/")
        server.close()
    assert (status, failures(running)) == (502, HANDSHAKE)
    assert b"TLS could not be set up" in body


async def test_an_upstream_that_does_not_answer_the_handshake_costs_the_connect_timeout(
    ca: str,
) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
    asked = table(url, tls={"ca": ca}, timeouts={"connect": "100ms"})
    async with proxy(asked) as running:
        status, _ = await running.get("/")
        server.close()
    assert (status, failures(running)) == (504, {(CONNECTING, Cause.TIMEOUT.value): 1})


async def test_targets_with_and_without_tls_serve_together(authority: Authority, ca: str) -> None:
    async with (
        upstream(tls=authority.server("localhost")) as secure,
        upstream() as plain,
        proxy(
            table(f"https://localhost:{secure.port}", str(plain.target), tls={"ca": ca})
        ) as running,
    ):
        async with asyncio.timeout(20):
            while not (secure.heads and plain.heads):
                assert await running.get("/") == (200, b"ok")


async def test_a_target_with_a_wrong_certificate_is_passed_over(
    authority: Authority, stranger: Authority, ca: str
) -> None:
    async with (
        upstream(tls=stranger.server("localhost")) as wrong,
        upstream(tls=authority.server("localhost")) as right,
    ):
        targets = [f"https://localhost:{one.port}" for one in (wrong, right)]
        async with proxy(table(*targets, tls={"ca": ca})) as running:
            answers = [await running.get("/") for _ in range(5)]
    assert answers == [(200, b"ok")] * 5
    assert not wrong.heads


async def test_a_health_check_speaks_tls(authority: Authority, ca: str) -> None:
    async with upstream(tls=authority.server("localhost")) as old:
        url = f"https://localhost:{old.port}"
        health = {"path": "/healthz", "interval": "10ms"}
        async with proxy(table(url, tls={"ca": ca}, health=health)) as running:
            await running.wait_until(lambda: len(old.heads) > 1)
            (target,) = running.plane.pools["old"].targets
            assert target.healthy
    assert old.heads[0].startswith(b"GET /healthz HTTP/1.1\r\nHost: localhost:%d\r\n" % old.port)


# Files.


async def test_a_file_that_is_not_there_stops_one_upstream_and_no_other(
    authority: Authority, tmp_path: Path
) -> None:
    missing = tmp_path / "ca.pem"
    async with upstream(tls=authority.server("localhost")) as secure, upstream() as plain:
        both = load(
            yaml.safe_dump(
                {
                    "version": 1,
                    "upstreams": {
                        "old": {"targets": [str(plain.target)]},
                        "new": {
                            "targets": [f"https://localhost:{secure.port}"],
                            "tls": {"ca": str(missing)},
                        },
                    },
                    "monolith": "old",
                    "domains": {
                        "d": {
                            "service": "new",
                            "phase": "extracted",
                            "routes": [{"path": "/d/**"}],
                        }
                    },
                }
            )
        )
        with structlog.testing.capture_logs() as logged:
            async with proxy(both) as running:
                assert (await running.get("/d/1"))[0] == 502
                assert (await running.get("/"))[0] == 200
                assert failures(running) == HANDSHAKE

                authority.write(tmp_path)
                await running.wait_until(lambda: any("loaded" in line["event"] for line in logged))
                assert (await running.get("/d/1"))[0] == 200
    refused = [line for line in logged if line["event"] == "upstream_tls_refused"]
    assert [line["said"] for line in refused] == [f"{missing}: No such file or directory"]


async def test_a_renewed_pair_is_shown_once_both_files_are_there(
    authority: Authority, ca: str, tmp_path: Path
) -> None:
    """What replaces a certificate replaces one file after the other."""
    first, second = authority.issue("first"), authority.issue("second")
    cert, key = first.write(tmp_path, "ours")
    server = authority.server("localhost", clients=authority)
    shown: list[Any] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shown.append(writer.get_extra_info("peercert")["subjectAltName"])
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(note, "127.0.0.1", 0, ssl=server)
    url = f"https://localhost:{listening.sockets[0].getsockname()[1]}"
    tls = {"ca": ca, "cert": str(cert), "key": str(key)}
    with structlog.testing.capture_logs() as logged:
        async with proxy(table(url, tls=tls, timeouts={"keepalive": "1ms"})) as running:
            assert (await running.get("/"))[0] == 200

            cert.write_bytes(second.cert)
            await running.wait_until(lambda: said(logged, "upstream_tls_refused"))
            await running.wait_until(lambda: not idle(running))
            assert (await running.get("/"))[0] == 200

            key.write_bytes(second.key)
            await running.wait_until(lambda: said(logged, "upstream_tls_reloaded"))
            await running.wait_until(lambda: not idle(running))
            assert (await running.get("/"))[0] == 200
        listening.close()
    assert shown == [(("DNS", name),) for name in ("first", "first", "second")]
    (refused,) = [line["said"] for line in logged if line["event"] == "upstream_tls_refused"]
    assert refused == f"{key}: is not the key of the certificate in {cert}"


def said(logged: Any, event: str) -> bool:
    return any(line["event"] == event for line in logged)


def idle(running: Proxy) -> bool:
    return "idle=0" not in repr(running.plane.pools["old"].targets[0])


async def test_a_connection_made_under_an_older_policy_is_not_used_again(
    authority: Authority, ca: str
) -> None:
    async with upstream(tls=authority.server("localhost")) as old:
        url = f"https://localhost:{old.port}"
        async with proxy(table(url, tls={"verify": False})) as running:
            assert (await running.get("/"))[0] == 200
            running.plane.apply(table(url, tls={"ca": ca}), 2)
            assert (await running.get("/"))[0] == 200
            assert old.connections == 2

            # The same again, on other lines: nothing has changed.
            running.plane.apply(table(url, tls={"ca": ca}, resolve="1m"), 3)
            assert (await running.get("/"))[0] == 200
            assert old.connections == 2


# The end of an answer.


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
