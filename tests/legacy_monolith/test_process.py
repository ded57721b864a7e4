"""The monolith as a process: how it starts, ends, and what it holds on to."""

import asyncio
import json
import signal
import sqlite3
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.legacy_monolith.conftest import INTERNAL, client_at, log_in_as, monolith_at
from tests.processes import Program, ProgramError


def test_it_prints_one_line_when_it_is_ready_and_nothing_else(tmp_path: Path) -> None:
    with monolith_at(tmp_path) as monolith, client_at(monolith.url) as client:
        log_in_as(client, "ben")
        client.get("/api/v1/datasets")
    assert monolith.output == f"legacy_monolith listening on http://127.0.0.1:{monolith.port}"


def test_the_environment_stands_in_for_the_flags(tmp_path: Path) -> None:
    environment = {
        "MONOLITH_HOST": "127.0.0.2",
        "MONOLITH_PORT": "0",
        "MONOLITH_DB": str(tmp_path / "new" / "directory" / "m.db"),
        "INTERNAL_TOKEN": "other",
    }
    with Program("legacy_monolith", environment=environment) as monolith:
        assert monolith.url.startswith("http://127.0.0.2:")
        with client_at(monolith.url) as client:
            assert client.get("/internal/outbox", headers=INTERNAL).status_code == 403
            accepted = client.get("/internal/outbox", headers={"X-Internal-Token": "other"})
            assert accepted.status_code == 200
    assert Path(environment["MONOLITH_DB"]).exists()


def test_it_ends_at_once_with_sockets_streams_and_long_polls_open(tmp_path: Path) -> None:
    with monolith_at(tmp_path) as monolith, client_at(monolith.url, INTERNAL) as client:
        log_in_as(client, "ben")
        token = client.headers["Authorization"].removeprefix("Bearer ")
        url = f"ws://127.0.0.1:{monolith.port}/api/v1/notifications/ws?token={token}"
        with (
            connect(url, proxy=None) as socket,
            client.stream("GET", "/api/v1/notifications/stream", timeout=30) as stream,
            closing(HTTPConnection("127.0.0.1", monolith.port, timeout=30)) as polling,
        ):
            lines = stream.iter_lines()
            assert socket.recv(timeout=20)
            assert next(lines) == "event: hello"
            polling.request("GET", "/internal/outbox?after=1000000&wait=30", headers=INTERNAL)
            # It is answered after the server has read what was sent before.
            client.get("/healthz")
            assert monolith.stop() == -signal.SIGTERM
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=20)
            assert "event: notification" not in list(lines)
            assert json.load(polling.getresponse())["events"] == []
    # No complaint about exchanges that had to be broken off.
    assert len(monolith.output.splitlines()) == 1


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    monolith = monolith_at(tmp_path)
    monolith.start()
    try:
        with client_at(monolith.url) as client:
            log_in_as(client, "ben")
            item = client.post("/api/v1/datasets", json={"name": "kept", "kind": "table"}).json()
            path = f"/api/v1/datasets/{item['id']}"
            client.put(f"{path}/files/a", content=b"kept too")
            monolith.kill()
        monolith.start()
        with client_at(monolith.url, INTERNAL) as client:
            assert client.get(path).json()["name"] == "kept"
            assert client.get(f"{path}/files/a").content == b"kept too"
            events = client.get("/internal/outbox", params={"limit": 1000}).json()["events"]
            assert [event["topic"] for event in events[-2:]] == ["dataset.changed", "file.stored"]
            # What is there is not seeded again.
            assert client.get("/api/v1/datasets").json()["total"] == "41"
    finally:
        monolith.stop()


def test_the_seed_is_the_same_every_time(tmp_path: Path) -> None:
    seen = []
    for directory in (tmp_path / "one", tmp_path / "two"):
        directory.mkdir()
        twelve = monolith_at(directory, "--seed-datasets", "12")
        with twelve as monolith, client_at(monolith.url) as client:
            items = client.get("/api/v1/datasets").json()["items"]
            seen.append([(i["name"], i["kind"], i["size_mb"], i["owner_id"]) for i in items])
    assert len(seen[0]) == 12
    assert seen[0] == seen[1]


def test_many_clients_at_once_lose_nothing_and_see_no_error(tmp_path: Path) -> None:
    with monolith_at(tmp_path) as monolith:
        written, statuses = asyncio.run(crowd(monolith.url, clients=24, rounds=12))
        assert statuses == {200, 201}
        with closing(sqlite3.connect(tmp_path / "monolith.db")) as database:
            names = {name for (name,) in database.execute("SELECT name FROM datasets")}
            [(events, last)] = database.execute("SELECT count(*), max(number) FROM outbox")
        assert written <= names
        assert events == last
    assert len(monolith.output.splitlines()) == 1


async def crowd(url: str, clients: int, rounds: int) -> tuple[set[str], set[int]]:
    """Let clients read, write and upload side by side; give what was acknowledged."""
    written: set[str] = set()
    statuses: set[int] = set()

    async def one(client: httpx2.AsyncClient, who: int) -> None:
        for number in range(rounds):
            name = f"client {who} round {number}"
            created = await client.post("/api/v1/datasets", json={"name": name, "kind": "table"})
            path = f"/api/v1/datasets/{created.json()['id']}"
            answers = [
                created,
                await client.put(f"{path}/files/f", content=name.encode() * 1000),
                await client.patch("/api/v1/datasets/1", json={"row_count": number}),
                await client.get("/api/v1/datasets"),
                await client.get(f"{path}/files/f"),
            ]
            statuses.update(answer.status_code for answer in answers)
            assert answers[-1].content == name.encode() * 1000
            written.add(name)

    async with httpx2.AsyncClient(base_url=url, verify=False, trust_env=False) as client:
        credentials = {"username": "ben", "password": "ben-pw"}
        token = (await client.post("/api/v1/login", json=credentials)).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        await asyncio.gather(*(one(client, who) for who in range(clients)))
    return written, statuses


def test_a_port_in_use_is_told_without_a_traceback(tmp_path: Path) -> None:
    with monolith_at(tmp_path) as monolith:
        second = Program(
            "legacy_monolith", "--port", str(monolith.port), "--db", str(tmp_path / "other.db")
        )
        with pytest.raises(ProgramError, match="address already in use"):
            second.start()
        assert "Traceback" not in second.output


def test_a_database_that_cannot_be_opened_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "monolith.db").write_bytes(b"this is no database" * 1000)
    monolith = monolith_at(tmp_path)
    with pytest.raises(ProgramError, match="cannot open the database"):
        monolith.start()
    assert "Traceback" not in monolith.output
