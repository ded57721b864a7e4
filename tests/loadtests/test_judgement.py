import json
from typing import Any

import pytest

from loadtests.judgement import Unexpected, judge, judge_refusal, judge_status
from loadtests.shapes import Dataset, Page, Shape, Stats, Tags

DATASET: dict[str, Any] = {
    "id": 17,
    "name": "Météo Bern 017",
    "kind": "table",
    "owner_id": "4",
    "description": "",
    "tags": ["raw"],
    "size_mb": 12.3457,
    "row_count": "1200",
    "checksum": None,
    "created_at": "2026-11-21 03:25:11",
    "updated_at": "2026-11-21 03:25:11",
    "links": {"self": "http://h/api/v1/datasets/17", "files": "http://h/api/v1/datasets/17/files"},
}
ARCHIVE = {**DATASET, "kind": "archive", "format": "tar.gz", "retention_days": "90"}


def without(content: dict[str, Any], member: str) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != member}


def complaint(shape: type[Shape], content: object, *, status: int = 200) -> str:
    with pytest.raises(Unexpected) as caught:
        judge(200, shape, status, json.dumps(content).encode())
    return str(caught.value)


@pytest.mark.parametrize("content", [DATASET, ARCHIVE, {**DATASET, "more": 1}])
def test_a_dataset_as_promised_is_taken(content: dict[str, Any]) -> None:
    assert judge(200, Dataset, 200, json.dumps(content).encode()).id == 17


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (without(DATASET, "tags"), "tags: Field required"),
        ({**DATASET, "id": "17"}, "id: "),
        ({**DATASET, "row_count": 1200}, "row_count: "),
        ({**DATASET, "size_mb": "12.3"}, "size_mb: "),
        ({**DATASET, "created_at": "2026-11-21T03:25:11Z"}, "created_at: "),
        ({**DATASET, "links": {"self": "/17", "files": "/17/files"}}, "links.self: "),
        (without(ARCHIVE, "retention_days"), "an archive needs format and retention_days"),
    ],
)
def test_another_shape_is_unexpected_and_the_complaint_names_the_place(
    content: dict[str, Any], wrong: str
) -> None:
    assert wrong in complaint(Dataset, content)


def test_the_place_in_a_list_is_named() -> None:
    page = {
        "items": [ARCHIVE, without(DATASET, "name")],
        "page": 1,
        "per_page": "20",
        "total": "2",
        "next": None,
        "generated_at": "2026-11-21 03:25:11.000001",
    }
    assert "items.1.name: Field required" in complaint(Page, page)


def test_a_200_that_carries_an_error_is_unexpected_even_if_the_shape_fits() -> None:
    assert "status 200 carries an error" in complaint(Tags, {"tags": [], "error": {"code": "X"}})


def test_the_word_error_inside_data_is_no_error() -> None:
    judge(200, Tags, 200, b'{"tags": ["error", "\\"error\\""]}')


def test_another_status_is_unexpected_whatever_the_body() -> None:
    assert "expected status 200, got 502" in complaint(Dataset, DATASET, status=502)


def test_no_body_where_json_is_due_is_unexpected() -> None:
    with pytest.raises(Unexpected, match="not the shape of Stats"):
        judge(200, Stats, 200, b"")


def test_a_long_body_is_cut_in_the_complaint() -> None:
    with pytest.raises(Unexpected) as caught:
        judge_status(200, 500, b"x" * 10_000)
    assert len(str(caught.value)) < 300


def test_the_right_refusal_is_a_success() -> None:
    judge_refusal(404, "VERSION_NOT_FOUND", 404, b'{"error": {"code": "VERSION_NOT_FOUND"}}')


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"error": {"code": "VERSION_NOT_FOUND"}}'),
        (404, b'{"error": {"code": "NOT_FOUND"}}'),
        (404, b"<h1>Not found</h1>"),
        (200, b'{"number": 1}'),
    ],
)
def test_another_refusal_is_unexpected(status: int, body: bytes) -> None:
    with pytest.raises(Unexpected):
        judge_refusal(404, "VERSION_NOT_FOUND", status, body)
