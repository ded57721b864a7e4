"""How long both sides take over the same requests, through a real proxy and told by the verb."""

from tests.end_to_end.site import Site
from tests.end_to_end.upstreams import Handler, Upstream, answers_the_same
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
    routes: [{{path: /books}}]
"""
SLOW = 0.06
REQUESTS = 12


def thinks_first(handler: Handler) -> None:
    handler.upstream.stopping.wait(SLOW)
    answers_the_same(handler)


def test_both_sides_of_the_same_requests_are_told_by_route(
    site: Site, monolith: Upstream, service: Upstream
) -> None:
    service.behaviour = thinks_first
    site.write(ROUTES.format(monolith=monolith.url, service=service.url))
    with site.replica() as replica:
        assert "no request was asked of both sides yet" in site.run("diff", "latency").err
        with replica.client() as client:
            for _ in range(REQUESTS):
                assert client.ask("/books").status == 200
        replica.await_copies_done()

        def told() -> bool:
            found = site.run("diff", "latency", "books", "--json").json
            return bool(found) and found[0]["requests"] == REQUESTS

        eventually(told, "all requests are told of both sides")
        timed = replica.metrics()
    (found,) = site.run("diff", "latency", "--json").json
    assert (found["domain"], found["route"]) == ("books", "/books")
    median = {side: found[side]["quantiles"][0] for side in ("monolith", "service")}
    assert median["service"]["seen"] >= SLOW, "the service thinks before it answers"
    for side in median.values():
        assert side["lower"] <= side["seen"] <= side["upper"]
    for side in ("monolith", "service"):
        assert sum(one["count"] for one in found[side]["histogram"]) == REQUESTS
        labels = {"route": "/books", "system": side}
        assert timed.sum("strangler_shadow_seconds_count", **labels) == REQUESTS
    out = site.run("diff", "latency").out
    assert all(said in out for said in ("/books", "monolith", "service", "99 %"))
    assert "there is no route /lists" in site.run("diff", "latency", "--route", "/lists").err
    assert "there is no domain bokos" in site.run("diff", "latency", "bokos").err
