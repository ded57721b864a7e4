"""A client reads what it has written, whichever replica it asks, until the service caught up."""

import time
from collections.abc import Iterator

import pytest

from tests.end_to_end.site import Replica, Site
from tests.end_to_end.upstreams import Handler, Upstream, answers_the_same

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  service: {{targets: [{service}]}}
monolith: monolith
domains:
  books:
    service: service
    phase: canary
    canary: {{weight: 100%}}
    lag: {{path: /lag}}
    read_your_writes: {{bound: {bound}}}
    routes: [{{path: /books}}]
"""


class Service:
    """Answers the same, lags as it is told, and remembers the cookies that it saw."""

    def __init__(self) -> None:
        self.lag = b"1"
        self.cookies: list[str | None] = []

    def __call__(self, handler: Handler) -> None:
        if handler.path == "/lag":
            handler.answer(self.lag)
        else:
            self.cookies.append(handler.headers["Cookie"])
            answers_the_same(handler)


@pytest.fixture
def behaviour(monolith: Upstream, service: Upstream) -> Service:
    monolith.behaviour = service.behaviour = Service()
    return service.behaviour


def fleet(site: Site, monolith: Upstream, service: Upstream, bound: str) -> tuple[Replica, Replica]:
    site.write(ROUTES.format(monolith=monolith.url, service=service.url, bound=bound))
    return site.replica("--replica", "web-1"), site.replica("--replica", "web-2", "--workers", "2")


def cookie_of_a_write(replica: Replica) -> str:
    return str(replica.ask("/books", "POST").headers["Set-Cookie"]).partition(";")[0]


@pytest.fixture
def replicas(
    site: Site, monolith: Upstream, service: Upstream, behaviour: Service
) -> Iterator[tuple[Replica, Replica]]:
    assert behaviour.lag
    one, other = fleet(site, monolith, service, "60s")
    with one, other:
        yield one, other


def until_by(replica: Replica, cookie: str, name: str) -> None:
    end = time.monotonic() + 20
    while replica.ask("/books", Cookie=cookie).by != name:
        assert time.monotonic() < end, f"never answered by {name}"
        time.sleep(0.1)


def test_reads_go_to_the_writer_until_the_service_has_caught_up(
    replicas: tuple[Replica, Replica], behaviour: Service
) -> None:
    one, other = replicas
    assert one.ask("/books").by == "service"
    cookie = cookie_of_a_write(one)

    for replica in replicas:
        assert replica.ask("/books", Cookie=f"session=7; {cookie}").by == "monolith"
        assert replica.ask("/books").by == "service"  # all others
    assert other.metric("strangler_own_write_reads_total", domain="books") == 1
    behaviour.lag = b"0"
    for replica in replicas:
        until_by(replica, cookie, "service")
    assert set(behaviour.cookies) == {None, "session=7"}, "no upstream sees the token"


def test_a_forged_token_is_none(replicas: tuple[Replica, Replica]) -> None:
    one, _ = replicas
    cookie = cookie_of_a_write(one)

    assert one.ask("/books", Cookie=cookie[:-1] + "!").by == "service"
    assert one.ask("/books", Cookie=cookie.replace("=", "=f")).by == "service"


def test_the_cookie_is_for_this_domain_and_for_tls_where_the_client_speaks_it(
    site: Site, monolith: Upstream, service: Upstream, behaviour: Service
) -> None:
    assert behaviour.lag == b"1"
    site.write(ROUTES.format(monolith=monolith.url, service=service.url, bound="60s"))
    with site.replica("--trusted-proxy", "127.0.0.1/32") as replica:
        plain = str(replica.ask("/books", "POST").headers["Set-Cookie"])
        secure = str(replica.ask("/books", "POST", X_Forwarded_Proto="https").headers["Set-Cookie"])
        read = replica.ask("/books", "GET", Cookie=plain.partition(";")[0])
        assert (read.by, read.headers["Set-Cookie"]) == ("monolith", None)

    name, _, attributes = plain.partition("=")
    assert name == "strangler-written-books"
    assert attributes.split("; ")[1:] == ["Path=/books", "Max-Age=62", "HttpOnly", "SameSite=Lax"]
    assert secure.endswith("; SameSite=Lax; Secure")
    assert len(plain) < 150


def test_the_bound_ends_it_however_far_the_service_lags(
    site: Site, monolith: Upstream, service: Upstream, behaviour: Service
) -> None:
    assert behaviour.lag == b"1"
    one, other = fleet(site, monolith, service, "1s")
    with one, other:
        cookie = cookie_of_a_write(one)
        assert other.ask("/books", Cookie=cookie).by == "monolith"
        until_by(other, cookie, "service")
