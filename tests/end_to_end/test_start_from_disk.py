"""A replica that starts while it cannot ask the store does not guess who the writer is."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.site import Replica, Site
from tests.end_to_end.test_fence import ROUTES, Service
from tests.end_to_end.upstreams import Upstream
from tests.wire.proxy import eventually


@pytest.fixture
def behaviour(service: Upstream) -> Service:
    service.behaviour = Service()
    return service.behaviour


@pytest.fixture
def one(site: Site, monolith: Upstream, service: Upstream, behaviour: Service) -> Iterator[Replica]:
    assert behaviour.lag
    routes = ROUTES.format(monolith=monolith.url, service=service.url)
    site.write(routes.replace("wait: 3s", "wait: 60s"))
    with site.replica("--replica", "web-1") as replica:
        yield replica


def other(site: Site) -> Replica:
    """Make a replica on a machine of its own, which keeps its own files."""
    state = str(site.directory / "of web-2")
    secret = "k" * 32
    return site.replica(
        "--replica", "web-2", "--state", state, routes=False, STRANGLER_REDACTION_KEY=secret
    )


@contextmanager
def cut_off(database: Path) -> Iterator[None]:
    """Have nobody find the store who does not have it open."""
    away = database.parent.with_name("elsewhere")
    database.parent.rename(away)
    database.parent.touch()  # nobody can make another one in its place
    try:
        yield
    finally:
        database.parent.unlink()
        away.rename(database.parent)


def refuses_writes_alone(replica: Replica) -> bool:
    refused = replica.ask("/books", "POST")
    assert (replica.ask("/books").status, replica.ask("/films").status) == (200, 200)
    for path in ("/films", "/elsewhere"):
        assert replica.ask(path, "POST").by == "monolith", "nobody can have moved that"
    ready = replica.control("/readyz").json
    return (refused.status, bool(refused.headers["Retry-After"]), ready["writes_held"]) == (
        503,
        True,
        True,
    )


def test_whoever_was_forgotten_refuses_writes_until_it_can_ask(site: Site, one: Replica) -> None:
    with other(site) as killed:
        assert killed.ask("/books", "POST").by == "monolith"
        killed.program.kill()
    assert site.run("replica", "forget", "web-2", "-m", "it burnt", "--force").code == 0
    assert site.run("promote", "books", "-m", "go", "--force").code == 0
    assert one.ask("/books", "POST").by == "service"

    with cut_off(site.database):
        again = other(site).__enter__()
        assert refuses_writes_alone(again)
    try:
        eventually(lambda: again.ask("/books", "POST").by == "service", "it has asked")
    finally:
        again.program.stop()


def test_whoever_starts_during_a_fence_refuses_writes_and_then_waits_with_the_others(
    site: Site, one: Replica, behaviour: Service
) -> None:
    behaviour.lag = b'{"pending": 1}'
    with other(site) as killed:
        moving = subprocess.Popen(
            **site.command("promote", "books", "-m", "go", "--force"),
            env=site.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        fleet = (one, killed)
        eventually(lambda: all(r.metric("strangler_fence") for r in fleet), "both hold")
        killed.program.kill()

    with cut_off(site.database):
        again = other(site).__enter__()
        assert refuses_writes_alone(again)
    try:
        eventually(lambda: not again.control("/readyz").json["from_disk"], "it has asked")
        assert again.metric("strangler_fence") == 1
        behaviour.lag = b'{"pending": 0}'
        assert moving.wait(60) == 0
        assert {replica.ask("/books", "POST").by for replica in (one, again)} == {"service"}
    finally:
        again.program.stop()
