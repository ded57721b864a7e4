"""TLS to upstreams: who is believed, what we show, what is asked for."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from strangler.proxy.failure import Cause, Stage
from tests.certificates import Authority
from tests.proxy.living import proxy, upstream
from tests.proxy.secure_upstreams import (
    CONNECTING,
    HANDSHAKE,
    UNTRUSTED,
    before,
    failures,
    table,
)

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


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
