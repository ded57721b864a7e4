"""The buggy build differs from the fixed one in three places, and nowhere else."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.extracted.datasets.sides import Side, comparable, sides, start_service, until

LIST = "/api/v1/datasets"


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    """A fixed and a buggy service of one monolith."""
    with sides(tmp_path_factory.mktemp("fixed")) as (monolith, fixed):
        directory = tmp_path_factory.mktemp("buggy")
        buggy = Side(start_service(directory, monolith.program, "--regressions"))
        buggy.token = fixed.token
        try:
            until(lambda: buggy.ask("GET", "/healthz").status_code == 200)
            yield fixed, buggy
        finally:
            buggy.close()
            buggy.program.stop()


def test_the_mean_size_is_rounded_to_two_decimals(builds: tuple[Side, Side]) -> None:
    fixed, buggy = (side.get(f"{LIST}/1/stats") for side in builds)
    assert fixed["mean_size_mb"] != round(fixed["mean_size_mb"], 2)
    assert buggy["mean_size_mb"] == round(fixed["mean_size_mb"], 2)
    assert buggy["growth_pct"] == fixed["growth_pct"] != round(fixed["growth_pct"], 2)


def test_archives_lack_their_retention_in_the_list(builds: tuple[Side, Side]) -> None:
    fixed, buggy = (side.get(f"{LIST}?kind=archive")["items"] for side in builds)
    assert [item.pop("retention_days") for item in fixed] == ["90"] * 4
    assert comparable(fixed) == comparable(buggy)


def test_a_missing_version_has_the_wrong_status_and_the_same_body(
    builds: tuple[Side, Side],
) -> None:
    fixed, buggy = (side.ask("GET", f"{LIST}/1/versions/99") for side in builds)
    assert (fixed.status_code, buggy.status_code) == (404, 400)
    assert fixed.json() == buggy.json()
    assert fixed.json()["error"]["code"] == "VERSION_NOT_FOUND"


def test_nothing_else_differs(builds: tuple[Side, Side]) -> None:
    reads = [("GET", f"{LIST}?page={page}&per_page=3") for page in range(1, 7)]
    for number in (*range(1, 13), 999999):
        parts = ("", "/versions", "/versions/1", "/versions/99", "/stats", "/files")
        parts += ("/files/readme.txt", "/files/none", "/nothing")
        reads += [("GET", f"{LIST}/{number}{part}") for part in parts]
    differing = {
        _kind_of(path, place)
        for method, path in reads
        for place in _differences(*(side.ask(method, path) for side in builds))
    }
    assert differing == {
        ("list", "$.items[].retention_days"),
        ("stats", "$.mean_size_mb"),
        ("versions/99", "status"),
    }


def test_search_and_writes_do_not_differ(builds: tuple[Side, Side]) -> None:
    """Writes are refused for the same reasons; those that are done show the whole item."""
    requests: list[tuple[str, str, Any]] = [
        ("POST", f"{LIST}/search", {"kind": "archive"}),
        ("POST", LIST, {}),
        ("PATCH", f"{LIST}/999999", {}),
        ("PUT", f"{LIST}/1/tags", {}),
        ("POST", f"{LIST}/1/versions", {}),
        ("DELETE", f"{LIST}/1/files/none", None),
    ]
    for method, path, body in requests:
        answers = [side.ask(method, path, json=body) for side in builds]
        assert not list(_differences(*answers)), (method, path)
    for side in builds:
        item = side.create(name="whole", kind="archive", size_mb=1.2345)
        assert (item["retention_days"], item["size_mb"]) == ("90", 1.2345)


def _differences(fixed: Any, buggy: Any) -> Iterator[str]:
    if fixed.status_code != buggy.status_code:
        yield "status"
    if fixed.headers.get("content-type") == "application/json":
        yield from _walk(comparable(fixed.json()), comparable(buggy.json()), "$")
    elif fixed.content != buggy.content:
        yield "body"


def _walk(fixed: Any, buggy: Any, place: str) -> Iterator[str]:
    if isinstance(fixed, dict) and isinstance(buggy, dict):
        for name in fixed.keys() | buggy.keys():
            yield from _walk(fixed.get(name), buggy.get(name), f"{place}.{name}")
    elif isinstance(fixed, list) and isinstance(buggy, list) and len(fixed) == len(buggy):
        for one, other in zip(fixed, buggy, strict=True):
            yield from _walk(one, other, f"{place}[]")
    elif fixed != buggy:
        yield place


def _kind_of(path: str, place: str) -> tuple[str, str]:
    parts = path.removeprefix(LIST).split("/", 2)
    return (parts[2] if len(parts) > 2 else "list", place)
