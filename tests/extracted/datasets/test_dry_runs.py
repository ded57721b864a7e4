"""A dry run is answered as the write would be, and leaves nothing: the service's promise."""

import hashlib
from typing import Any

import pytest

from tests.extracted.datasets.sides import Side, directory_of, everything

LIST = "/api/v1/datasets"
DRY = {"X-Strangler-Dry-Run": "1"}
PROMISE = {"dry_run": True, "header": "X-Strangler-Dry-Run", "effects": 0}
MADE_UP = {"id", "created_at", "updated_at", "links"}
"""What no two writes have in common."""

WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", LIST, {"json": {"name": "n", "kind": "table", "tags": ["a"]}}),
    ("POST", LIST, {"json": {"name": "", "kind": "table"}}),
    ("POST", LIST, {"json": {"name": "n", "kind": "table"}, "token": ""}),
    ("PATCH", f"{LIST}/1", {"json": {"name": "renamed", "row_count": 9}}),
    ("PATCH", f"{LIST}/999999", {"json": {"name": "renamed"}}),
    ("PUT", f"{LIST}/1/tags", {"json": {"tags": ["z"]}}),
    ("POST", f"{LIST}/1/versions", {"json": {"note": "larger"}}),
    ("PUT", f"{LIST}/1/files/new", {"content": b"new"}),
    ("PUT", f"{LIST}/1/files/new", {"content": b"x", "headers": {"X-Checksum-SHA256": "0"}}),
    ("DELETE", f"{LIST}/1/files/readme.txt", {}),
    ("DELETE", f"{LIST}/1/files/none", {}),
    ("DELETE", f"{LIST}/2", {}),
]


def rehearse(service: Side, method: str, path: str, **options: Any) -> Any:
    headers = options.pop("headers", {}) | DRY
    return service.ask(method, path, headers=headers, **options)


def told(response: Any) -> Any:
    """Give the status and the body, without what each write has of its own."""
    if not response.content:
        return response.status_code, None
    body = response.json()
    return response.status_code, {name: body[name] for name in body.keys() - MADE_UP}


def contents_of(service: Side) -> list[str]:
    return sorted(path.name for path in (directory_of(service) / "datasets.db.files").iterdir())


@pytest.mark.parametrize(("method", "path", "options"), WRITES)
def test_it_is_answered_as_the_write_is_afterwards(
    fresh_pair: tuple[Side, Side], method: str, path: str, options: dict[str, Any]
) -> None:
    _, service = fresh_pair
    twice = [rehearse(service, method, path, **options) for _ in range(2)]
    done = service.ask(method, path, **options)
    assert [told(each) for each in twice] == [told(done)] * 2


def test_it_leaves_nothing_at_either_side(fresh_pair: tuple[Side, Side]) -> None:
    monolith, service = fresh_pair
    before, outbox = everything(service), monolith.outbox()["last"]
    contents = contents_of(service)
    for method, path, options in WRITES:
        rehearse(service, method, path, **options)

    assert everything(service) == everything(monolith) == before
    assert contents_of(service) == contents
    assert (service.get("/lag"), monolith.outbox()["last"]) == (0, outbox)
    assert service.get("/dry-runs") == PROMISE
    # The next number that is taken is the one that would have been without them.
    assert service.create(name="after")["id"] > service.get(f"{LIST}/12")["id"]


def test_a_file_that_was_rehearsed_is_written_as_ever(fresh_pair: tuple[Side, Side]) -> None:
    _, service = fresh_pair
    path, content = f"{LIST}/1/files/f", b"content"
    rehearsed = rehearse(service, "PUT", path, content=content)
    assert rehearsed.json()["sha256"] == hashlib.sha256(content).hexdigest()
    assert service.ask("GET", path).status_code == 404
    assert service.ask("PUT", path, content=content).status_code == 201
    assert service.ask("GET", path).content == content


def test_what_is_new_at_the_monolith_can_be_rehearsed_at_once(
    fresh_pair: tuple[Side, Side],
) -> None:
    monolith, service = fresh_pair
    created = monolith.create(name="just now")["id"]
    answer = rehearse(service, "PATCH", f"{LIST}/{created}", json={"name": "then"})
    assert (answer.status_code, answer.json()["name"]) == (200, "then")


def test_a_service_that_dies_in_the_middle_has_done_nothing(fresh_pair: tuple[Side, Side]) -> None:
    monolith, service = fresh_pair
    before = everything(service)
    for name in ("one", "two"):
        assert rehearse(service, "POST", LIST, json={"name": name, "kind": "table"}).status_code
        service.program.kill()
        service.program.start()
    assert everything(service) == everything(monolith) == before


def test_one_that_fills_promises_nothing_yet(fresh_pair: tuple[Side, Side]) -> None:
    """What it would answer then tells nothing of the build."""
    monolith, service = fresh_pair
    service.program.stop()
    monolith.program.stop()
    database = directory_of(service) / "datasets.db"
    for file in directory_of(service).glob(f"{database.name}*"):
        if file.is_file():
            file.unlink()
    service.program.start()
    assert service.ask("GET", "/dry-runs").status_code == 503
