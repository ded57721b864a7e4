"""Runs `python -m loadtests` to its end, and gives what it said."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import ROOT


@dataclass(frozen=True)
class Outcome:
    code: int
    report: dict[str, Any]
    output: str

    def first_failure(self, name: str) -> str:
        assert name in self.report["failures_by_name"], self.output
        return self.report["failures_by_name"][name]["first"]


def run_traffic(host: str, directory: Path, *arguments: str) -> Outcome:
    path = directory / "report.json"
    ended = subprocess.run(
        [sys.executable, "-m", "loadtests", "--host", host, "--report", str(path), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    output = ended.stdout + ended.stderr
    assert path.exists(), output
    return Outcome(ended.returncode, json.loads(path.read_text(encoding="utf-8")), output)
