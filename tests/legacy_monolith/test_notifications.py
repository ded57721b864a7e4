"""Notifications as lists, and how users want to be told."""

import httpx2
import pytest

from tests.legacy_monolith.conftest import LogIn

PATH = "/api/v1/notifications"


def texts(client: httpx2.Client, query: str = "") -> list[str]:
    return [item["text"] for item in client.get(f"{PATH}{query}").json()["items"]]


def test_what_was_left_is_found_again_newest_first(log_in: LogIn) -> None:
    client = log_in("user01")
    for text in ("first", "second"):
        created = client.post(PATH, json={"text": text})
        assert created.status_code == 201
        assert created.json()["text"] == text
        assert client.get(created.headers["location"]).json() == created.json()
    assert texts(client)[:2] == ["second", "first"]


def test_everybody_sees_only_their_own(log_in: LogIn, anyone: httpx2.Client) -> None:
    one, other = log_in("user01"), log_in("user02")
    number = one.post(PATH, json={"text": "secret"}).json()["id"]
    assert "secret" not in texts(other)
    for method, path in [("GET", f"{PATH}/{number}"), ("POST", f"{PATH}/{number}/read")]:
        refused = other.request(method, path)
        assert refused.status_code == 404
        assert refused.json()["error"]["code"] == "NOTIFICATION_NOT_FOUND"
    for path in (PATH, f"{PATH}/preferences", f"{PATH}/stream"):
        assert anyone.get(path).status_code == 401


def test_what_was_read_is_no_longer_unread(log_in: LogIn) -> None:
    client = log_in("user03")
    first, second = (client.post(PATH, json={"text": t}).json()["id"] for t in ("a", "b"))
    unread = int(client.get(PATH).json()["unread"])
    assert client.post(f"{PATH}/{first}/read").json()["read"] is True
    body = client.get(f"{PATH}?unread=1").json()
    assert int(body["unread"]) == unread - 1
    numbers = [item["id"] for item in body["items"]]
    assert second in numbers
    assert first not in numbers
    assert first in [item["id"] for item in client.get(PATH).json()["items"]]


def test_the_limit_limits(log_in: LogIn) -> None:
    client = log_in("user04")
    for number in range(3):
        client.post(PATH, json={"text": f"n{number}"})
    assert texts(client, "?limit=2") == ["n2", "n1"]
    assert client.get(f"{PATH}?limit=0").status_code == 400


def test_the_owner_hears_of_every_write_to_a_dataset(log_in: LogIn) -> None:
    owner, other = log_in("user05"), log_in("user06")
    path = owner.post("/api/v1/datasets", json={"name": "D", "kind": "table"}).json()
    number, path = path["id"], path["links"]["self"]
    for method, where, body in [
        ("PATCH", path, {"name": "E"}),
        ("PUT", f"{path}/tags", {"tags": ["t"]}),
        ("POST", f"{path}/versions", {"note": "n"}),
        ("PUT", f"{path}/files/a", {}),
        ("DELETE", f"{path}/files/a", None),
        ("DELETE", path, None),
    ]:
        assert other.request(method, where, json=body).is_success
    assert texts(owner)[:7] == [
        f"Dataset {number} was deleted",
        f"Dataset {number} lost a file: a",
        f"Dataset {number} got a file: a",
        f"Dataset {number} was changed: E",
        f"Dataset {number} was changed: E",
        f"Dataset {number} was changed: E",
        f"Dataset {number} was created: D",
    ]


def test_preferences_are_kept_and_what_is_left_out_stays(log_in: LogIn) -> None:
    client = log_in("user08")
    before = client.get(f"{PATH}/preferences").json()
    assert sorted(before.pop("channels")) == ["mail", "web"]
    assert before == {"email": True, "digest": "daily"}
    change = {"digest": "never", "channels": ["sms", "web"]}
    assert client.put(f"{PATH}/preferences", json=change).status_code == 200
    after = client.get(f"{PATH}/preferences").json()
    assert sorted(after.pop("channels")) == ["sms", "web"]
    assert after == {"email": True, "digest": "never"}


@pytest.mark.parametrize("change", [{"email": 1}, {"digest": "hourly"}, {"channels": ["pigeon"]}])
def test_preferences_that_are_none_are_refused(editor: httpx2.Client, change: object) -> None:
    assert editor.put(f"{PATH}/preferences", json=change).status_code == 422
