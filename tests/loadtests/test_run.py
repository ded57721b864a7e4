"""The traffic against the reference monolith, straight: what a good system looks like."""

import json
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.loadtests.traffic import Outcome, run_traffic
from tests.loadtests.unreliable import Unreliable
from tests.processes import ROOT, Program

DEADLINE = 60.0  # seconds; only reached when something is broken


@pytest.fixture(scope="module")
def outcome(monolith: Program, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One run of all kinds of users, read by several tests."""
    return run_traffic(monolith.url, tmp_path_factory.mktemp("good"), "--run-time", "5")


def test_a_good_system_passes(outcome: Outcome) -> None:
    assert (outcome.code, outcome.report["failures_by_name"]) == (0, {}), outcome.output
    assert outcome.report["held"]
    assert outcome.report["missing"] == []


def test_every_acknowledged_write_is_present(outcome: Outcome) -> None:
    assert outcome.report["writes_acknowledged"] > 20
    assert outcome.report["writes_present"] == outcome.report["writes_acknowledged"]


def test_all_kinds_of_traffic_take_place(outcome: Outcome) -> None:
    assert {
        "GET /api/v1/datasets?page={n}",
        "GET /api/v1/datasets/{id}",
        "GET /api/v1/datasets/{id}/stats",
        "GET /api/v1/datasets/{id}/versions",
        "GET /api/v1/datasets/{id}/versions/{missing}",
        "POST /api/v1/datasets/search",
        "GET /api/v1/users/me",
        "GET /api/v1/notifications?limit=N",
        "POST /api/v1/datasets",
        "PATCH /api/v1/datasets/{id}",
        "PUT /api/v1/datasets/{id}/tags",
        "POST /api/v1/datasets/{id}/versions",
        "PUT /api/v1/datasets/{id}/files/{name}",
        "POST /api/v1/notifications",
        "WS /api/v1/notifications/ws open",
        "WS /api/v1/notifications/ws note",
    } <= outcome.report["per_name"].keys()
    for count in ("uploads", "downloads", "bytes", "websocket_messages"):
        assert outcome.report[count] > 0


def test_each_write_is_looked_for_soon_after(outcome: Outcome) -> None:
    seen = {name for name in outcome.report["per_name"] if name.startswith("SEEN ")}
    assert {"SEEN POST /api/v1/datasets", "SEEN POST /api/v1/notifications"} <= seen
    looked = sum(outcome.report["per_name"][name]["count"] for name in seen)
    assert looked == outcome.report["writes_acknowledged"]


def test_the_report_tells_who_answered_for_the_datasets(outcome: Outcome) -> None:
    answered_by = outcome.report["answered_by"]
    assert {*answered_by["reads"], *answered_by["writes"]} == {"legacy/4.2"}


def test_sigterm_ends_a_run_with_a_report_and_live_numbers_until_then(
    monolith: Program, tmp_path: Path
) -> None:
    report, progress = tmp_path / "report.json", tmp_path / "progress.json"
    traffic = Program(
        "loadtests",
        *("--host", monolith.url, "--report", str(report), "--progress", str(progress)),
        ready="loadtests running",
    )
    with traffic:
        live = wait_for_progress(progress, traffic, lambda live: live["writes_acknowledged"] > 5)
        assert live["state"] == "running"
        assert live["users"] == 12
        assert traffic.stop(patience=DEADLINE) == 0, traffic.output
    final = json.loads(report.read_text(encoding="utf-8"))
    assert final["held"]
    assert final["requests"] >= live["requests"]
    assert json.loads(progress.read_text(encoding="utf-8"))["state"] == "done"


def test_a_write_that_was_seen_and_vanished_is_missing_at_the_end(
    monolith: Program, database: Path, tmp_path: Path
) -> None:
    report, progress = tmp_path / "report.json", tmp_path / "progress.json"
    traffic = Program(
        "loadtests",
        *("--host", monolith.url, "--report", str(report), "--progress", str(progress)),
        *("--patience", "1", "Listener"),
        ready="loadtests running",
    )
    with traffic:
        wait_for_progress(progress, traffic, lambda live: live["writes_acknowledged"] > 5)
        with closing(sqlite3.connect(database, timeout=DEADLINE)) as connection, connection:
            connection.execute("DELETE FROM notifications")
        assert traffic.stop(patience=DEADLINE) == 1
    final = json.loads(report.read_text(encoding="utf-8"))
    assert not final["held"]
    lost = final["writes_acknowledged"] - final["writes_present"]
    assert lost > 5
    assert lost == len({loss["path"] for loss in final["missing"]})
    assert {loss["write"] for loss in final["missing"]} == {"POST /api/v1/notifications"}
    assert "LOST POST /api/v1/notifications" in traffic.output


def test_a_websocket_that_the_server_closes_is_no_failure(
    monolith: Program, tmp_path: Path
) -> None:
    # The handshake, the greeting and about two notes.
    with Unreliable(monolith.url, cut_after=500) as server:
        outcome = run_traffic(server.url, tmp_path, "--run-time", "4", "--users", "4", "Listener")
    assert outcome.code == 0, outcome.output
    openings = outcome.report["per_name"]["WS /api/v1/notifications/ws open"]["count"]
    assert openings > 4


def test_a_host_that_does_not_answer_fails_the_run(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    outcome = run_traffic(f"http://127.0.0.1:{port}", tmp_path, "--run-time", "1")
    assert outcome.code == 1
    assert "no answer" in outcome.first_failure("POST /api/v1/login")


def test_an_unknown_user_class_is_a_usage_error() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "loadtests", "--host", "http://127.0.0.1:9", "Righter"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert ended.returncode == 2
    assert "no such user: Righter (there is Reader, Writer, Streamer, Listener)" in ended.stderr


def test_what_tests_may_import_does_not_bring_gevent() -> None:
    code = (
        "import sys, loadtests.memory, loadtests.judgement, loadtests.shapes; print(*sys.modules)"
    )
    modules = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"gevent", "locust"}.isdisjoint(modules)


def wait_for_progress(path: Path, traffic: Program, enough: Any) -> dict[str, Any]:
    """Give the first live numbers that are enough."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and traffic.running:
        if path.exists():
            live = json.loads(path.read_text(encoding="utf-8"))
            if enough(live):
                return live
        time.sleep(0.05)
    raise AssertionError(f"not enough in {DEADLINE:g} s: {traffic.output}")
