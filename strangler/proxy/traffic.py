"""Keeps, of one worker's traffic, what plans and the monolith's retirement are judged by.

A fair sample of request heads; the paths that no route claims, by template; how often each route
was called. A request that is neither sampled nor unclaimed costs one countdown.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from strangler.http.message import RequestHead
from strangler.migration.recording import Hashing, HeadRecorder
from strangler.migration.unclaimed import Seen, Templates, template_of
from strangler.proxy.counters import UNCLAIMED, Counters
from strangler.proxy.reservoir import Reservoir
from strangler.proxy.settings import Settings
from strangler.routing.table import RouteTable
from strangler.store.records import HeadSample, TrafficReport

STRETCH = 10.0
"""Seconds between two reports: a plan that is a few seconds behind is as good."""

MOST_PATHS = 256
"""Unclaimed paths that are counted as they are, before they are told by template: that takes some
microseconds each, and the loop is not to be held for longer than a millisecond at once."""

LONGEST_PATH = 256
"""Characters of a path that is counted: of a longer one the beginning tells what it asks for."""


def _now() -> datetime:
    return datetime.now(UTC)


class TrafficWatch:
    """What one worker has seen since its last report.

    `sample` counts down to the next head that is kept; the reader of requests does the counting.
    """

    __slots__ = (
        "_began",
        "_called",
        "_counters",
        "_hashing",
        "_paths",
        "_recorder",
        "_table",
        "_templates",
        "_wall",
        "sample",
    )

    def __init__(
        self,
        settings: Settings,
        counters: Counters,
        draw: Callable[[], float],
        wall: Callable[[], datetime] = _now,
    ) -> None:
        """Watch with the settings' key and share; without a key no head can be kept."""
        key = settings.redaction_key
        size = settings.recorded_heads if key else 0
        self.sample: Reservoir[tuple[RequestHead, str]] = Reservoir(size, draw)
        self._hashing = Hashing(key) if key else None
        self._recorder: HeadRecorder | None = None
        self._table: RouteTable | None = None
        self._counters = counters
        self._called: Counter[str] = Counter()
        self._wall = wall
        self._began = wall()
        self._paths: dict[tuple[str, str], int] = {}
        self._templates = Templates()

    def __repr__(self) -> str:
        return f"<TrafficWatch {self.sample} paths={len(self._paths)}>"

    def unclaimed(self, head: RequestHead) -> None:
        """Count a request that reached the monolith because no route claims it."""
        path = head.target.path
        if len(path) > LONGEST_PATH:
            path = f"{path[:LONGEST_PATH].rpartition('/')[0]}/**"
        paths, key = self._paths, (head.method, path)
        paths[key] = paths.get(key, 0) + 1
        if len(paths) >= MOST_PATHS:
            self._fold()

    def _fold(self) -> None:
        now = self._wall()
        told: Counter[tuple[str, str]] = Counter()
        for (method, path), count in self._paths.items():
            if path.startswith("/"):  # `OPTIONS *` names no path
                told[method, template_of(path)] += count
        for (method, path), count in told.items():
            self._templates.add(method, path, Seen(count, self._began, now))
        self._paths.clear()

    def report(self, table: RouteTable) -> TrafficReport | None:
        """Tell what was seen since the last report and begin anew; None where that is nothing."""
        now = self._wall()
        self._fold()
        unclaimed = tuple(self._templates.told())
        self._templates = Templates()
        report = TrafficReport(self._heads(table, now), unclaimed, self._calls(now))
        self._began = now
        return report if report.heads or report.unclaimed or report.calls else None

    def _heads(self, table: RouteTable, now: datetime) -> tuple[HeadSample, ...]:
        kept, weight = self.sample.empty()
        if not kept or self._hashing is None:
            return ()
        if self._recorder is None or self._table is not table:
            self._recorder, self._table = HeadRecorder(table, self._hashing), table
        recorded = [self._recorder.record(head, address) for head, address in kept]
        key = self._hashing.fingerprint
        return tuple(
            HeadSample(now, "", weight, key, head) for head in recorded if head is not None
        )

    def _calls(self, now: datetime) -> tuple[tuple[str, Seen], ...]:
        """Tell how often each route was called since the last report."""
        total: Counter[str] = Counter()
        for (route, _, _), count in self._counters.exchanges.items():
            total[route] += count
        new, self._called = total - self._called, total
        del new[UNCLAIMED]
        return tuple((route, Seen(count, self._began, now)) for route, count in new.items())
