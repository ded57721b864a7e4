"""What a run found, as JSON for programs: while it runs, and at its end."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from locust.runners import Runner
from locust.stats import StatsEntry

from loadtests.memory import Loss
from loadtests.witness import Witness

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
"""Entries that are requests; the others (`SEEN`, `WS`) say what came of some of them."""


def progress(runner: Runner, witness: Witness, state: str, elapsed: float) -> dict[str, Any]:
    """Give the live numbers."""
    total = runner.stats.total
    return {
        "state": state,
        "elapsed": round(elapsed, 1),
        "users": runner.user_count,
        "requests_per_second": round(total.current_rps, 1),
        **_counts(runner, witness),
    }


def final(
    runner: Runner, witness: Witness, losses: Sequence[Loss], elapsed: float
) -> dict[str, Any]:
    """Give the whole report; `held` if nothing failed and nothing is missing."""
    counts = _counts(runner, witness)
    missing = [
        {
            "write": loss.write.what,
            "user": loss.write.user,
            "path": loss.write.path,
            "member": loss.member,
            "wanted": loss.wanted,
            "found": loss.found,
        }
        for loss in losses
    ]
    lost_writes = len({loss.write for loss in losses})
    # A run that asked for nothing has shown nothing.
    held = not counts["failures"] and not missing and counts["requests"] > 0
    return {
        "held": held,
        "elapsed": round(elapsed, 1),
        **counts,
        "writes_present": witness.memory.acknowledged - lost_writes,
        "missing": missing,
        "failures_by_name": _failures_by_name(runner),
        "per_name": {_name(entry): _figures(entry) for entry in _entries(runner)},
    }


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file in one step: who reads it sees the old or the new one, never half."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def _counts(runner: Runner, witness: Witness) -> dict[str, Any]:
    requests = sum(e.num_requests for e in _entries(runner) if e.method in METHODS)
    crashes = sum(crash["count"] for crash in runner.exceptions.values())
    return {
        "requests": requests,
        "failures": runner.stats.total.num_failures + crashes,
        "writes_acknowledged": witness.memory.acknowledged,
        "uploads": witness.uploads,
        "downloads": witness.downloads,
        "bytes": witness.file_bytes,
        "websocket_messages": witness.websocket_messages,
        "answered_by": {
            "reads": dict(witness.reads_answered_by),
            "writes": dict(witness.writes_answered_by),
        },
    }


def _failures_by_name(runner: Runner) -> dict[str, dict[str, Any]]:
    """Give how often each thing failed, and what was said the first time."""
    failures: dict[str, dict[str, Any]] = {}
    for error in runner.stats.errors.values():
        name = f"{error.method} {error.name}"
        known = failures.setdefault(name, {"count": 0, "first": str(error.error)})
        known["count"] += error.occurrences
    for crash in runner.exceptions.values():
        known = failures.setdefault("a task crashed", {"count": 0, "first": crash["traceback"]})
        known["count"] += crash["count"]
    return failures


def _entries(runner: Runner) -> list[StatsEntry]:
    return sorted(runner.stats.entries.values(), key=lambda entry: (entry.name, entry.method))


def _name(entry: StatsEntry) -> str:
    return f"{entry.method} {entry.name}"


def _figures(entry: StatsEntry) -> dict[str, Any]:
    """Give the count, and response times in milliseconds, rounded by Locust to two digits."""
    return {
        "count": entry.num_requests,
        "failures": entry.num_failures,
        "p50": entry.get_response_time_percentile(0.5),
        "p95": entry.get_response_time_percentile(0.95),
    }
