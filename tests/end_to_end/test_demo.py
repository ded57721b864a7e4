"""The whole story, told to nobody: `DEMO_EXIT=1 make demo` without make."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(600)
def test_a_domain_moves_and_comes_back_while_clients_notice_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        env={**os.environ, "DEMO_EXIT": "1", "DEMO_HOME": str(tmp_path / "a home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as story:
        try:
            told, _ = story.communicate(timeout=480)
        except subprocess.TimeoutExpired:
            story.send_signal(signal.SIGINT)  # so that it takes its programs with it
            told, _ = story.communicate()

    assert story.returncode == 0, told
    assert "✗" not in told
    assert told.count("✓") >= 20, "the story must check what it claims"
