"""A saved file goes live without touching a connection; a bad one does not go live at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.ends import OK, Listener
from tests.wire.proxy import Proxy, eventually

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}], timeouts: {{keepalive: 20s}}}}
  service: {{targets: [{service}], timeouts: {{keepalive: 20s}}}}
monolith: monolith
domains:
  d:
    service: service
    phase: PHASE
    canary: {{weight: 100%}}
    shadow: {{sample: 0%}}
    routes: [{{path: /d}}]
"""
GET = b"GET /d HTTP/1.1\r\nHost: a\r\n\r\n"


class Site:
    """A watching proxy, its two upstreams, and the file that people edit."""

    def __init__(self, proxy: Proxy, monolith: Listener, service: Listener, text: str) -> None:
        self.proxy = proxy
        self.monolith = monolith
        self.service = service
        self.text = text

    def __repr__(self) -> str:
        return f"<Site {self.proxy!r}>"

    @property
    def revision(self) -> float:
        return self.proxy.metric("strangler_live_revision")

    def in_phase(self, phase: str) -> str:
        return self.text.replace("PHASE", phase)

    def await_revision(self, number: float) -> None:
        def live() -> bool:
            return self.revision == number and self.proxy.metric("strangler_workers_ready") == 1

        eventually(live, f"revision {number:g} is live")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    monolith, service = Listener(), Listener()
    text = ROUTES.format(monolith=monolith.url, service=service.url)
    with Proxy(tmp_path, text.replace("PHASE", "monolith"), "--watch") as proxy:
        yield Site(proxy, monolith, service, text)
    monolith.close()
    service.close()


def test_connections_stay_and_what_is_under_way_ends_on_the_old_table(site: Site) -> None:
    with site.proxy.client() as kept, site.proxy.client() as busy:
        kept.send(GET)
        monolith = site.monolith.accept()
        monolith.request()
        monolith.send(OK)
        kept.response()
        busy.send(GET)
        monolith.request()

        site.proxy.routes.write_text(site.in_phase("extracted"))
        site.await_revision(2)

        monolith.send(OK)
        assert busy.response().body == b"ok"
        for client in (kept, busy):
            client.send(GET)
            service = site.service.newest_or_accept()
            service.request()
            service.send(OK)
            assert client.response().body == b"ok"

        kept.send(b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
        assert monolith.request().target == "/other"  # its connection was kept as well
        monolith.send(OK)
        assert kept.response().body == b"ok"


def test_a_file_with_mistakes_changes_nothing_and_is_counted(site: Site) -> None:
    site.proxy.routes.write_text(
        site.in_phase("extracted").replace("weight: 100%", "weight: 1000%")
    )
    refused = "strangler_routes_refused_total"
    eventually(lambda: site.proxy.metric(refused) == 1, "the file is refused")
    assert site.revision == 1
    assert "must be between 0% and 100%" in site.proxy.program.output
    with site.proxy.client() as client:
        client.send(GET)
        monolith = site.monolith.accept()
        monolith.request()
        monolith.send(OK)
        assert client.response().status == 200

    site.proxy.routes.write_text(site.in_phase("extracted"))
    site.await_revision(2)


def test_a_file_that_is_replaced_by_another_goes_live(site: Site) -> None:
    """As editors and configuration management save."""
    new = site.proxy.routes.with_suffix(".new")
    new.write_text(site.in_phase("shadow"))
    new.rename(site.proxy.routes)
    site.await_revision(2)
    new.write_text(site.in_phase("canary"))
    new.rename(site.proxy.routes)
    site.await_revision(3)


def test_a_file_behind_a_symbolic_link_that_moves_goes_live(site: Site) -> None:
    """As Kubernetes mounts a ConfigMap: `routes.yaml -> ..data/routes.yaml`, `..data -> …`."""
    directory = site.proxy.routes.parent
    for version, phase in (("v1", "monolith"), ("v2", "shadow")):
        (directory / version).mkdir()
        (directory / version / "routes.yaml").write_text(site.in_phase(phase))
    (directory / "..data").symlink_to("v1")
    link = directory / "link"
    link.symlink_to("..data/routes.yaml")
    link.rename(site.proxy.routes)
    (directory / "..data_tmp").symlink_to("v2")
    (directory / "..data_tmp").rename(directory / "..data")

    site.await_revision(2)


def test_an_upstream_that_leaves_the_table_and_returns_is_used_as_before(site: Site) -> None:
    def served_twice_on_one_connection() -> None:
        with site.proxy.client() as client:
            client.send(GET)
            service = site.service.accept()
            for _ in range(2):
                service.request()
                service.send(OK)
                assert client.response().body == b"ok"
                client.send(GET)
            service.request()
            client.reset()
            assert service.is_closed()

    site.proxy.routes.write_text(site.in_phase("extracted"))
    site.await_revision(2)
    served_twice_on_one_connection()
    without, _, _ = site.in_phase("x").partition("domains:")
    site.proxy.routes.write_text(without.replace("  service:", "  another:"))
    site.await_revision(3)
    site.proxy.routes.write_text(site.in_phase("extracted"))
    site.await_revision(4)
    served_twice_on_one_connection()


def test_idle_connections_to_a_target_that_left_are_closed(site: Site) -> None:
    with site.proxy.client() as client:
        client.send(GET)
        old = site.monolith.accept()
        old.request()
        old.send(OK)
        client.response()
        site.proxy.routes.write_text(
            site.in_phase("monolith").replace(site.monolith.url, site.service.url)
        )
        assert old.is_closed()
        client.send(GET)
        new = site.service.accept()
        new.request()
        new.send(OK)

        assert client.response().body == b"ok"
