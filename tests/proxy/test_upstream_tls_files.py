"""The files that TLS to upstreams needs: missing, replaced, named otherwise in another table."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import structlog

from strangler.proxy import upstream_tls
from tests.certificates import Authority
from tests.proxy.living import OK, Proxy, proxy, upstream
from tests.proxy.secure_upstreams import (
    HANDSHAKE,
    failures,
    table,
    two_upstreams,
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at files as soon as may be."""
    monkeypatch.setattr(upstream_tls, "LOOK", 0.01)


async def test_a_file_that_is_not_there_stops_one_upstream_and_no_other(
    authority: Authority, tmp_path: Path
) -> None:
    missing = tmp_path / "ca.pem"
    async with upstream(tls=authority.server("localhost")) as secure, upstream() as plain:
        both = two_upstreams(plain, secure, {"ca": str(missing)}, phase="extracted")
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

            renew(cert, second.cert)
            await running.wait_until(lambda: said(logged, "upstream_tls_refused"))
            await running.wait_until(lambda: not idle(running))
            assert (await running.get("/"))[0] == 200

            renew(key, second.key)
            await running.wait_until(lambda: said(logged, "upstream_tls_reloaded"))
            await running.wait_until(lambda: not idle(running))
            assert (await running.get("/"))[0] == 200
        listening.close()
    assert shown == [(("DNS", name),) for name in ("first", "first", "second")]
    (refused,) = [line["said"] for line in logged if line["event"] == "upstream_tls_refused"]
    assert refused == f"{key}: is not the key of the certificate in {cert}"


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


def renew(file: Path, octets: bytes) -> None:
    """Replace a file so that nobody can find half of the new one."""
    beside = file.with_suffix(".new")
    beside.write_bytes(octets)
    beside.replace(file)


def said(logged: Any, event: str) -> bool:
    return any(line["event"] == event for line in logged)


def idle(running: Proxy) -> bool:
    return "idle=0" not in repr(running.plane.pools["old"].targets[0])
