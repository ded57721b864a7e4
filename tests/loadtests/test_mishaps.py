"""A system that breaks its promises now and then: each kind of mishap is named in the report."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.loadtests.traffic import Outcome, run_traffic
from tests.loadtests.unreliable import Answer, Request, Unreliable, damaged
from tests.processes import Program


class Mishaps:
    """Answers as the good server does, but for these."""

    def __init__(self) -> None:
        self._downloads = itertools.count(1)

    def __call__(self, request: Request, upstream: Callable[[], Answer]) -> Answer | None:
        match request.method, request.path.split("?")[0].split("/")[3:]:
            case "PUT", ["datasets", _, "tags"]:
                return Answer.of_json(200, json.loads(request.body))  # and forgets them
            case "GET", ["datasets", _, "files", _]:
                every_other = next(self._downloads) % 2 == 0
                return damaged(upstream()) if every_other else upstream()
            case "GET", ["users", "me"]:
                return Answer.of_json(200, {"error": {"code": "BUSY", "message": "later"}})
            case "GET", ["datasets", _, "versions", "99999"]:
                return replace(upstream(), status=400)
            case "GET", ["datasets", _, "stats"]:
                figures = json.loads(upstream().body)
                return Answer.of_json(200, {**figures, "bytes": int(figures["bytes"])})
            case "POST", ["datasets", "search"]:
                found = json.loads(upstream().body)
                for item in found["hits"]:
                    item.pop("retention_days", None)
                return Answer.of_json(200, found)
            case "GET", ["notifications"]:
                return None
        return upstream()


@pytest.fixture(scope="module")
def outcome(monolith: Program, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    with Unreliable(monolith.url, Mishaps()) as server:
        directory = tmp_path_factory.mktemp("mishaps")
        return run_traffic(server.url, directory, "--run-time", "5", "--patience", "0.5")


def test_a_run_with_mishaps_does_not_hold(outcome: Outcome) -> None:
    assert outcome.code == 1
    assert not outcome.report["held"]


def test_a_write_that_was_acknowledged_and_forgotten_is_not_seen_and_missing(
    outcome: Outcome,
) -> None:
    what = "PUT /api/v1/datasets/{id}/tags"
    assert "should show tags" in outcome.first_failure(f"SEEN {what}")
    lost = [loss for loss in outcome.report["missing"] if loss["write"] == what]
    assert lost
    assert all(loss["member"] == "tags" and loss["wanted"] != loss["found"] for loss in lost)
    assert outcome.report["writes_present"] < outcome.report["writes_acknowledged"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("GET /api/v1/datasets/{id}/files/{name}", "but the content"),
        ("GET /api/v1/users/me", "status 200 carries an error"),
        ("GET /api/v1/datasets/{id}/versions/{missing}", "expected status 404, got 400"),
        ("GET /api/v1/datasets/{id}/stats", "not the shape of Stats: bytes"),
        ("POST /api/v1/datasets/search", "an archive needs format and retention_days"),
        ("GET /api/v1/notifications?limit=N", "no answer"),
    ],
)
def test_each_mishap_is_named(outcome: Outcome, name: str, complaint: str) -> None:
    assert complaint in outcome.first_failure(name)


def test_what_went_well_is_not_counted_as_failed(outcome: Outcome) -> None:
    assert outcome.report["per_name"]["GET /api/v1/datasets?page={n}"]["failures"] == 0
    assert outcome.report["per_name"]["POST /api/v1/notifications"]["failures"] == 0
