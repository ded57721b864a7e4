"""The same users under Locust's own command, as testers call it."""

import json
import subprocess
import sys
from collections.abc import Callable

from tests.loadtests.unreliable import Answer, Request, Unreliable
from tests.processes import ROOT, Program


def run_locust(host: str, *classes: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            *(sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless"),
            *("--host", host, "--users", "12", "--spawn-rate", "12", "--run-time", "3"),
            *("--stop-timeout", "15", *classes),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=90,
        check=False,
    )


def test_locust_finds_the_users_and_a_good_system_passes(monolith: Program) -> None:
    ended = run_locust(monolith.url)
    assert ended.returncode == 0, ended.stdout
    assert "SEEN" in ended.stdout
    assert "LOST" not in ended.stdout


def test_locust_shows_a_lost_write_as_a_failure(monolith: Program) -> None:
    def forget_tags(request: Request, upstream: Callable[[], Answer]) -> Answer:
        if request.method == "PUT" and request.path.endswith("/tags"):
            return Answer.of_json(200, json.loads(request.body))
        return upstream()

    with Unreliable(monolith.url, forget_tags) as server:
        ended = run_locust(server.url, "Writer")
    assert ended.returncode == 1, ended.stdout
    assert "LOST" in ended.stdout
