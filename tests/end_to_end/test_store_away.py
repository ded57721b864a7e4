"""While the store cannot be written or read, clients are served; what waited is written after."""

import contextlib
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.test_live import without_table
from tests.end_to_end.site import Replica, Site
from tests.end_to_end.upstreams import Upstream
from tests.wire.ends import DEADLINE
from tests.wire.proxy import eventually

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  service: {{targets: [{service}]}}
monolith: monolith
domains:
  books: {{service: service, phase: shadow, routes: [{{path: /books}}]}}
"""
WAITING = "strangler_observations_waiting"
AVAILABLE = "strangler_store_available"


@pytest.fixture
def replica(site: Site, monolith: Upstream, service: Upstream) -> Iterator[Replica]:
    site.write(ROUTES.format(monolith=monolith.url, service=service.url))
    with site.replica() as replica:
        yield replica


@contextlib.contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the lock of a writer, as a backup that hangs does."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def written(database: Path) -> int:
    """Count the comparisons that are in the store."""
    with contextlib.closing(sqlite3.connect(database, timeout=DEADLINE)) as connection:
        (count,) = connection.execute("SELECT total(count) FROM verdicts").fetchone()
    return int(count)


def compare_five(replica: Replica) -> None:
    for _ in range(5):
        assert replica.ask("/books").by == "monolith"


def test_a_store_that_another_holds_locked_is_waited_for(site: Site, replica: Replica) -> None:
    with locked(site.database):
        compare_five(replica)
        replica.await_metric(0, AVAILABLE)
        assert replica.metric("strangler_store_failures_total") >= 1
        ready = replica.control("/readyz")
        assert (ready.status, ready.json["store_available"]) == (200, False)
        assert replica.ask("/books").by == "monolith"
        assert written(site.database) == 0

    replica.await_metric(1, AVAILABLE)
    eventually(lambda: written(site.database) == 6, "what waited is written, once")
    replica.await_metric(0, WAITING)
    assert replica.metric("strangler_observations_lost_total") == 0
    assert replica.program.output.count("store_away") == 1
    assert replica.program.output.count("store_back") == 1


def test_a_store_that_is_moved_away_and_back_loses_nothing(site: Site, replica: Replica) -> None:
    home = site.database.parent
    away = home.with_name("mounted elsewhere")
    compare_five(replica)
    home.rename(away)
    try:
        compare_five(replica)
        assert site.run("status").code == 1
        assert not home.exists(), "nobody makes a new, empty store"
    finally:
        away.rename(home)
    compare_five(replica)

    eventually(lambda: written(site.database) == 15, "all is written")
    assert site.run("promote", "books", "-m", "go", "--weight", "10%", "--force").code == 0
    replica.await_revision(2)


def test_what_the_store_does_not_take_in_the_end_is_told(site: Site, replica: Replica) -> None:
    with without_table(site.database, "verdicts"):
        compare_five(replica)
        replica.await_metric(5, WAITING)
        os.kill(replica.pid, signal.SIGTERM)
        assert replica.program.process is not None
        assert replica.program.process.wait(DEADLINE) == 0
    replica.program.stop()  # by now all that it printed has been read

    (line,) = [line for line in replica.program.output.splitlines() if "observations_lost" in line]
    assert "count=5" in line
