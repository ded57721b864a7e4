"""The manners of the monolith that a proxy and a comparer must live with."""

import re

import httpx2
import pytest

LOCAL_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def test_no_two_answers_carry_the_same_runtime_info(anyone: httpx2.Client) -> None:
    seen = [anyone.get("/healthz").headers["x-runtime-info"] for _ in range(50)]
    assert len(set(seen)) == 50
    assert all(re.fullmatch(r"dur=\d+\.\d{3};node=legacy-1;req=\d+", info) for info in seen)


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/account", "/api/v1/users/me"])
def test_each_answer_names_the_server_and_its_runtime(anyone: httpx2.Client, path: str) -> None:
    headers = anyone.get(path).headers
    assert headers["server"] == "legacy/4.2"
    assert "x-runtime-info" in headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("/api/v1/datasets/", "/api/v1/datasets"),
        ("/api/v1/datasets/?tag=a%2Fb&page=2", "/api/v1/datasets?tag=a%2Fb&page=2"),
        ("/there/is/no%20such//", "/there/is/no%20such"),
    ],
)
def test_a_trailing_slash_is_redirected_to_an_absolute_url(
    anyone: httpx2.Client, method: str, asked: str, told: str
) -> None:
    response = anyone.request(method, asked, headers={"Host": "old.example:8080"})
    assert response.status_code == 301
    assert response.headers["location"] == f"http://old.example:8080{told}"


def test_an_escaped_slash_at_the_end_is_no_trailing_slash(anyone: httpx2.Client) -> None:
    assert anyone.get("/api/v1/datasets%2F").status_code == 404


def test_urls_in_bodies_use_the_host_and_scheme_that_the_client_used(
    anyone: httpx2.Client,
) -> None:
    headers = {"Host": "data.example", "X-Forwarded-Proto": "https"}
    page = anyone.get("/api/v1/datasets?per_page=5", headers=headers).json()
    assert page["items"][0]["links"] == {
        "self": "https://data.example/api/v1/datasets/1",
        "files": "https://data.example/api/v1/datasets/1/files",
    }
    assert page["next"] == "https://data.example/api/v1/datasets?page=2&per_page=5"


def test_a_forwarded_scheme_that_is_none_is_not_believed(anyone: httpx2.Client) -> None:
    headers = {"X-Forwarded-Proto": "javascript"}
    item = anyone.get("/api/v1/datasets/1", headers=headers).json()
    assert item["links"]["self"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("path", "accepted", "coding"),
    [
        ("/api/v1/datasets", "gzip", "gzip"),
        ("/api/v1/datasets", "br;q=1.0, gzip;q=0.8", "gzip"),
        ("/api/v1/datasets", "identity", None),
        ("/api/v1/datasets", "gzip;q=0", None),
        ("/healthz", "gzip", None),  # not worth it
        ("/account", "gzip", None),  # not JSON
    ],
)
def test_large_json_is_gzipped_for_those_who_take_it(
    anyone: httpx2.Client, path: str, accepted: str, coding: str | None
) -> None:
    response = anyone.get(path, headers={"Accept-Encoding": accepted})
    assert response.headers.get("content-encoding") == coding


def test_times_are_local_and_have_no_zone(anyone: httpx2.Client) -> None:
    page = anyone.get("/api/v1/datasets").json()
    assert re.fullmatch(LOCAL_TIME, page["items"][0]["created_at"])
    assert re.fullmatch(LOCAL_TIME + r"\.\d{6}", page["generated_at"])


def test_lists_come_in_no_fixed_order(anyone: httpx2.Client) -> None:
    [path] = [
        item["links"]["self"]
        for item in anyone.get("/api/v1/datasets").json()["items"]
        if len(item["tags"]) == 4
    ][:1]
    # Four tags have 24 orders: the odds of seeing one alone in 60 asks are beyond 10**-80.
    seen = {tuple(anyone.get(path).json()["tags"]) for _ in range(60)}
    assert len(seen) > 1
    assert len({frozenset(tags) for tags in seen}) == 1


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/datasets/seventeen", "/a/b"])
def test_unknown_paths_are_told_in_json(anyone: httpx2.Client, path: str) -> None:
    response = anyone.get(path)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "NOT_FOUND"


def test_a_method_that_a_path_does_not_have_is_told_with_those_it_has(
    anyone: httpx2.Client,
) -> None:
    response = anyone.delete("/healthz")
    assert response.status_code == 405
    assert response.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
    assert "GET" in response.headers["allow"]


@pytest.mark.parametrize(
    "path", ["/healthz", "/login", "/api/v1/datasets", "/api/v1/datasets/1", "/nowhere"]
)
def test_head_answers_like_get_without_the_body(anyone: httpx2.Client, path: str) -> None:
    got, head = anyone.get(path), anyone.head(path)
    assert head.status_code == got.status_code
    assert head.content == b""
    assert head.headers["content-type"] == got.headers["content-type"]
