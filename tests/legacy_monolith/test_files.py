"""Uploading and downloading files, as streams."""

import hashlib
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.legacy_monolith.conftest import Dataset, client_at, log_in_as, monolith_at
from tests.processes import Program

CONTENT = b"one,two\n1,2\n" * 20_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MEGABYTE = 1024 * 1024


@pytest.fixture
def files(dataset: Dataset) -> str:
    path: str = dataset["links"]["files"]
    return path


def in_pieces(content: bytes, size: int = 10_000) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def test_what_was_uploaded_is_what_is_downloaded(editor: httpx2.Client, files: str) -> None:
    headers = {"Content-Type": "text/csv", "X-Checksum-SHA256": SHA256}
    stored = editor.put(f"{files}/data.csv", content=in_pieces(CONTENT), headers=headers)
    assert stored.status_code == 201
    assert stored.headers["location"] == f"{files}/data.csv"
    assert stored.json() == {
        "name": "data.csv",
        "size": str(len(CONTENT)),
        "sha256": SHA256,
        "content_type": "text/csv",
        "url": f"{files}/data.csv",
    }
    got = editor.get(f"{files}/data.csv")
    assert got.content == CONTENT
    assert got.headers["etag"] == f'"{SHA256}"'
    assert got.headers["x-checksum-sha256"] == SHA256
    assert got.headers["content-type"] == "text/csv"
    assert got.headers["content-disposition"] == 'attachment; filename="data.csv"'
    assert got.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in got.headers


def test_head_tells_about_a_file_without_sending_it(editor: httpx2.Client, files: str) -> None:
    editor.put(f"{files}/a", content=b"a")
    head = editor.head(f"{files}/a")
    assert head.status_code == 200
    assert head.headers["etag"] == f'"{hashlib.sha256(b"a").hexdigest()}"'
    assert head.content == b""


def test_an_empty_file_is_a_file(editor: httpx2.Client, files: str) -> None:
    assert editor.put(f"{files}/empty", content=b"").json()["size"] == "0"
    assert editor.get(f"{files}/empty").content == b""


def test_a_wrong_checksum_keeps_nothing(editor: httpx2.Client, files: str) -> None:
    editor.put(f"{files}/a", content=b"before")
    wrong = {"X-Checksum-SHA256": SHA256}
    for name in ("a", "b"):
        refused = editor.put(f"{files}/{name}", content=b"damaged", headers=wrong)
        assert refused.status_code == 422
        assert refused.json()["error"]["code"] == "CHECKSUM_MISMATCH"
    assert editor.get(f"{files}/a").content == b"before"
    assert editor.get(f"{files}/b").status_code == 404


def test_the_list_names_each_file_once(editor: httpx2.Client, files: str) -> None:
    for name, content in [("a", b"1"), ("b", b"22"), ("a", b"333")]:
        assert editor.put(f"{files}/{name}", content=content).status_code == 201
    listed = editor.get(files).json()["files"]
    assert sorted((file["name"], file["size"]) for file in listed) == [("a", "3"), ("b", "2")]


def test_a_deleted_file_is_gone_but_not_others_with_its_content(
    editor: httpx2.Client, files: str
) -> None:
    for name in ("a", "b"):
        editor.put(f"{files}/{name}", content=b"same")
    assert editor.delete(f"{files}/a").status_code == 204
    for method in ("GET", "DELETE"):
        gone = editor.request(method, f"{files}/a")
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "FILE_NOT_FOUND")
    assert editor.get(f"{files}/b").content == b"same"


@pytest.mark.parametrize("name", ["a%20b", "%C3%A9", "a:b", "%2E%2E", "x" * 101, "a%0A"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_name_that_is_none_is_refused(
    editor: httpx2.Client, files: str, name: str, method: str
) -> None:
    # As it is: a client would resolve the dots.
    url = httpx2.URL(files).copy_with(raw_path=f"{httpx2.URL(files).path}/{name}".encode())
    refused = editor.request(method, url)
    assert refused.status_code == 422
    assert refused.json()["error"]["fields"].keys() == {"name"}


def test_an_upload_that_breaks_off_keeps_nothing(tmp_path: Path) -> None:
    with monolith_at(tmp_path) as monolith, client_at(monolith.url) as client:
        log_in_as(client, "ben")
        head = (
            "PUT /api/v1/datasets/1/files/half HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
            f"Authorization: {client.headers['Authorization']}\r\n\r\n"
        )
        arriving = tmp_path / "monolith.db.files" / "arriving"
        with socket.create_connection(("127.0.0.1", monolith.port)) as connection:
            connection.sendall(head.encode() + b"x" * 100_000)
            wait_until_there_is(arriving, 1, client)
        wait_until_there_is(arriving, 0, client)
        assert client.get("/api/v1/datasets/1/files/half").status_code == 404
        assert "Traceback" not in monolith.output


def wait_until_there_is(directory: Path, number: int, client: httpx2.Client) -> None:
    """Ask the server for something else until it has come around to what it was sent before."""
    for _ in range(10_000):
        if len(list(directory.iterdir())) == number:
            return
        client.get("/healthz")
    raise AssertionError(f"{directory} has {list(directory.iterdir())}")


def test_files_are_never_whole_in_memory(tmp_path: Path) -> None:
    with monolith_at(tmp_path) as monolith, client_at(monolith.url) as client:
        log_in_as(client, "ben")
        path = "/api/v1/datasets/1/files/large"
        before = peak_memory(monolith)
        size, piece = 96 * MEGABYTE, bytes(range(256)) * 4096
        stored = client.put(path, content=(piece for _ in range(size // len(piece))))
        assert stored.json()["size"] == str(size)
        digest = hashlib.sha256()
        with client.stream("GET", path) as response:
            for chunk in response.iter_bytes():
                digest.update(chunk)
        assert digest.hexdigest() == stored.json()["sha256"]
        assert peak_memory(monolith) - before < 24 * MEGABYTE


def peak_memory(program: Program) -> int:
    """Give the most memory, in bytes, that a program has ever used."""
    assert program.process is not None
    status = Path(f"/proc/{program.process.pid}/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak is not None
    return int(peak[1]) * 1024


def test_a_json_file_is_sent_as_it_is(editor: httpx2.Client, files: str) -> None:
    content = json.dumps(["gzip is for answers, not for files"] * 100).encode()
    headers = {"Content-Type": "application/json"}
    editor.put(f"{files}/a.json", content=content, headers=headers)
    got = editor.get(f"{files}/a.json", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in got.headers
    assert got.content == content
