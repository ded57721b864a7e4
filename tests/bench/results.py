"""What one sitting measured, kept for machines: `results.json`."""

import json
import math
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench import load
from tests.bench.bounds import Outcome, Runs


@dataclass
class Results:
    """All runs, by work and proxy; every bound with its outcome; who was absent."""

    rounds: int
    seconds: float
    absent: list[str] = field(default_factory=list)
    runs: Runs = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write everything as JSON; times are seconds, memory octets."""
        machine = f"{platform.machine()}, {os.cpu_count()} cores, {platform.release()}"
        found = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine,
            "python": platform.python_version(),
            "load": load.name(),
            "rounds": self.rounds,
            "seconds": self.seconds,
            "absent": self.absent,
            "bounds": [_finite({**asdict(one), "verdict": one.verdict}) for one in self.outcomes],
            "works": {
                work: {name: [asdict(run) for run in runs] for name, runs in of_work.items()}
                for work, of_work in self.runs.items()
            },
        }
        path.write_text(json.dumps(found, indent=1) + "\n")


def _finite(data: Any) -> Any:
    """Write null for what never happened: JSON knows no infinity."""
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    return None if data == math.inf else data
