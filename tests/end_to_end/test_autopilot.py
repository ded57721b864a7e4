"""The autopilot flies a domain under traffic: on by its gates, back on a breach, in one ledger."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.end_to_end.site import Answer, Replica, Site
from tests.end_to_end.upstreams import Upstream, resets
from tests.store.postgres import PostgresServer, started
from tests.wire.proxy import eventually

# What is asked for is little, so that it is soon there; and no machine is too slow for the rest.
ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  service: {{targets: [{service}]}}
monolith: monolith
domains:
  books:
    service: service
    phase: shadow
    canary: {{weight: 1%, key: "header:x-reader"}}
    gate: {{mismatches: 30%, inconclusive: 60%, errors: 40%, samples: 5, latency: {{allow: 60s}}}}
    autopilot:
      steps: [20%, 60%]
      hold: 1s
      rollback_on: {{errors: 30%, mismatches: 60%, latency: {{allow: 60s}}}}
    routes: [{{path: /books}}]
"""

SOON = 120.0
"""Seconds that a busy machine may take for what takes a few."""


class Reader(threading.Thread):
    """One of many clients of a replica, each time with another key."""

    def __init__(self, replica: Replica, over: threading.Event) -> None:
        super().__init__()
        self.replica = replica
        self.over = over
        self.answers: list[Answer] = []

    def run(self) -> None:
        with self.replica.client() as client:
            while not self.over.wait(0.002):
                key = f"{self.name}-{len(self.answers)}"
                self.answers.append(client.ask("/books", x_reader=key))


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    with started() as server:
        yield server


@pytest.fixture
def fleet(
    site: Site, postgres: PostgresServer, monolith: Upstream, service: Upstream
) -> Iterator[list[Replica]]:
    site.use(postgres.new_database())
    site.write(ROUTES.format(monolith=monolith.url, service=service.url))
    with ExitStack() as stack:
        yield [
            stack.enter_context(site.replica("--replica", f"web-{number}", routes=number == 1))
            for number in (1, 2, 3)
        ]


@pytest.fixture
def readers(fleet: list[Replica]) -> Iterator[list[Reader]]:
    over = threading.Event()
    readers = [Reader(replica, over) for replica in fleet]
    for reader in readers:
        reader.start()
    yield readers
    over.set()
    for reader in readers:
        reader.join()


def moves(site: Site) -> list[dict[str, Any]]:
    """Give what the autopilot has done, oldest first."""
    rows: list[dict[str, Any]] = site.run("history", "books", "--by", "autopilot", "--json").json
    return rows[::-1]


def order(site: Site) -> tuple[str, str]:
    """Say how the domain stands and what the autopilot would do with it."""
    (domain,) = site.run("status", "--json").json["domains"]
    return domain["phase"], domain["autopilot"]["why"]


def test_it_flies_by_its_gates_and_comes_back_on_a_breach(
    site: Site, fleet: list[Replica], readers: list[Reader], service: Upstream
) -> None:
    eventually(lambda: len(moves(site)) == 2, "it is at its last step", SOON)
    for replica in fleet:
        replica.await_revision(3)
    assert "at the last step" in order(site)[1]

    service.behaviour = resets
    eventually(lambda: len(moves(site)) == 3, "it steps back", SOON)
    for replica in fleet:
        replica.await_revision(4)
    asked = len(service.asked_for("/books"))
    before = len(readers[0].answers)
    eventually(lambda: len(readers[0].answers) > before + 20, "clients go on")

    assert len(service.asked_for("/books")) == asked, "no client is sent to it any more"
    assert {answer.status for reader in readers for answer in reader.answers} == {200}
    there, further, back = moves(site)
    assert [(row["from"], row["to"]) for row in (there, further, back)] == [
        ("shadow", "canary"),
        ("canary", "canary"),
        ("canary", "shadow"),
    ]
    assert further["detail"] == "weight 20% → 60%"
    assert {row["evidence"]["outcome"] for row in (there, further)} == {"open"}
    assert "requests to the service failed" in back["reason"]
    assert site.newest().number == 4, "of three replicas one moved it, each time"
    assert order(site) == (
        "shadow",
        "it stepped back in revision 4; a person sets it going again",
    )
    assert site.run("doctor").code == 0
