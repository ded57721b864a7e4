"""The service as a process: how it starts, ends, and tells why it cannot."""

import os
import socket
from pathlib import Path

import httpx2
import pytest

from tests.extracted.datasets.sides import Side, directory_of
from tests.processes import Program, ProgramError

LIST = "/api/v1/datasets"
GRACE = 3.0  # seconds that answers under way get


def test_sigterm_ends_it_with_idle_connections_and_an_unread_download(
    fresh_pair: tuple[Side, Side],
) -> None:
    _, service = fresh_pair
    path = f"{LIST}/1/files/large"
    service.ask("PUT", path, content=os.urandom(30_000_000))  # more than sockets buffer
    address = ("127.0.0.1", service.program.port)
    with socket.create_connection(address) as idle, socket.create_connection(address) as stuck:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(100).startswith(b"HTTP/1.1 200 ")
        stuck.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert stuck.recv(100).startswith(b"HTTP/1.1 200 ")
        service.program.stop(patience=GRACE + 5)  # which fails when it does not end


def test_a_second_start_goes_on_with_the_same_data(fresh_pair: tuple[Side, Side]) -> None:
    _, service = fresh_pair
    path = f"{LIST}/{service.create(name='kept')['id']}"
    service.ask("PUT", f"{path}/files/f", content=b"kept too")
    service.program.stop()
    service.program.start()
    assert service.get(path)["name"] == "kept"
    assert service.ask("GET", f"{path}/files/f").content == b"kept too"


def test_an_upload_that_breaks_off_leaves_nothing(fresh_pair: tuple[Side, Side]) -> None:
    _, service = fresh_pair
    contents = directory_of(service) / "datasets.db.files"
    before = sorted(contents.iterdir())
    path = f"{LIST}/1/files/half"
    head = (
        f"PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.token}\r\n"
        "Content-Length: 1000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.program.port)) as connection:
        connection.sendall(head.encode() + b"only this")
    assert service.ask("GET", path).status_code == 404
    service.program.stop()  # whatever was under way has ended
    assert sorted(contents.iterdir()) == before


def test_a_database_that_cannot_be_opened_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    program = Program("extracted.datasets", "--port", "0", "--db", str(tmp_path / "file/d.db"))
    with pytest.raises(ProgramError):
        program.start()
    assert "datasets: cannot open the database" in program.output
    assert "Traceback" not in program.output


def test_a_port_in_use_is_told_without_a_traceback(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        program = Program("extracted.datasets", "--port", port, "--db", str(tmp_path / "d.db"))
        with pytest.raises(ProgramError):
            program.start()
    assert "address already in use" in program.output
    assert "Traceback" not in program.output


def test_everything_can_come_from_the_environment(tmp_path: Path) -> None:
    environment = {
        "DATASETS_HOST": "127.0.0.1",
        "DATASETS_PORT": "0",
        "DATASETS_DB": str(tmp_path / "d.db"),
        "DATASETS_MONOLITH": "http://127.0.0.1:1",
    }
    with Program("extracted.datasets", environment=environment) as program:
        response = httpx2.get(f"{program.url}/healthz", trust_env=False, verify=False)
    assert (response.status_code, response.json()) == (503, {"status": "filling"})
    assert (tmp_path / "d.db").exists()
    assert program.output.count("cannot follow the monolith") == 1
