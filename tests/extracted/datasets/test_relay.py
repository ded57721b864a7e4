"""What is written at the service is at the monolith before it is acknowledged, or soon after."""

import contextlib
import hashlib
import os
import signal
import threading

import httpx2

from tests.extracted.datasets.sides import (
    Side,
    answers_alike,
    directory_of,
    everything,
    start_monolith,
    until,
)

LIST = "/api/v1/datasets"


def test_an_acknowledged_write_is_read_at_the_monolith_at_once(pair: tuple[Side, Side]) -> None:
    monolith, service = pair
    for attempt in range(20):
        path = f"{LIST}/{service.create(name=f'new {attempt}', kind='archive')['id']}"
        assert answers_alike(*pair, "GET", path) == 200
        service.ask("PATCH", path, json={"name": f"renamed {attempt}", "format": "zip"})
        assert monolith.get(path)["name"] == f"renamed {attempt}"
        service.ask("PUT", f"{path}/tags", json={"tags": ["b", "a"]})
        service.ask("POST", f"{path}/versions", json={"note": "v", "size_mb": attempt})
        content = os.urandom(100)
        service.ask("PUT", f"{path}/files/f", content=content)
        assert monolith.ask("GET", f"{path}/files/f").content == content
        for part in ("", "/versions", "/versions/2", "/stats", "/files", "/files/f"):
            assert answers_alike(*pair, "GET", path + part) == 200
        service.ask("DELETE", f"{path}/files/f")
        assert answers_alike(*pair, "GET", f"{path}/files/f") == 404
        service.ask("DELETE", path)
        assert answers_alike(*pair, "GET", path) == 404


def test_what_the_service_wrote_does_not_come_back_through_the_outbox(
    pair: tuple[Side, Side],
) -> None:
    monolith, service = pair
    last = monolith.outbox()["last"]
    service.ask("PUT", f"{LIST}/{service.create(name='own')['id']}/files/f", content=b"own")
    assert monolith.outbox()["last"] == last


def test_both_sides_may_write_in_turn(pair: tuple[Side, Side]) -> None:
    """The writes move there and back: each side goes on from where the other stopped."""
    monolith, service = pair
    path = f"{LIST}/{monolith.create(name='0')['id']}"
    for turn in range(1, 11):
        writer = service if turn % 2 else monolith
        assert writer.ask("PATCH", path, json={"name": str(turn)}).status_code == 200
        assert writer.ask("POST", f"{path}/versions", json={"note": "x"}).status_code == 201
        assert monolith.get(path)["name"] == service.get(path)["name"] == str(turn)
    assert len(service.get(f"{path}/versions")["versions"]) == 11
    assert answers_alike(*pair, "GET", f"{path}/versions") == 200


def test_ids_made_at_the_service_never_meet_the_monoliths(pair: tuple[Side, Side]) -> None:
    monolith, service = pair
    theirs = monolith.create(name="theirs")["id"]
    ours = [service.create(name="ours")["id"] for _ in range(5)]
    assert monolith.create(name="theirs")["id"] == theirs + 1
    assert ours == sorted(set(ours))
    assert 10**15 < ours[0] < 2**53


def test_writers_at_once_all_get_through(pair: tuple[Side, Side]) -> None:
    monolith, service = pair
    path = f"{LIST}/{service.create(name='busy')['id']}"

    def write(number: int) -> None:
        writer = Side(service.program)
        writer.token = service.token
        for turn in range(5):
            note = {"note": f"{number}.{turn}"}
            assert writer.ask("POST", f"{path}/versions", json=note).status_code == 201
        writer.close()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    versions = monolith.get(f"{path}/versions")["versions"]
    assert [version["number"] for version in versions] == list(range(1, 42))
    assert len({version["note"] for version in versions}) == 41
    assert service.get(f"{path}/versions")["versions"] == versions


def test_writes_while_the_monolith_is_down_are_acknowledged_and_arrive_when_it_is_back(
    fresh_pair: tuple[Side, Side],
) -> None:
    monolith, service = fresh_pair
    monolith.program.kill()
    path = f"{LIST}/{service.create(name='meanwhile')['id']}"
    assert service.ask("PATCH", path, json={"name": "later"}).status_code == 200
    for content in (b"first", b"second"):
        assert service.ask("PUT", f"{path}/files/kept", content=content).status_code == 201
    # Stored and gone before the monolith could ask for the content: it never will get it.
    assert service.ask("PUT", f"{path}/files/gone", content=b"never seen").status_code == 201
    assert service.ask("DELETE", f"{path}/files/gone").status_code == 204
    assert service.ask("DELETE", f"{LIST}/1").status_code == 204
    for number in range(150):  # more than one batch
        service.ask("PATCH", f"{LIST}/2", json={"name": f"name {number}"})
    monolith.program = start_monolith(directory_of(service), monolith.program.port)
    until(lambda: monolith.get(f"{LIST}/2")["name"] == "name 149")
    assert everything(monolith) == everything(service)
    assert monolith.get(f"{path}/files")["files"][0]["sha256"] == _sha256(b"second")
    assert monolith.ask("GET", f"{LIST}/1").status_code == 404


def test_a_monolith_that_hangs_holds_up_writes_for_a_while_and_reads_once(
    fresh_pair: tuple[Side, Side],
) -> None:
    monolith, service = fresh_pair
    process = monolith.program.process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    try:
        path = f"{LIST}/{service.create(name='during the hang')['id']}"
        assert service.get(path)["name"] == "during the hang"
        assert service.ask("GET", "/healthz").status_code == 200
    finally:
        process.send_signal(signal.SIGCONT)
    until(lambda: monolith.ask("GET", path).status_code == 200)
    assert everything(monolith) == everything(service)


def test_a_service_killed_before_it_could_relay_does_so_when_it_is_back(
    fresh_pair: tuple[Side, Side],
) -> None:
    monolith, service = fresh_pair
    monolith.program.kill()
    path = f"{LIST}/{service.create(name='not relayed')['id']}"
    service.ask("PUT", f"{path}/files/f", content=b"content")
    service.program.kill()
    monolith.program = start_monolith(directory_of(service), monolith.program.port)
    service.program.start()
    until(lambda: monolith.ask("GET", f"{path}/files/f").status_code == 200)
    assert everything(monolith) == everything(service)


def test_no_acknowledged_write_is_lost_when_the_service_is_killed_at_any_moment(
    fresh_pair: tuple[Side, Side],
) -> None:
    monolith, service = fresh_pair
    acknowledged: list[int] = []
    for _ in range(3):
        killer = threading.Timer(0.3, service.program.kill)
        killer.start()
        with contextlib.suppress(httpx2.TransportError):  # killed
            while True:
                acknowledged.append(service.create(name="kept")["id"])
        killer.join()
        service.program.start()
    for dataset_id in acknowledged:
        assert service.ask("GET", f"{LIST}/{dataset_id}").status_code == 200
        assert monolith.ask("GET", f"{LIST}/{dataset_id}").status_code == 200
    until(lambda: monolith.get(LIST)["total"] == service.get(LIST)["total"])


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
