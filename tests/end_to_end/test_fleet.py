"""A fleet of real replicas: who is in it, who is behind, and a start while the store is away."""

import os
import signal
from typing import Any

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
  books: {{service: service, phase: shadow, routes: [{{path: /books}}]}}
"""


def fleet(site: Site) -> dict[str, Any]:
    """Give how each replica stands, by name."""
    return {one["name"]: one for one in site.run("replica", "list", "--json").json}


def standing(site: Site, name: str) -> str:
    return str(fleet(site).get(name, {}).get("standing", "gone"))


def test_a_worker_that_stands_still_holds_its_replica_behind(
    site: Site, monolith: Upstream, service: Upstream
) -> None:
    """A revision is acknowledged only when all workers serve it."""
    site.write(ROUTES.format(monolith=monolith.url, service=service.url))
    with site.replica("--replica", "web-1", "--workers", "2") as replica:
        eventually(lambda: standing(site, "web-1") == "current", "it serves revision 1")
        worker = replica.workers[0]
        os.kill(worker, signal.SIGSTOP)
        assert site.run("promote", "books", "-m", "go", "--weight", "10%", "--force").code == 0
        eventually(lambda: standing(site, "web-1") == "behind", "one worker lags")
        assert fleet(site)["web-1"]["revision"] == 1
        os.kill(worker, signal.SIGCONT)
        eventually(lambda: standing(site, "web-1") == "current", "both serve revision 2")
    assert fleet(site) == {}


def test_a_killed_replica_is_silent_until_it_starts_again_under_its_name(
    site: Site, monolith: Upstream, service: Upstream
) -> None:
    site.write(ROUTES.format(monolith=monolith.url, service=service.url))
    with site.replica("--replica", "web-1") as replica:
        replica.program.kill()
        eventually(lambda: standing(site, "web-1") == "silent", "nothing is heard of it")
    with site.replica("--replica", "web-1"):
        eventually(
            lambda: (
                [one["standing"] for one in site.run("replica", "list", "--json").json]
                == ["current"]
            ),
            "the new life has taken the place of the old",
        )


def serves_from_disk(replica: Replica) -> bool:
    return bool(replica.control("/readyz").json["from_disk"])


def test_a_start_without_the_store_serves_what_was_kept_and_says_so(
    site: Site, monolith: Upstream, service: Upstream
) -> None:
    site.write(ROUTES.format(monolith=monolith.url, service=service.url))
    state = ("--replica", "web-1", "--state", str(site.directory / "state"))
    with site.replica(*state) as replica:
        replica.program.kill()
    home = site.database.parent
    away = home.with_name("mounted elsewhere")
    home.rename(away)
    home.touch()  # a file in the place of the directory: nobody can make a store there
    with site.replica(*state, STRANGLER_REDACTION_KEY="k" * 32) as replica:
        assert serves_from_disk(replica)
        assert replica.control("/readyz").status == 200
        assert replica.metric("strangler_serving_kept_table") == 1
        assert replica.ask("/books").by == "monolith"
        assert "serving_kept_table" in replica.program.output

        home.unlink()
        away.rename(home)
        eventually(lambda: not serves_from_disk(replica), "it follows the store")
        replica.await_metric(1, "strangler_store_available")
        eventually(lambda: list(fleet(site)) == ["web-1"], "it is one replica, as before")
        assert site.run("promote", "books", "-m", "go", "--weight", "10%", "--force").code == 0
        replica.await_revision(2)


def test_a_first_start_without_the_store_has_nothing_to_serve(
    site: Site, monolith: Upstream, service: Upstream
) -> None:
    site.write(ROUTES.format(monolith=monolith.url, service=service.url))
    site.database.parent.touch()
    refused = site.run("serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")

    assert (refused.code, refused.out) == (1, "")
    assert "cannot be opened" in refused.err
