"""What one replica has learned of noise others need not ask for, until it is too old."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from strangler.compare.learned import CERTAIN
from strangler.store.records import NoiseSeen
from tests.end_to_end.site import Replica, Site
from tests.end_to_end.upstreams import Handler, Upstream
from tests.store.postgres import PostgresServer, started
from tests.wire.proxy import eventually

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
    shadow: {{noise_sample: 0%}}
    routes: [{{path: /books}}]
"""

FEW = CERTAIN // 2
"""Requests that nobody becomes certain by. Of them nearly one in ten is asked again for what is
known: that all are, by chance, does not happen once in a hundred million tests."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with started() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def library(
    request: pytest.FixtureRequest, site: Site, monolith: Upstream, service: Upstream
) -> Site:
    """A site whose systems answer with another serial each time."""
    if request.param == "postgresql":
        site.use(new_database(request))
    serials = itertools.count(1000)

    def answer(handler: Handler) -> None:
        document = {"serial": f"n-{next(serials)}", "title": "Emma"}
        handler.answer(orjson.dumps(document), "application/json")

    monolith.behaviour = service.behaviour = answer
    site.write(ROUTES.format(monolith=monolith.url, service=service.url))
    return site


def new_database(request: pytest.FixtureRequest) -> str:
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


def asked_again(monolith: Upstream) -> int:
    """Count what the monolith was asked beside the clients' requests."""
    return len(monolith.asked_for("/books", copies=True))


def ask(replica: Replica, times: int) -> None:
    """Ask as often, and wait until all is compared."""
    seen = replica.metric("strangler_shadow_verdicts_total")
    with replica.client() as client:
        for _ in range(times):
            client.ask("/books")
    replica.await_metric(seen + times, "strangler_shadow_verdicts_total")


def knows(replica: Replica, monolith: Upstream) -> bool:
    """Tell whether it does without asking again, by so few requests that it learns it by none."""
    for _ in range(FEW):
        before = asked_again(monolith)
        ask(replica, 1)
        if asked_again(monolith) == before:
            return True
    return False


def learn(site: Site, monolith: Upstream) -> tuple[NoiseSeen, ...]:
    """Have a replica become certain, and give what it has left in the store."""
    with site.replica("--replica", "one") as one:
        before = asked_again(monolith)
        ask(one, CERTAIN + FEW)
        assert asked_again(monolith) - before >= CERTAIN, "each was asked again"
        eventually(lambda: is_certain(site), "what was learned is in the store")
    return known(site)


def known(site: Site) -> tuple[NoiseSeen, ...]:
    return tuple(site.ask(lambda store: store.noise(datetime.now(UTC))))


def is_certain(site: Site) -> bool:
    return any(seen.looks >= CERTAIN for seen in known(site))


def test_what_one_replica_has_learned_serves_another_and_itself_after_a_restart(
    library: Site, monolith: Upstream
) -> None:
    (seen,) = learn(library, monolith)
    assert (seen.path, seen.upstream) == ("$.serial", "monolith")

    with library.replica("--replica", "two") as other:
        assert knows(other, monolith)
    with library.replica("--replica", "one") as itself:
        assert knows(itself, monolith)
    assert library.findings() == []


def test_what_was_not_met_for_a_week_is_asked_for_anew(
    request: pytest.FixtureRequest, library: Site, monolith: Upstream, tmp_path: Path
) -> None:
    """What was learned is put into other stores, as of so many days ago."""
    seen = learn(library, monolith)
    is_file = library.url.startswith("sqlite:")
    for days, is_known in ((6, True), (8, False)):
        url = f"sqlite:///{tmp_path}/{days}/s.db" if is_file else new_database(request)
        library.use(url)
        then = datetime.now(UTC) - timedelta(days=days)
        old = [replace(one, first_seen=then, last_seen=then) for one in seen]
        library.ask(lambda store, old=old, then=then: store.add_noise(old, then))
        with library.replica("--replica", f"after-{days}") as later:
            assert knows(later, monolith) is is_known
