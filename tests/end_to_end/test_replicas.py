"""Several replicas on one store, and how a word of an operator reaches all their workers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.end_to_end.site import Replica, Site
from tests.end_to_end.upstreams import Upstream
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
    canary: {{weight: 100%}}   # readers
    routes: [{{path: /books}}]
"""


class Fleet:
    """A watching replica, one that knows the store alone, and the site that they serve."""

    def __init__(self, site: Site, watching: Replica, following: Replica) -> None:
        self.site = site
        self.watching = watching
        self.following = following

    def __repr__(self) -> str:
        return f"<Fleet {self.watching!r} {self.following!r}>"

    @property
    def both(self) -> tuple[Replica, Replica]:
        return self.watching, self.following

    def await_revision(self, number: int) -> None:
        for replica in self.both:
            replica.await_revision(number)

    def answered_by(self) -> set[str | None]:
        return {replica.ask("/books").by for replica in self.both}


@pytest.fixture
def fleet(site: Site, monolith: Upstream, service: Upstream) -> Iterator[Fleet]:
    site.write(ROUTES.format(monolith=monolith.url, service=service.url))
    with (
        site.replica("--watch", "--workers", "2") as watching,
        site.replica(routes=False) as following,
    ):
        yield Fleet(site, watching, following)


def test_a_save_and_a_word_on_the_command_line_reach_all_replicas(fleet: Fleet) -> None:
    assert fleet.answered_by() == {"monolith"}

    assert fleet.site.run("promote", "books", "-m", "it looks right", "--force").code == 0
    fleet.await_revision(2)
    assert fleet.answered_by() == {"service"}

    fleet.site.edit("weight: 100%", "weight: 0%")
    fleet.await_revision(3)
    assert fleet.answered_by() == {"monolith"}

    assert fleet.site.run("rollback", "books", "-m", "too early").code == 0
    fleet.await_revision(4)
    history = fleet.site.run("history", "--json").json
    assert [row["reason"] for row in history[:3]] == [
        "too early",
        "the file was saved",
        "it looks right",
    ]


def test_a_bad_save_is_not_live_and_everybody_is_told_until_a_good_one_comes(
    fleet: Fleet,
) -> None:
    refused = "strangler_routes_refused_total"
    mistake = "domains.books.canary.weight: must be between 0% and 100%"
    fleet.site.edit("weight: 100%", "weight: 1000%")
    fleet.watching.await_metric(1, refused)

    def status_tells() -> bool:
        status = fleet.site.run("status", "--json").json
        assert status["revision"]["number"] == 1
        assert status["file"]["state"] == "refused"
        return [mistake in notice["text"] for notice in status["notices"]] == [True]

    eventually(status_tells, "status shows the mistake")
    assert mistake in fleet.watching.program.output
    assert fleet.answered_by() == {"monolith"}

    fleet.site.edit("weight: 1000%", "weight: 10%")
    fleet.await_revision(2)
    status = fleet.site.run("status", "--json").json
    assert (status["notices"], status["file"]["state"]) == ([], "live")
    assert fleet.watching.metric(refused) == 1


def test_what_both_replicas_compare_adds_up_in_the_store(fleet: Fleet) -> None:
    for replica in fleet.both:
        for _ in range(5):
            assert replica.ask("/books").by == "monolith"

    def compared() -> int:
        (domain,) = fleet.site.run("status", "--json").json["domains"]
        return int(domain["evidence"]["verdicts"]["match"])

    eventually(lambda: compared() == 10, "all comparisons are in the store")


def test_replicas_that_start_at_once_agree_on_one_first_revision(
    site: Site, monolith: Upstream, service: Upstream
) -> None:
    site.write(ROUTES.format(monolith=monolith.url, service=service.url))
    replicas = [site.replica() for _ in range(3)]
    try:
        with ThreadPoolExecutor(len(replicas)) as threads:
            list(threads.map(Replica.__enter__, replicas))
        assert {replica.metric("strangler_live_revision") for replica in replicas} == {1}
        assert {replica.ask("/books").by for replica in replicas} == {"monolith"}
    finally:
        for replica in replicas:
            replica.program.stop()
