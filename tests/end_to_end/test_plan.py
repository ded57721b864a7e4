"""A plan is right: what it says of recorded requests is what the proxy does once it is applied."""

from collections import Counter

from tests.end_to_end.site import Replica, Site
from tests.end_to_end.upstreams import Upstream

BEFORE = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  service: {{targets: [{service}]}}
monolith: monolith
domains:
  users:
    service: service
    phase: canary
    canary: {{weight: 20%, key: "header:x-user"}}
    shadow: {{sample: 50%}}
    routes:
      - path: /users/**
      - path: /search
        methods: [POST]
        effect: read
"""

REQUESTS = [
    (method, path, user)
    for user in range(12)
    for method, path in [
        ("GET", f"/users/{user}"),
        ("GET", "/users/new"),
        ("POST", "/search"),
        ("PUT", f"/users/{user}"),
        ("GET", f"/orders/{user}"),
    ]
]


def answered(replica: Replica) -> list[str | None]:
    return [replica.ask(path, method, X_User=str(user)).by for method, path, user in REQUESTS]


def test_what_a_plan_foretells_is_what_happens_to_the_same_requests(
    site: Site, monolith: Upstream, service: Upstream
) -> None:
    before = BEFORE.format(monolith=monolith.url, service=service.url)
    site.write(before)
    with site.replica("--record", "600") as replica:
        was = answered(replica)
    after = (
        before.replace("20%", "70%")
        .replace("      - path: /users/**\n", "")
        .replace("      - path: /search", "      - path: /users/{id:int}\n      - path: /search")
    )
    after += "  orders: {service: service, phase: extracted, routes: [{path: /orders/**}]}\n"
    (site.directory / "next.yaml").write_text(after)

    told = site.run("plan", "next.yaml", "--json", "--out", "next.plan").json["traffic"]
    assert site.run("apply", "next.plan", "-m", "further", "--force").code == 0
    with site.replica(routes=False) as replica:
        becomes = answered(replica)

    moved = Counter(
        (before, after) for before, after in zip(was, becomes, strict=True) if before != after
    )
    foretold: Counter[tuple[str, str]] = Counter()
    for row in told["moved"]:
        # All came within one report, and a rate is told of no less than a minute.
        foretold[row["from"], row["to"]] += round(row["per_hour"] / 60)
    assert told["heads"] == len(REQUESTS)
    assert told["untold"] == []
    assert foretold == moved
    assert len(moved) == 2, "some come and some go, or this tells little"


def test_what_no_route_claims_and_what_nobody_calls_is_shown(
    site: Site, monolith: Upstream, service: Upstream
) -> None:
    site.write(BEFORE.format(monolith=monolith.url, service=service.url))
    with site.replica("--workers", "2") as replica:
        for number in range(6):
            replica.ask(f"/invoices/{number}")
        replica.ask("/users/1")

    told = site.run("status", "--unclaimed", "--json").json

    assert [(row["path"], row["count"]) for row in told["unclaimed"]] == [("/invoices/{int}", 6)]
    assert {row["route"]: row["count"] for row in told["routes"]} == {
        "/users/**": 1,
        "POST /search": 0,
    }
