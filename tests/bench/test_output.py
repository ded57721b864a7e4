"""What the bench writes can be read: by people, by machines, by a browser."""

import json
import math
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.bench import options, plot, tables
from tests.bench.bounds import Bound, Outcome
from tests.bench.results import Results
from tests.bench.rounds import Run

RUNS = {
    "get-32": {
        "strangler": [Run(40_000.0, 0.0008, 0.002, 24e-6, 60 << 20)] * 2,
        "haproxy": [Run(60_000.0, 0.0005, 0.001, 12e-6, 15 << 20)] * 2,
    }
}


def test_the_plot_is_whole_and_names_every_proxy_and_work() -> None:
    words = "".join(ET.fromstring(plot.svg(RUNS)).itertext())
    for expected in ("strangler", "haproxy", "1 KB GET, 32 connections", "24 µs", "12 µs"):
        assert expected in words


def test_the_table_of_a_work_says_the_ratio() -> None:
    *_, haproxy = tables.work(RUNS["get-32"], "strangler").splitlines()
    assert haproxy.split()[:3] == ["haproxy", "60,000", "0.50"]
    assert haproxy.endswith("2.00 (2.00 to 2.00)")


def test_what_never_happened_is_said_so_and_is_null_to_machines(tmp_path: Path) -> None:
    outcome = Outcome(Bound("upstream freed", 1, unit="s"), math.inf)
    assert "NOT held               never" in tables.bounds([outcome])
    Results(1, 1.0, ["go"], {}, [outcome]).write(tmp_path / "results.json")
    written = json.loads((tmp_path / "results.json").read_text())
    assert written["bounds"][0]["value"] is None
    assert written["bounds"][0]["verdict"] == "NOT held"
    assert written["absent"] == ["go"]


def test_a_name_that_is_not_known_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options.wanted(["--only", "get-33"])
    assert "there is no 'get-33'" in capsys.readouterr().err


def test_a_quick_look_does_less_than_all() -> None:
    quick, whole = options.wanted(["--quick"]), options.wanted([])
    assert {*quick.only} < {*whole.only}
    assert quick.rounds < whole.rounds
