"""The service fills from the monolith's outbox, follows it, and shows at once what is new there."""

import hashlib
import os
import sqlite3
import threading
from pathlib import Path

from tests.extracted.datasets.sides import (
    Side,
    answers_alike,
    directory_of,
    everything,
    start_monolith,
    start_service,
    until,
)

LIST = "/api/v1/datasets"


def test_the_first_fill_brings_everything(pair: tuple[Side, Side]) -> None:
    monolith, service = pair
    found = everything(service)
    assert found == everything(monolith)
    assert any(path.endswith("/files/readme.txt") for path in found)


def test_until_the_first_fill_is_complete_nothing_is_answered(tmp_path: Path) -> None:
    monolith = start_monolith(tmp_path)
    monolith.stop()  # its port is known now
    service = Side(start_service(tmp_path, monolith))
    try:
        for path in ("/healthz", LIST, f"{LIST}/1", f"{LIST}/999999"):
            assert service.ask("GET", path).status_code == 503, path
        start = start_monolith(tmp_path, monolith.port)
        try:
            until(lambda: service.ask("GET", "/healthz").status_code == 200)
            assert service.get(LIST)["total"] == "12"
        finally:
            start.stop()
    finally:
        service.close()
        service.program.stop()


def test_what_is_written_at_the_monolith_is_read_at_the_service_at_once(
    pair: tuple[Side, Side],
) -> None:
    monolith, service = pair
    for attempt in range(20):
        path = f"{LIST}/{monolith.create(name=f'new {attempt}')['id']}"
        assert answers_alike(*pair, "GET", path) == 200
        monolith.ask("PATCH", path, json={"name": f"renamed {attempt}"})
        assert service.get(path)["name"] == f"renamed {attempt}"
        monolith.ask("PUT", f"{path}/tags", json={"tags": [f"tag {attempt}"]})
        assert service.get(f"{LIST}?tag=tag%20{attempt}")["total"] == "1"
        monolith.ask("POST", f"{path}/versions", json={"note": "v", "size_mb": attempt})
        assert answers_alike(*pair, "GET", f"{path}/versions/2") == 200
        monolith.ask("PUT", f"{path}/files/f", content=os.urandom(100))
        assert answers_alike(*pair, "GET", f"{path}/files/f") == 200
        monolith.ask("DELETE", f"{path}/files/f")
        assert answers_alike(*pair, "GET", f"{path}/files/f") == 404
        monolith.ask("DELETE", path)
        assert answers_alike(*pair, "GET", path) == 404


def test_a_large_file_comes_over_byte_for_byte_and_is_streamed_in_chunks(
    pair: tuple[Side, Side],
) -> None:
    monolith, service = pair
    content = os.urandom(5_000_001)
    path = f"{LIST}/1/files/large.bin"
    headers = {"X-Checksum-SHA256": hashlib.sha256(content).hexdigest()}
    assert monolith.ask("PUT", path, content=content, headers=headers).status_code == 201
    response = service.ask("GET", path)
    assert response.content == content
    assert response.headers["transfer-encoding"] == "chunked"
    assert response.headers["x-checksum-sha256"] == headers["X-Checksum-SHA256"]
    assert service.get(f"{LIST}/1/stats")["bytes"] == str(5_000_001 + 2048)


def test_a_file_replaced_at_the_monolith_is_replaced_here(pair: tuple[Side, Side]) -> None:
    monolith, service = pair
    for content in (b"one", b"two", b"three", b"two"):
        monolith.ask("PUT", f"{LIST}/2/files/again", content=content)
        assert service.ask("GET", f"{LIST}/2/files/again").content == content


def test_reads_go_on_without_the_monolith_and_writes_there_are_followed_after_it_is_back(
    fresh_pair: tuple[Side, Side],
) -> None:
    monolith, service = fresh_pair
    before = service.get(f"{LIST}/1")
    monolith.program.kill()
    assert service.get(f"{LIST}/1") == before
    assert service.ask("GET", f"{LIST}/999999").status_code == 404
    assert service.ask("GET", "/healthz").status_code == 200
    monolith.program = start_monolith(directory_of(service), monolith.program.port)
    assert monolith.ask("PATCH", f"{LIST}/1", json={"name": "back"}).status_code == 200
    until(lambda: service.get(f"{LIST}/1")["name"] == "back")


def test_a_killed_service_has_lost_nothing_and_doubled_nothing(
    fresh_pair: tuple[Side, Side],
) -> None:
    monolith, service = fresh_pair
    done = threading.Event()

    def write_without_pause() -> None:
        writer = Side(monolith.program)
        writer.token = monolith.token
        while not done.is_set():
            path = f"{LIST}/{writer.create(name='busy')['id']}"
            writer.ask("PUT", f"{path}/files/f", content=os.urandom(3000))
            writer.ask("POST", f"{path}/versions", json={"note": "more", "size_mb": 2})
            writer.ask("DELETE", f"{LIST}/{writer.create(name='gone')['id']}")
        writer.close()

    busy = threading.Thread(target=write_without_pause)
    busy.start()
    try:
        for _ in range(3):
            seen = service.get(LIST)["total"]
            until(lambda seen=seen: service.get(LIST)["total"] != seen)
            service.program.kill()
            service.program.start()
            until(lambda: service.ask("GET", "/healthz").status_code == 200)
    finally:
        done.set()
        busy.join()
    assert everything(service) == everything(monolith)


def test_a_restarted_service_answers_without_the_monolith(fresh_pair: tuple[Side, Side]) -> None:
    monolith, service = fresh_pair
    before = everything(service)
    monolith.program.kill()
    service.program.kill()
    service.program.start()
    assert service.ask("GET", "/healthz").status_code == 200
    assert everything(service) == before


def test_reading_the_outbox_once_more_from_the_start_changes_nothing(
    fresh_pair: tuple[Side, Side],
) -> None:
    """Not even what is newer here: revisions and deletions are remembered."""
    monolith, service = fresh_pair
    service.ask("PATCH", f"{LIST}/1", json={"name": "newer"})
    service.ask("DELETE", f"{LIST}/2")
    service.ask("PUT", f"{LIST}/1/files/own", content=b"own")
    monolith.ask("PUT", f"{LIST}/3/files/f", content=b"first")
    monolith.ask("PUT", f"{LIST}/3/files/f", content=b"second")
    monolith.ask("DELETE", f"{LIST}/4/files/readme.txt")
    before = everything(service)
    last = monolith.outbox()["last"]
    service.program.stop()
    with sqlite3.connect(directory_of(service) / "datasets.db") as database:
        database.execute("UPDATE following SET position = 0")
    database.close()
    service.program.start()
    until(lambda: _position(service) == last)
    assert everything(service) == before == everything(monolith)


def test_contents_that_no_file_has_any_more_leave_the_disk(fresh_pair: tuple[Side, Side]) -> None:
    monolith, service = fresh_pair
    contents = directory_of(service) / "datasets.db.files"
    kept = {path.name for path in contents.iterdir()}
    paths = [f"{LIST}/{number}/files/{name}" for number in (1, 2) for name in ("a", "b")]
    for path in paths:
        monolith.ask("PUT", path, content=b"the same in all four")
    service.get(LIST)
    assert {path.name for path in contents.iterdir()} - kept == {
        hashlib.sha256(b"the same in all four").hexdigest()
    }
    monolith.ask("DELETE", paths[0])
    monolith.ask("PUT", paths[1], content=b"another")
    service.ask("DELETE", paths[2])
    assert service.ask("GET", paths[3]).content == b"the same in all four"
    service.ask("DELETE", f"{LIST}/2")
    service.ask("DELETE", paths[1])
    assert {path.name for path in contents.iterdir()} == kept


def test_a_monolith_with_another_database_is_not_followed(fresh_pair: tuple[Side, Side]) -> None:
    monolith, service = fresh_pair
    before = everything(service)
    monolith.program.stop()
    elsewhere = directory_of(service) / "elsewhere"
    elsewhere.mkdir()
    monolith.program = start_monolith(elsewhere, monolith.program.port, datasets=1)
    until(lambda: "it has another database than before" in service.program.output)
    assert everything(service) == before


def _position(service: Side) -> int:
    database = sqlite3.connect(directory_of(service) / "datasets.db")
    try:
        position: int = database.execute("SELECT position FROM following").fetchone()[0]
        return position
    finally:
        database.close()
