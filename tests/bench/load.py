"""Load from `wrk` where it is on the PATH, else from the client of our own in `client.py`.

Either asks the same and says the same: how many requests were answered, in how many seconds, and
the median and the 99th percentile of the time that an answer took. Anything but a 200 ends the
bench. Downloads always come through our own client: wrk counts only what ends within its time.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.bench.works import HOST, PATH, Work
from tests.processes import ROOT

SCRIPTS = Path(__file__).with_name("wrk")


class Load(NamedTuple):
    """What one run of load saw; times are seconds."""

    requests: int
    seconds: float
    p50: float
    p99: float


def name() -> str:
    """Say where load comes from."""
    return "wrk" if shutil.which("wrk") else "a client of our own (wrk is not on the PATH)"


def run(work: Work, port: int, seconds: float, meanwhile: Callable[[], object]) -> Load:
    """Load the server on `port` for some seconds; `meanwhile` is called once while it runs."""
    by_wrk = shutil.which("wrk") and not work.download
    command = _wrk(work, port, seconds) if by_wrk else _own(work, port, seconds)
    where = SCRIPTS if by_wrk else ROOT
    with subprocess.Popen(command, cwd=where, stdout=subprocess.PIPE, text=True) as client:
        meanwhile()
        said, _ = client.communicate()
    answer = json.loads(said.strip().rpartition("\n")[2]) if client.returncode == 0 else {}
    if answer.pop("errors", 1):
        raise RuntimeError(f"not every request was answered with 200: {said}")
    return Load(**answer)


def _wrk(work: Work, port: int, seconds: float) -> list[str]:
    script = "browser.lua" if work.browser else "report.lua"
    closing = ["-H", "Connection: close"] if work.closing else []
    return [
        "wrk", "-t1", f"-c{work.connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s",
        "-H", f"Host: {HOST}", *closing, "-s", script, f"http://127.0.0.1:{port}{PATH}",
        "--", str(work.sent_octets),
    ]  # fmt: skip


def _own(work: Work, port: int, seconds: float) -> list[str]:
    return [sys.executable, "-m", "tests.bench.client", str(port), str(seconds), work.name]
