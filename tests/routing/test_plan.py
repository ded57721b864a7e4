"""Who answers, who gets a copy and who steps in: the design's table, written out by hand."""

import pytest
import yaml

from strangler.routing.compile import load
from strangler.routing.decision import Decision, decide
from strangler.routing.phase import Phase, System, effect_of
from strangler.routing.table import (
    EjectionPolicy,
    HealthCheck,
    Limits,
    Plan,
    RetryPolicy,
    Route,
    Upstream,
)
from tests.routing.building import SAMPLE, ask, document, table_of

M, S = System.MONOLITH, System.SERVICE


def route_in(phase: str, **domain: object) -> Route:
    canary = {"weight": "50%", "key": "header:x-user-id"}
    return table_of([{"path": "/**"}], phase=phase, canary=canary, **domain).routes[0]


def every(plan: Plan) -> set[Decision]:
    """All decisions that requests can meet under a plan."""
    keys = [None, *(b"%d" % number for number in range(100))]
    return {decide(plan, key, draw) for key in keys for draw in (0.0, 0.999)}


@pytest.mark.parametrize(
    ("phase", "reads", "writes"),
    [
        ("monolith", {Decision("old", M)}, Decision("old", M)),
        ("shadow", {Decision("old", M, "new")}, Decision("old", M, watched=True)),
        (
            "canary",
            {
                Decision("old", M, "new", measured=True),
                Decision("new", S, "old", fallback="old", measured=True),
            },
            Decision("old", M, watched=True),
        ),
        ("extracted", {Decision("new", S, measured=True)}, Decision("new", S, measured=True)),
        ("retired", {Decision("new", S)}, Decision("new", S)),
    ],
)
def test_each_phase_decides_as_the_design_says(
    phase: str, reads: set[Decision], writes: Decision
) -> None:
    route = route_in(phase)
    assert every(route.plan_for("GET")) == every(route.plan_for("HEAD")) == reads
    assert every(route.plan_for("POST")) == every(route.plan_for("DELETE")) == {writes}


def test_an_extracted_route_copies_reads_to_the_monolith_only_if_reversed() -> None:
    route = route_in("extracted", shadow={"reversed": True})
    assert every(route.reads) == {Decision("new", S, "old", measured=True)}
    assert every(route.writes) == {Decision("new", S, measured=True, watched=True)}
    assert every(route_in("retired", shadow={"reversed": True}).reads) == {Decision("new", S)}


def test_writes_are_watched_where_reads_of_their_domain_are_compared() -> None:
    routes = [{"path": "/a", "phase": "monolith"}, {"path": "/b", "shadow": {"sample": "1%"}}]
    table = table_of(routes, phase="shadow", shadow={"sample": "0%"})
    assert [every(route.writes).pop().watched for route in table.routes] == [True, True]
    (uncompared,) = table_of([{"path": "/a"}], phase="shadow", shadow={"sample": "0%"}).routes
    assert not every(uncompared.writes).pop().watched


def test_fallback_is_the_operators_word_except_in_retired() -> None:
    assert {d.fallback for d in every(route_in("canary", fallback=False).reads)} == {None}
    assert {d.fallback for d in every(route_in("extracted", fallback=True).reads)} == {"old"}
    assert {d.fallback for d in every(route_in("retired", fallback=True).reads)} == {None}
    for phase in Phase:
        assert {d.fallback for d in every(route_in(phase.value, fallback=True).writes)} == {None}


def test_the_sample_says_how_many_reads_are_copied() -> None:
    reads = route_in("shadow", shadow={"sample": "12.5%"}).reads
    assert decide(reads, None, 0.1249).candidate == "new"
    assert decide(reads, None, 0.125).candidate is None
    assert every(route_in("shadow", shadow={"sample": "0%"}).reads) == {Decision("old", M)}


def test_a_route_overrides_its_domain_key_by_key() -> None:
    table = table_of(
        [{"path": "/a", "shadow": {"ignore": ["$.x"]}, "fallback": False}, {"path": "/b"}],
        phase="canary",
        canary={"weight": "50%"},
        shadow={"sample": "25%", "ignore": ["$.y"], "confirm": False},
    )
    own, plain = table.routes
    assert (own.shadow.sample, own.shadow.ignore, own.shadow.confirm) == (0.25, ("$.x",), False)
    assert plain.shadow.ignore == ("$.y",)
    assert {d.fallback for d in every(own.reads)} == {None}
    assert {d.fallback for d in every(plain.reads)} == {None, "old"}


@pytest.mark.parametrize(
    ("effect", "method", "reads"),
    [
        (None, "GET", True),
        (None, "OPTIONS", True),
        (None, "TRACE", False),
        (None, "POST", False),
        ("read", "POST", True),
        ("write", "GET", False),
    ],
)
def test_the_method_tells_the_effect_unless_the_route_does(
    effect: str | None, method: str, reads: bool
) -> None:
    route = table_of([{"path": "/**", **({"effect": effect} if effect else {})}]).routes[0]
    assert (route.plan_for(method) is route.reads) == reads
    assert effect_of(method, route.effect).value == ("read" if reads else "write")


def test_what_nobody_claims_goes_to_the_monolith() -> None:
    table = load(SAMPLE)
    assert table.match(ask("GET", "/api/v1/users/me")) is None
    assert every(table.fallthrough) == {Decision("monolith", M)}


def test_the_sample_of_the_design_loads_and_routes_as_it_says() -> None:
    table = load(SAMPLE)
    asked = {
        ("GET", "/api/v1/datasets"): "/api/v1/datasets",
        ("GET", "/api/v1/datasets/17"): "GET /api/v1/datasets/{id:int}",
        ("DELETE", "/api/v1/datasets/17"): None,
        ("GET", "/api/v1/datasets/x/files"): "/api/v1/datasets/{id}/files/**",
        ("POST", "/api/v1/datasets/search"): "POST /api/v1/datasets/search",
        ("GET", "/api/v1/datasets/search"): None,
    }
    for (method, path), label in asked.items():
        route = table.match(ask(method, path))
        assert (route and route.label) == label
    assert table.upstreams["datasets"].targets[1].port == 9102
    assert table.upstreams["monolith"].timeouts.response == 30.0
    lagging = table.match(ask("GET", "/api/v1/datasets/x/files"))
    assert lagging is not None
    assert lagging.phase is Phase.SHADOW
    assert lagging.line == 28


def test_what_spares_an_upstream_is_compiled_with_defaults_that_spare_it() -> None:
    given = document([{"path": "/x"}])
    given["upstreams"]["old"] |= {
        "health": {"path": "/h", "timeout": "1s", "healthy_after": 3, "unhealthy_after": 4},
        "ejection": {"after": 7, "share": "25%", "shortest": "2s", "longest": "1m"},
        "slow_start": "10s",
        "limits": {"in_flight": 5, "pending": 0, "wait": "250ms"},
        "retries": {"budget": "10%", "floor": 0},
        "resolve": "5s",
    }
    upstreams = load(yaml.safe_dump(given)).upstreams
    old, new = upstreams["old"], upstreams["new"]
    assert old.health == HealthCheck("/h", 5.0, 1.0, healthy_after=3, unhealthy_after=4)
    assert old.ejection == EjectionPolicy(7, share=0.25, shortest=2.0, longest=60.0)
    assert (old.slow_start, old.resolve) == (10.0, 5.0)
    assert old.limits == Limits(5, pending=0, wait=0.25)
    assert old.retries == RetryPolicy(budget=0.1, floor=0.0)
    assert new == Upstream("new", new.targets)
    assert new.ejection == EjectionPolicy(5, share=0.5, shortest=1.0, longest=30.0)
    assert (new.slow_start, new.limits.in_flight) == (0.0, None)


def test_the_table_cannot_be_changed() -> None:
    table = load(SAMPLE)
    with pytest.raises(TypeError):
        table.domains["other"] = table.domains["datasets"]  # type: ignore[index]  # the point
    with pytest.raises(AttributeError):
        table.routes[0].phase = Phase.RETIRED  # type: ignore[misc]  # the point


def test_the_digest_tells_texts_apart_to_the_byte() -> None:
    assert load(SAMPLE).digest == load(SAMPLE.encode()).digest
    assert load(SAMPLE).digest != load(SAMPLE.replace("\n", "\r\n")).digest
