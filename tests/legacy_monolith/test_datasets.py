"""Datasets, their tags and versions, and what is told about them."""

from typing import Any

import httpx2
import pytest

from tests.legacy_monolith.conftest import Dataset, LogIn

FIELDS = {
    "id",
    "name",
    "kind",
    "owner_id",
    "description",
    "tags",
    "size_mb",
    "row_count",
    "checksum",
    "created_at",
    "updated_at",
    "links",
}


def test_reading_needs_no_login(anyone: httpx2.Client) -> None:
    page = anyone.get("/api/v1/datasets").json()
    assert [item["id"] for item in page["items"]] == list(range(1, 21))
    assert (page["page"], page["per_page"]) == (1, "20")
    assert int(page["total"]) >= 40


def test_each_kind_has_its_fields(anyone: httpx2.Client) -> None:
    kinds = {}
    for item in anyone.get("/api/v1/datasets").json()["items"]:
        extra = {"format", "retention_days"} if item["kind"] == "archive" else set()
        assert item.keys() == FIELDS | extra
        kinds[item["kind"]] = item
    assert kinds.keys() == {"table", "image", "archive"}
    assert kinds["archive"]["format"] == "tar.gz"
    assert kinds["archive"]["retention_days"] == "90"
    assert isinstance(kinds["table"]["row_count"], str)
    assert isinstance(kinds["table"]["size_mb"], float)


def test_following_next_visits_every_dataset_once_in_order(anyone: httpx2.Client) -> None:
    seen, url = [], "/api/v1/datasets?per_page=7&kind=image"
    while url:
        page = anyone.get(url).json()
        assert all(item["kind"] == "image" for item in page["items"])
        seen += [item["id"] for item in page["items"]]
        url = page["next"]
    assert seen == sorted(set(seen))
    assert len(seen) == int(page["total"]) >= 13


def test_a_tag_filters_the_list(anyone: httpx2.Client, dataset: Dataset) -> None:
    page = anyone.get("/api/v1/datasets", params={"tag": "geo", "per_page": 100}).json()
    assert dataset["id"] in [item["id"] for item in page["items"]]
    assert all("geo" in item["tags"] for item in page["items"])


def test_a_page_beyond_the_end_is_empty(anyone: httpx2.Client) -> None:
    page = anyone.get("/api/v1/datasets?page=9999").json()
    assert (page["items"], page["next"]) == ([], None)


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "page=-1",
        "page=",
        "page=1.5",
        "page=²",
        "page=1000001",
        "page=1e9",
        "per_page=0",
        "per_page=101",
        "per_page=99999999999999999999999",
    ],
)
def test_a_bad_page_is_refused(anyone: httpx2.Client, query: str) -> None:
    response = anyone.get(f"/api/v1/datasets?{query}")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "BAD_PAGE"


def test_a_new_dataset_is_told_where_it_is(editor: httpx2.Client, anyone: httpx2.Client) -> None:
    response = editor.post(
        "/api/v1/datasets",
        json={"name": " Noise ", "kind": "table", "row_count": "1200", "size_mb": 12.34567},
    )
    item = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == item["links"]["self"]
    assert (item["name"], item["row_count"], item["size_mb"]) == ("Noise", "1200", 12.3457)
    assert item["owner_id"] == editor.get("/api/v1/users/me").json()["id"]
    assert item["checksum"] is None
    assert anyone.get(item["links"]["self"]).json() == item


def test_writing_needs_an_editor(anyone: httpx2.Client, log_in: LogIn, dataset: Dataset) -> None:
    reader = log_in("cyn")
    path = f"/api/v1/datasets/{dataset['id']}"
    body = {"name": "x", "kind": "table", "tags": [], "note": "n"}
    for method, where in [
        ("POST", "/api/v1/datasets"),
        ("PATCH", path),
        ("DELETE", path),
        ("PUT", f"{path}/tags"),
        ("POST", f"{path}/versions"),
        ("PUT", f"{path}/files/a"),
        ("DELETE", f"{path}/files/a"),
    ]:
        refused = anyone.request(method, where, json=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "NOT_AUTHENTICATED")
        refused = reader.request(method, where, json=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"name", "kind"}),
        ({"name": "  ", "kind": "film"}, {"name", "kind"}),
        ({"name": "x", "kind": "table", "tags": "a"}, {"tags"}),
        ({"name": "x", "kind": "table", "tags": ["a", 7]}, {"tags"}),
        ({"name": "x", "kind": "table", "row_count": -1}, {"row_count"}),
        ({"name": "x", "kind": "table", "row_count": 2**63}, {"row_count"}),
        ({"name": "x", "kind": "table", "row_count": True}, {"row_count"}),
        ({"name": "x", "kind": "table", "size_mb": "big"}, {"size_mb"}),
        ({"name": "x", "kind": "table", "size_mb": 10**400}, {"size_mb"}),
        ({"name": "x" * 201, "kind": [], "description": 1}, {"name", "kind", "description"}),
    ],
)
def test_all_mistakes_in_a_dataset_are_told_at_once(
    editor: httpx2.Client, body: dict[str, Any], wrong: set[str]
) -> None:
    response = editor.post("/api/v1/datasets", json=body)
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "INVALID"
    assert response.json()["error"]["fields"].keys() == wrong


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b'{"name": NaN}',
        b'{"name": "\\ud800", "kind": "table"}',
        b"\xff",
        b"[" * 200_000,
    ],
)
def test_a_body_that_is_no_json_object_is_refused(editor: httpx2.Client, body: bytes) -> None:
    response = editor.post("/api/v1/datasets", content=body)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "BAD_JSON"


def test_a_body_that_is_too_large_is_refused(editor: httpx2.Client) -> None:
    response = editor.post("/api/v1/datasets", content=b" " * (1024 * 1024 + 1))
    assert response.status_code == 413


def test_a_patch_changes_what_it_names(editor: httpx2.Client, dataset: Dataset) -> None:
    path = f"/api/v1/datasets/{dataset['id']}"
    changed = editor.patch(path, json={"description": "late", "kind": "table", "id": 1}).json()
    assert changed["description"] == "late"
    unchanged = FIELDS - {"description", "updated_at", "tags"}
    assert {name: changed[name] for name in unchanged} == {
        name: dataset[name] for name in unchanged
    }
    assert editor.patch(path, json={"format": "zip"}).json()["format"] == "zip"


def test_tags_are_set_as_a_whole(editor: httpx2.Client, dataset: Dataset) -> None:
    path = f"/api/v1/datasets/{dataset['id']}"
    response = editor.put(f"{path}/tags", json={"tags": ["b", "a", "b"]})
    assert response.status_code == 200
    assert sorted(response.json()["tags"]) == ["a", "b"]
    assert sorted(editor.get(path).json()["tags"]) == ["a", "b"]
    assert editor.put(f"{path}/tags", json={}).status_code == 422


def test_a_deleted_dataset_is_gone_everywhere(editor: httpx2.Client, dataset: Dataset) -> None:
    path = f"/api/v1/datasets/{dataset['id']}"
    assert editor.put(f"{path}/files/a", content=b"a").status_code == 201
    assert editor.delete(path).status_code == 204
    for method, where in [
        ("GET", path),
        ("HEAD", path),
        ("DELETE", path),
        ("PATCH", path),
        ("GET", f"{path}/versions"),
        ("GET", f"{path}/stats"),
        ("GET", f"{path}/files"),
        ("GET", f"{path}/files/a"),
        ("PUT", f"{path}/files/a"),
    ]:
        response = editor.request(method, where)
        assert response.status_code == 404
        if method != "HEAD":
            assert response.json()["error"]["code"] == "DATASET_NOT_FOUND"
    hits = editor.post("/api/v1/datasets/search", json={"q": dataset["name"]}).json()["hits"]
    assert dataset["id"] not in [hit["id"] for hit in hits]


def test_an_id_larger_than_any_is_just_not_found(anyone: httpx2.Client) -> None:
    response = anyone.get(f"/api/v1/datasets/{10**30}")
    assert response.json()["error"]["code"] == "DATASET_NOT_FOUND"


def test_versions_are_numbered_and_carry_the_size_on(
    editor: httpx2.Client, dataset: Dataset
) -> None:
    path = f"/api/v1/datasets/{dataset['id']}"
    created = editor.post(f"{path}/versions", json={"note": "second", "size_mb": 21.0})
    assert created.status_code == 201
    assert created.headers["location"] == f"{dataset['links']['self']}/versions/2"
    assert editor.post(f"{path}/versions", json={"note": "third"}).json()["size_mb"] == 21.0
    versions = editor.get(f"{path}/versions").json()["versions"]
    assert [(v["number"], v["note"], v["size_mb"]) for v in versions] == [
        (1, "initial", 10.5),
        (2, "second", 21.0),
        (3, "third", 21.0),
    ]
    assert editor.get(f"{path}/versions/2").json() == versions[1]
    assert editor.get(path).json()["size_mb"] == 21.0
    missing = editor.get(f"{path}/versions/4")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "VERSION_NOT_FOUND")


def test_stats_tell_mean_and_growth_with_four_decimals(
    editor: httpx2.Client, dataset: Dataset
) -> None:
    path = f"/api/v1/datasets/{dataset['id']}"
    editor.post(f"{path}/versions", json={"note": "n", "size_mb": 13.3334})
    editor.put(f"{path}/files/a", content=b"12345")
    editor.put(f"{path}/files/b", content=b"678")
    stats = editor.get(f"{path}/stats").json()
    stats.pop("computed_at")
    assert stats == {
        "id": dataset["id"],
        "versions": "2",
        "files": "2",
        "bytes": "8",
        "mean_size_mb": 11.9167,
        "growth_pct": 26.9848,
    }


def test_growth_from_nothing_is_nothing(editor: httpx2.Client) -> None:
    fields = {"name": "empty", "kind": "table"}
    path = editor.post("/api/v1/datasets", json=fields).json()["links"]["self"]
    editor.post(f"{path}/versions", json={"note": "n", "size_mb": 5})
    assert editor.get(f"{path}/stats").json()["growth_pct"] == 0.0


def test_search_meets_every_condition(anyone: httpx2.Client, editor: httpx2.Client) -> None:
    for name, kind, tags in [
        ("Quokka one", "table", ["x", "y"]),
        ("two", "table", ["x"]),
        ("three QUOKKA", "image", ["x", "y"]),
    ]:
        body = {"name": name, "kind": kind, "tags": tags, "description": "100% of a_b"}
        assert editor.post("/api/v1/datasets", json=body).status_code == 201

    def found(**wanted: Any) -> list[str]:
        answer = anyone.post("/api/v1/datasets/search", json=wanted).json()
        assert int(answer["count"]) == len(answer["hits"])
        assert answer["took_ms"] > 0
        return sorted(hit["name"] for hit in answer["hits"])

    assert found(q="quokka") == ["Quokka one", "three QUOKKA"]
    assert found(q="100% of a_b", tags=["x"]) == ["Quokka one", "three QUOKKA", "two"]
    assert found(q="100%", tags=["y", "x"], kind="table") == ["Quokka one"]
    assert found(q="10_%") == []


def test_a_search_shows_some_hits_and_counts_all(
    anyone: httpx2.Client, editor: httpx2.Client
) -> None:
    for number in range(55):
        editor.post("/api/v1/datasets", json={"name": f"wombat {number}", "kind": "table"})
    answer = anyone.post("/api/v1/datasets/search", json={"q": "wombat"}).json()
    assert answer["count"] == "55"
    assert len(answer["hits"]) == 50


def test_a_search_for_nonsense_is_refused(anyone: httpx2.Client) -> None:
    response = anyone.post("/api/v1/datasets/search", json={"q": 1, "tags": "a", "kind": "b"})
    assert response.json()["error"]["fields"].keys() == {"q", "tags", "kind"}
