"""The whole story, told to nobody: `DEMO_EXIT=1 make demo` without make."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_a_domain_moves_and_comes_back_while_clients_notice_nothing(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        env={**os.environ, "DEMO_EXIT": "1", "DEMO_HOME": str(tmp_path / "a home")},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )

    assert told.returncode == 0, told.stdout + told.stderr
    assert "✗" not in told.stdout
    assert told.stdout.count("✓") >= 20, "the story must check what it claims"
