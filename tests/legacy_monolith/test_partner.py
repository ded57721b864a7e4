"""The partner feed: the outbox out, imports in."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.legacy_monolith.conftest import (
    INTERNAL,
    Dataset,
    LogIn,
    client_at,
    log_in_as,
    monolith_at,
)

OUTBOX = "/internal/outbox"
IMPORT = "/internal/datasets/import"


def last_number(partner: httpx2.Client) -> int:
    return int(partner.get(OUTBOX, params={"limit": 1}).json()["last"])


def events_after(partner: httpx2.Client, number: int) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = partner.get(OUTBOX, params={"after": number}).json()["events"]
    return events


def whole_outbox(partner: httpx2.Client) -> Iterator[dict[str, Any]]:
    number = 0
    while events := events_after(partner, number):
        yield from events
        number = events[-1]["number"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", OUTBOX), ("POST", IMPORT), ("GET", "/internal/files/x"), ("PUT", "/internal/files/x")],
)
def test_only_partners_get_in(log_in: LogIn, method: str, path: str) -> None:
    admin = log_in("ada")
    for headers in ({}, {"X-Internal-Token": "guessed"}):
        assert admin.request(method, path, headers=headers).status_code == 403


def test_each_change_is_told_in_order_with_the_whole_state(
    partner: httpx2.Client, editor: httpx2.Client
) -> None:
    start = last_number(partner)
    fields = {"name": "A", "kind": "archive", "tags": ["t"], "row_count": 5, "size_mb": 1.5}
    item = editor.post("/api/v1/datasets", json=fields).json()
    number, path = item["id"], item["links"]["self"]
    editor.post(f"{path}/versions", json={"note": "more", "size_mb": 2.5})
    stored = editor.put(f"{path}/files/a", content=b"a", headers={"Content-Type": "text/x"}).json()
    editor.delete(f"{path}/files/a")
    editor.delete(path)
    events = events_after(partner, start)
    assert [event["number"] for event in events] == list(range(start + 1, start + 6))
    assert {event["key"] for event in events} == {str(number)}
    assert [event["topic"] for event in events] == [
        "dataset.changed",
        "dataset.changed",
        "file.stored",
        "file.deleted",
        "dataset.deleted",
    ]
    created, changed, file_stored, file_deleted, deleted = (event["payload"] for event in events)
    assert (created["revision"], changed["revision"]) == (1, 2)
    versions = changed.pop("versions")
    assert [(v["number"], v["note"], v["size_mb"]) for v in versions] == [
        (1, "initial", 1.5),
        (2, "more", 2.5),
    ]
    public = {name: item[name] for name in item if name not in {"links", "updated_at"}}
    changed.pop("updated_at")
    assert changed == public | {"revision": 2, "size_mb": 2.5}
    file_stored.pop("created_at")
    known = {"dataset_id": number, "name": "a", "sha256": stored["sha256"]}
    assert file_stored == known | {"size": 1, "content_type": "text/x"}
    assert file_deleted == known
    assert deleted == {"id": number, "revision": 3}


def test_what_was_refused_is_not_told(partner: httpx2.Client, editor: httpx2.Client) -> None:
    start = last_number(partner)
    editor.post("/api/v1/datasets", json={"name": "no kind"})
    editor.delete("/api/v1/datasets/999999")
    editor.put("/api/v1/datasets/1/files/a", content=b"", headers={"X-Checksum-SHA256": "0" * 64})
    assert last_number(partner) == start


def test_pages_of_the_outbox_join_without_gaps(partner: httpx2.Client) -> None:
    numbers = [event["number"] for event in whole_outbox(partner)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(partner.get(OUTBOX, params={"after": 3, "limit": 7}).json()["events"]) == 7


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=0", "wait=long", "wait=-1"])
def test_nonsense_is_refused(partner: httpx2.Client, query: str) -> None:
    assert partner.get(f"{OUTBOX}?{query}").status_code == 400


def test_a_waiting_reader_is_answered_by_the_next_change(
    partner: httpx2.Client, editor: httpx2.Client
) -> None:
    start = last_number(partner)
    answers = []
    query = {"after": start, "wait": 30}
    waiting = threading.Thread(
        target=lambda: answers.append(partner.get(OUTBOX, params=query, timeout=60).json())
    )
    waiting.start()
    editor.post("/api/v1/datasets", json={"name": "awaited", "kind": "table"})
    # Less than the 30 s that it would wait by itself.
    waiting.join(20)
    assert not waiting.is_alive()
    assert [event["payload"]["name"] for event in answers[0]["events"]] == ["awaited"]


def test_a_wait_without_news_ends_with_nothing(partner: httpx2.Client) -> None:
    start = last_number(partner)
    body = partner.get(OUTBOX, params={"after": start, "wait": "0.05"}).json()
    assert body == {"events": [], "last": start}


def test_the_outbox_from_the_start_fills_an_empty_partner(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with (
        monolith_at(tmp_path / "one") as full,
        monolith_at(tmp_path / "two", "--seed-datasets", "0") as empty,
        client_at(full.url, INTERNAL) as source,
        client_at(empty.url, INTERNAL) as target,
    ):
        log_in_as(source, "ben")
        source.delete("/api/v1/datasets/5")
        source.put("/api/v1/datasets/6/files/b", content=b"bb")
        source.delete("/api/v1/datasets/1/files/readme.txt")
        relay(source, target)
        same_host = {"Host": "any.example"}
        for path in ("/api/v1/datasets?per_page=100", *stats_and_files()):
            ours, theirs = (c.get(path, headers=same_host) for c in (source, target))
            assert ours.status_code == theirs.status_code
            assert comparable(ours.json()) == comparable(theirs.json())
        assert target.get("/api/v1/datasets/6/files/b").content == b"bb"
        # An import is not told again.
        assert last_number(target) == 0


def stats_and_files() -> Iterator[str]:
    for number in range(1, 41):
        yield f"/api/v1/datasets/{number}/stats"
        yield f"/api/v1/datasets/{number}/files"
        yield f"/api/v1/datasets/{number}/versions"


def relay(source: httpx2.Client, target: httpx2.Client) -> None:
    """Bring everything from one monolith to another: events, missing contents, events again."""
    body = {"events": list(whole_outbox(source))}
    missing = target.post(IMPORT, json=body).json()["missing"]
    assert missing
    for sha256 in missing:
        content = source.get(f"/internal/files/{sha256}").content
        assert target.put(f"/internal/files/{sha256}", content=content).status_code == 201
    assert "missing" not in target.post(IMPORT, json=body).json()


def comparable(value: Any) -> Any:
    """Leave out what no two answers share, and the order where there is none."""
    if isinstance(value, list):
        return sorted(map(comparable, value), key=repr)
    if isinstance(value, dict):
        times = {"generated_at", "computed_at"}
        return {name: comparable(value[name]) for name in sorted(value.keys() - times)}
    return value


def state_of(partner: httpx2.Client, dataset: Dataset) -> dict[str, Any]:
    [state] = [
        event["payload"]
        for event in whole_outbox(partner)
        if event["topic"] == "dataset.changed" and event["key"] == str(dataset["id"])
    ]
    return state


def changed(state: dict[str, Any]) -> dict[str, Any]:
    return {"topic": "dataset.changed", "key": str(state["id"]), "payload": state}


def test_a_newer_state_is_taken_once_and_an_older_one_never(
    partner: httpx2.Client, editor: httpx2.Client, dataset: Dataset
) -> None:
    newer = state_of(partner, dataset) | {"revision": 5, "name": "Newer", "row_count": 77}
    older = newer | {"revision": 4, "name": "Older"}
    number = last_number(partner)
    for expected in (1, 0):
        body = {"events": [changed(newer), changed(older)]}
        assert partner.post(IMPORT, json=body).json() == {"applied": expected}
    item = editor.get(dataset["links"]["self"]).json()
    assert (item["name"], item["row_count"]) == ("Newer", "77")
    assert last_number(partner) == number
    note = editor.get("/api/v1/notifications").json()["items"][0]["text"]
    assert note == f"Dataset {dataset['id']} was changed: Newer"


def test_an_imported_id_does_not_move_the_ids_given_here(
    partner: httpx2.Client, editor: httpx2.Client, dataset: Dataset
) -> None:
    imported = state_of(partner, dataset) | {"id": 1_795_000_000_000_001, "revision": 1}
    assert partner.post(IMPORT, json={"events": [changed(imported)]}).json() == {"applied": 1}
    assert editor.get("/api/v1/datasets/1795000000000001").status_code == 200
    created = editor.post("/api/v1/datasets", json={"name": "next", "kind": "table"}).json()
    assert created["id"] == dataset["id"] + 1


def test_a_deleted_dataset_does_not_come_back_with_an_old_state(
    partner: httpx2.Client, editor: httpx2.Client, dataset: Dataset
) -> None:
    state = state_of(partner, dataset)
    deletion = {
        "topic": "dataset.deleted",
        "key": str(dataset["id"]),
        "payload": {"id": dataset["id"], "revision": 2},
    }
    assert partner.post(IMPORT, json={"events": [deletion]}).json() == {"applied": 1}
    again = partner.post(IMPORT, json={"events": [changed(state), deletion]})
    assert again.json() == {"applied": 0}
    assert editor.get(dataset["links"]["self"]).status_code == 404


def test_a_file_waits_for_its_content_and_is_deleted_by_its_content(
    partner: httpx2.Client, editor: httpx2.Client, dataset: Dataset
) -> None:
    sha256 = "5f5c6c3a8a6f2a7e0ff0d0b5a6b3a6a0a4d4b1f6f0e4a9f8f1c9d2b3c4d5e6f7"
    file = {"dataset_id": dataset["id"], "name": "f", "sha256": sha256, "size": 3}
    stored = file | {"content_type": "text/plain", "created_at": "2026-01-01 00:00:00"}
    body = {"events": [{"topic": "file.stored", "key": "1", "payload": stored}]}
    assert partner.post(IMPORT, json=body).json() == {"applied": 0, "missing": [sha256]}
    assert partner.get(f"/internal/files/{sha256}").status_code == 404
    refused = partner.put(f"/internal/files/{sha256}", content=b"abc")
    assert refused.json()["error"]["code"] == "CHECKSUM_MISMATCH"

    other = editor.put(f"{dataset['links']['files']}/other", content=b"abc").json()["sha256"]
    stored["sha256"] = other
    assert partner.post(IMPORT, json=body).json() == {"applied": 1}
    assert partner.post(IMPORT, json=body).json() == {"applied": 0}
    assert editor.get(f"{dataset['links']['files']}/f").content == b"abc"

    removal = {"dataset_id": dataset["id"], "name": "f", "sha256": sha256}
    body = {"events": [{"topic": "file.deleted", "key": "1", "payload": removal}]}
    assert partner.post(IMPORT, json=body).json() == {"applied": 0}
    removal["sha256"] = other
    assert partner.post(IMPORT, json=body).json() == {"applied": 1}
    assert editor.get(f"{dataset['links']['files']}/f").status_code == 404


@pytest.mark.parametrize(
    "event",
    [
        7,
        {},
        {"topic": "weather", "payload": {}},
        {"topic": "dataset.changed", "payload": {"id": 1}},
        {"topic": "dataset.changed", "payload": {"id": 10**30, "revision": 1}},
        {"topic": "file.stored", "payload": {"sha256": "../../etc/passwd"}},
    ],
)
def test_a_malformed_event_is_named_and_nothing_is_applied(
    partner: httpx2.Client, editor: httpx2.Client, dataset: Dataset, event: Any
) -> None:
    good = changed(state_of(partner, dataset) | {"revision": 9, "name": "Half"})
    refused = partner.post(IMPORT, json={"events": [good, event]})
    assert refused.status_code == 422
    assert "events[1]" in refused.json()["error"]["message"]
    assert editor.get(dataset["links"]["self"]).json()["name"] == dataset["name"]


def test_a_state_with_values_of_the_wrong_type_is_malformed(
    partner: httpx2.Client, dataset: Dataset
) -> None:
    state = state_of(partner, dataset) | {"revision": 9}
    for wrong in ({"name": {}}, {"name": None}, {"owner_id": "x"}, {"versions": [1]}):
        refused = partner.post(IMPORT, json={"events": [changed(state | wrong)]})
        assert refused.status_code == 422
