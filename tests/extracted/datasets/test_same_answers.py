"""Both sides answer the same for each public endpoint, but for what is declared to change."""

import json
import re
from typing import Any

import pytest

from tests.extracted.datasets.sides import Side, answers_alike, comparable, log_in

MISSING = 999_999
LIST = "/api/v1/datasets"
TIMES = {"created_at", "updated_at"}

READS = [
    *(f"{LIST}/{number}" for number in range(1, 13)),
    *(f"{LIST}/{number}/versions" for number in range(1, 13)),
    *(f"{LIST}/{number}/stats" for number in range(1, 13)),
    *(f"{LIST}/{number}/files" for number in range(1, 13)),
    f"{LIST}/1/versions/1",
    f"{LIST}/1/versions/99",
    f"{LIST}/1/files/readme.txt",
    f"{LIST}/1/files/none.txt",
    f"{LIST}/1/files/a%20b",
    f"{LIST}/1/files/{'x' * 101}",
    f"{LIST}/{MISSING}",
    f"{LIST}/{2**70}",
    f"{LIST}/{MISSING}/versions",
    f"{LIST}/{MISSING}/versions/1",
    f"{LIST}/{MISSING}/stats",
    f"{LIST}/{MISSING}/files",
    f"{LIST}/{MISSING}/files/readme.txt",
    f"{LIST}/abc",
    f"{LIST}/1/nothing",
    LIST,
    *(f"{LIST}?{query}" for query in (
        "per_page=5",
        "page=2&per_page=5",
        "page=3&per_page=5",
        "page=4&per_page=5",
        "page=1000000",
        "kind=archive",
        "kind=archive&per_page=1",
        "kind=none",
        "kind=",
        "tag=open",
        "tag=open&kind=table&per_page=1&page=1",
        "tag=no%20such%26tag",
        "tag=",
        "page=0",
        "page=-1",
        "page=x",
        "page=1000001",
        "page=",
        "page=%D9%A1",
        "per_page=0",
        "per_page=100",
        "per_page=101",
        "page=99999999999999999999999",
    )),
]  # fmt: skip

SEARCHES: list[Any] = [
    {},
    {"q": ""},
    {"q": "zürich"},
    {"q": "TRAFFIC"},
    {"q": "as delivered", "kind": "image"},
    {"tags": ["open"]},
    {"tags": ["open", "daily"]},
    {"tags": ["open", "open"]},
    {"tags": []},
    {"kind": "archive", "tags": ["legacy"], "q": " "},
    {"kind": "none"},
    {"kind": None},
    {"q": 5, "tags": "open"},
    {"tags": [1]},
    {"tags": [[]]},
    {"tags": ["x"] * 21},
    {"q": "x" * 201},
    [],
    "text",
]

BODIES: list[Any] = [
    {},
    {"name": None, "kind": None},
    {"name": "", "kind": "table"},
    {"name": " ", "kind": "table"},
    {"name": "x" * 201, "kind": "table"},
    {"name": 5, "kind": 5},
    {"name": "x", "kind": "video"},
    {"name": "x", "kind": ["table"]},
    {"name": "x", "kind": "table", "tags": "open"},
    {"name": "x", "kind": "table", "tags": [""]},
    {"name": "x", "kind": "table", "tags": [{}]},
    {"name": "x", "kind": "table", "tags": None},
    {"name": "x", "kind": "table", "tags": ["t"] * 21},
    {"name": "x", "kind": "table", "row_count": -1},
    {"name": "x", "kind": "table", "row_count": 1.5},
    {"name": "x", "kind": "table", "row_count": "many"},
    {"name": "x", "kind": "table", "row_count": "\u0661"},
    {"name": "x", "kind": "table", "row_count": True},
    {"name": "x", "kind": "table", "row_count": 2**63},
    {"name": "x", "kind": "table", "size_mb": "5"},
    {"name": "x", "kind": "table", "size_mb": -0.1},
    {"name": "x", "kind": "table", "size_mb": False},
    {"name": "x", "kind": "table", "size_mb": None},
    {"name": "x", "kind": "table", "description": 1, "format": ""},
    {"name": "x", "kind": "table", "description": "x" * 2001},
    {"name": "x", "kind": "table", "format": "x" * 21},
    [],
    None,
]

CREATIONS: list[dict[str, Any]] = [
    {"name": "plain", "kind": "table"},
    {"name": " blanks around ", "kind": "image", "description": "  "},
    {"name": "full", "kind": "table", "tags": ["b", "a", "b"], "row_count": "12", "size_mb": 1},
    {"name": "Ünïcode ☃", "kind": "archive"},
    {"name": "zip", "kind": "archive", "format": "zip", "size_mb": 1.23456789, "row_count": 7},
    {"name": "no format", "kind": "table", "format": "zip", "unknown": True},
    {"name": "largest", "kind": "table", "row_count": 2**63 - 1, "size_mb": 1e15},
]

CHANGES: list[tuple[str, str, Any]] = [
    ("PATCH", "", {}),
    ("PATCH", "", {"name": "renamed"}),
    ("PATCH", "", {"description": "", "tags": ["z", "y"], "row_count": 0, "size_mb": 0}),
    ("PATCH", "", {"format": "zip", "kind": "image", "id": 5, "owner_id": "1"}),
    ("PATCH", "", {"name": None}),
    ("PATCH", "", {"name": "", "size_mb": -1}),
    ("PATCH", "", []),
    ("PUT", "/tags", {"tags": ["one", " two "]}),
    ("PUT", "/tags", {"tags": []}),
    ("PUT", "/tags", {}),
    ("PUT", "/tags", {"tags": None}),
    ("PUT", "/tags", {"tags": "one"}),
    ("POST", "/versions", {"note": "larger", "size_mb": 3.14159265}),
    ("POST", "/versions", {"note": "as large"}),
    ("POST", "/versions", {"note": "", "size_mb": "x"}),
    ("POST", "/versions", {"note": "x", "size_mb": None}),
    ("POST", "/versions", {}),
]

UNKNOWN_WRITES = [
    ("PATCH", f"{LIST}/{MISSING}", {"name": "x"}),
    ("PATCH", f"{LIST}/{MISSING}", []),
    ("DELETE", f"{LIST}/{MISSING}", None),
    ("PUT", f"{LIST}/{MISSING}/tags", {"tags": []}),
    ("POST", f"{LIST}/{MISSING}/versions", {"note": "x"}),
    ("PUT", f"{LIST}/{MISSING}/files/x", {}),
    ("DELETE", f"{LIST}/{MISSING}/files/x", None),
    ("DELETE", f"{LIST}/1/files/x", None),
    ("PUT", f"{LIST}/1/files/a%20b", {}),
    ("POST", f"{LIST}/1", {}),
    ("DELETE", LIST, None),
]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reads_are_answered_alike(pair: tuple[Side, Side], method: str, path: str) -> None:
    answers_alike(*pair, method, path, token="")


@pytest.mark.parametrize("body", SEARCHES, ids=json.dumps)
def test_searches_are_answered_alike(pair: tuple[Side, Side], body: Any) -> None:
    answers_alike(*pair, "POST", f"{LIST}/search", json=body, token="")


@pytest.mark.parametrize("body", BODIES, ids=json.dumps)
def test_refused_creations_are_refused_alike(pair: tuple[Side, Side], body: Any) -> None:
    assert answers_alike(*pair, "POST", LIST, json=body) in {400, 422}


@pytest.mark.parametrize(("method", "path", "body"), UNKNOWN_WRITES)
def test_writes_to_what_is_not_there_are_refused_alike(
    pair: tuple[Side, Side], method: str, path: str, body: Any
) -> None:
    assert answers_alike(*pair, method, path, json=body) in {404, 405, 422}


@pytest.mark.parametrize("content", [b"", b"{", b"{'a': 1}", b"\xff\xfe", b'{"size_mb": NaN}'])
def test_bodies_that_are_not_json_are_refused_alike(
    pair: tuple[Side, Side], content: bytes
) -> None:
    assert answers_alike(*pair, "POST", LIST, content=content) == 400
    assert answers_alike(*pair, "POST", f"{LIST}/search", content=content) == 400


def test_a_body_without_end_is_refused_alike(pair: tuple[Side, Side]) -> None:
    assert answers_alike(*pair, "POST", LIST, content=b" " * (1024 * 1024 + 1)) == 413


def test_writers_are_told_apart_alike(pair: tuple[Side, Side]) -> None:
    writes = [
        ("POST", LIST),
        ("PATCH", f"{LIST}/1"),
        ("DELETE", f"{LIST}/{MISSING}"),
        ("PUT", f"{LIST}/1/tags"),
        ("POST", f"{LIST}/1/versions"),
        ("PUT", f"{LIST}/1/files/x"),
        ("DELETE", f"{LIST}/1/files/a%20b"),
    ]
    reader = log_in(pair[0], "cyn")
    forged = pair[0].token[:-2] + "xx"
    for method, path in writes:
        for token in ("", forged, "no token", "a.b", "."):
            assert answers_alike(*pair, method, path, token=token) == 401
        assert answers_alike(*pair, method, path, token=reader) == 403


def test_a_session_cookie_is_as_good_as_a_bearer_token(pair: tuple[Side, Side]) -> None:
    for token, status in ((pair[0].token, 422), ("nonsense", 401)):
        cookie = {"Cookie": f"MSESSID={token}"}
        assert answers_alike(*pair, "POST", LIST, token="", headers=cookie, json={}) == status


def test_absolute_urls_are_built_alike(pair: tuple[Side, Side]) -> None:
    for proto in ("https", "http", "gopher", "https, http"):
        headers = {"Host": "other.example:8443", "X-Forwarded-Proto": proto}
        answers_alike(*pair, "GET", f"{LIST}?per_page=1", headers=headers)
        answers_alike(*pair, "GET", f"{LIST}/1/files", headers=headers)


def test_the_same_writes_give_the_same_answers(pair: tuple[Side, Side]) -> None:
    """Ids and times differ by nature, so each side's own are put aside."""
    for creation in CREATIONS:
        made = [side.ask("POST", LIST, json=creation) for side in pair]
        ids = [response.json()["id"] for response in made]
        assert _aside(made[0], ids[0]) == _aside(made[1], ids[1])
        for method, path, body in CHANGES:
            answers = [
                side.ask(method, f"{LIST}/{own}{path}", json=body)
                for side, own in zip(pair, ids, strict=True)
            ]
            assert _aside(answers[0], ids[0]) == _aside(answers[1], ids[1]), (method, path, body)
        for path in ("", "/versions", "/stats", "/files"):
            answers = [
                side.ask("GET", f"{LIST}/{own}{path}") for side, own in zip(pair, ids, strict=True)
            ]
            assert _aside(answers[0], ids[0]) == _aside(answers[1], ids[1]), path
        for side, own in zip(pair, ids, strict=True):
            assert side.ask("DELETE", f"{LIST}/{own}").status_code == 204
            assert side.ask("GET", f"{LIST}/{own}").status_code == 404


def test_the_same_uploads_give_the_same_answers(pair: tuple[Side, Side]) -> None:
    ids = [side.create(name="for files")["id"] for side in pair]
    uploads: list[dict[str, Any]] = [
        {"content": b"first", "headers": {"Content-Type": "text/plain"}},
        {"content": b"", "headers": {}},
        {"content": b"second", "headers": {"X-Checksum-SHA256": "0" * 64}},
        {"content": b"second", "headers": {"X-Checksum-SHA256": ""}},
    ]
    for upload in uploads:
        for method, options in (("PUT", upload), ("GET", {}), ("HEAD", {}), ("DELETE", {})):
            answers = [
                side.ask(method, f"{LIST}/{own}/files/x.bin", **options)
                for side, own in zip(pair, ids, strict=True)
            ]
            assert _aside(answers[0], ids[0]) == _aside(answers[1], ids[1]), (method, upload)


def test_the_service_names_itself_and_leaves_the_monoliths_manners_behind(
    pair: tuple[Side, Side],
) -> None:
    response = pair[1].ask("GET", LIST, headers={"Accept-Encoding": "gzip"})
    assert response.headers["server"] == "datasets/1.0"
    assert "x-runtime-info" not in response.headers
    assert "content-encoding" not in response.headers


def _aside(response: Any, own_id: int) -> tuple[int, Any, Any]:
    """Give what is to be the same: without the times, and without the dataset's own id."""

    def cleaned(value: Any) -> Any:
        match value:
            case dict():
                return {k: cleaned(v) for k, v in value.items() if k not in TIMES}
            case list():
                return [cleaned(item) for item in value]
            case str():
                return re.sub(rf"\b(datasets?[ /]){own_id}\b", r"\1ID", value)
            case int() if value == own_id:
                return "ID"
            case _:
                return value

    json_expected = response.headers.get("content-type") == "application/json"
    body = response.json() if json_expected and response.content else response.text
    location = cleaned(response.headers.get("location", ""))
    return response.status_code, location, comparable(cleaned(body))
