import dataclasses
import json
from typing import Any

import pytest

from strangler.routing.compile import load
from strangler.routing.decision import bucket_of
from strangler.routing.explain import CanaryAnswer, Explanation, RewriteAnswer, explain
from strangler.routing.phase import Effect, Phase, System, WriteCopying
from tests.routing.building import SAMPLE, ask, table_of


def why(routes: list[dict[str, Any]], method: str, path: str, **headers: str) -> list[str]:
    """List the routes that did not get a request, and why."""
    explanation = explain(table_of(routes), ask(method, path, **headers))
    return [f"{passed.label}: {passed.why}" for passed in explanation.passed]


def key_below(threshold: int, *, below: bool) -> str:
    return next(
        key
        for key in map(str, range(1_000))
        if (bucket_of(b"datasets", key.encode()) < threshold) == below
    )


def test_a_canary_read_inside_the_weight_is_explained_whole() -> None:
    key = key_below(1_000, below=True)
    request = ask("POST", "/api/v1//datasets/search?q=1", x_user_id=key)
    assert explain(load(SAMPLE), request) == Explanation(
        method="POST",
        path="/api/v1/datasets/search",
        route="POST /api/v1/datasets/search",
        line=30,
        domain="datasets",
        phase=Phase.CANARY,
        effect=Effect.READ,
        passed=(),
        ambiguity=None,
        canary=CanaryAnswer("header:x-user-id", bucket_of(b"datasets", key.encode()), "10%", 1_000),
        primary="datasets",
        system=System.SERVICE,
        candidate="monolith",
        sample=0.25,
        fallback="monolith",
        rewrite=RewriteAnswer("/files", leads_back=True, json_urls=False),
        forwarded="/files?q=1",
        copied="/api/v1//datasets/search?q=1",
        writes=WriteCopying.SKIP,
        read_back=None,
        promise=None,
    )


def test_outside_the_weight_the_sides_are_swapped() -> None:
    request = ask("GET", "/api/v1/datasets", x_user_id=key_below(1_000, below=False))
    told = explain(load(SAMPLE), request)
    assert (told.primary, told.candidate, told.fallback) == ("monolith", "datasets", None)
    assert "not below 1000 (10%)" in str(told.canary)


def test_a_request_without_the_key_is_told_so() -> None:
    told = explain(load(SAMPLE), ask("GET", "/api/v1/datasets"))
    assert told.canary is not None
    assert told.canary.bucket is None
    assert str(told.canary) == "no header:x-user-id in the request, so it stays with the monolith"


def test_a_write_in_the_canary_has_no_copy_and_no_bucket() -> None:
    told = explain(load(SAMPLE), ask("POST", "/api/v1/datasets", x_user_id="1"))
    assert (told.effect, told.primary, told.candidate) == (Effect.WRITE, "monolith", None)
    assert (told.canary, told.sample, told.copied) == (None, 0.0, None)


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("POST", "/a", "GET the Location of a 201"),
        ("PUT", "/a", "GET the Location of a 201, else GET /a"),
        ("POST", "/b", "GET /a/{body:id}"),
        ("GET", "/a", None),
    ],
)
def test_a_write_that_is_read_back_says_how(method: str, path: str, said: str | None) -> None:
    routes: list[dict[str, Any]] = [
        {"path": "/a"},
        {"path": "/a/{id}"},
        {"path": "/b", "read_back": "/a/{body:id}"},
    ]
    table = table_of(routes, phase="shadow", shadow={"writes": "read-back", "sample": "50%"})
    told = explain(table, ask(method, path))
    assert told.read_back == said
    assert (told.candidate, told.sample, told.promise) == ("new", 0.5, None)
    assert told.copied == (path if method == "GET" else None)


def test_a_dry_run_says_where_the_service_promises() -> None:
    shadow = {"writes": "dry-run"}
    dry_run = {"promise": "/promise"}
    routes = [{"path": "/a", "rewrite": {"prefix": "/x"}}]
    for phase, promise in (("shadow", "/promise"), ("extracted", None), ("monolith", None)):
        table = table_of(routes, phase=phase, shadow=shadow, dry_run=dry_run)
        told = explain(table, ask("POST", "/a"))
        assert told.promise == promise
        assert told.copied == ("/x" if promise else None)
        assert told.read_back is None


@pytest.mark.parametrize(
    ("rewrite", "said"),
    [
        (
            {"prefix": "/s", "json_urls": True},
            (
                "/s/{id:int}/{part} for the service; mapped back in Location, Content-Location "
                "and cookies, and in JSON bodies"
            ),
        ),
        (
            {"template": "/{part}"},
            "/{part} for the service; the template drops what would lead back from it",
        ),
        (None, "None"),
    ],
)
def test_a_rewrite_says_what_the_service_sees_and_what_leads_back(
    rewrite: dict[str, Any] | None, said: str
) -> None:
    route: dict[str, Any] = {"path": "/datasets/{id:int}/{part}"}
    table = table_of([route if rewrite is None else {**route, "rewrite": rewrite}])
    assert str(explain(table, ask("GET", "/datasets/17/x")).rewrite) == said


def test_an_unclaimed_request_names_the_routes_that_nearly_had_it() -> None:
    told = explain(load(SAMPLE), ask("DELETE", "/api/v1/datasets/17"))
    assert (told.route, told.line, told.domain, told.phase) == (None, None, None, None)
    assert (told.primary, told.system) == ("monolith", System.MONOLITH)
    [passed] = told.passed
    assert (passed.line, passed.why) == (26, "claims GET only")


def test_every_rule_of_specificity_is_told_by_name() -> None:
    routes: list[dict[str, Any]] = [
        {"path": "/a/17"},
        {"path": "/a/17", "headers": {"x-beta": "*"}},
        {"path": "/a/17", "headers": {"x-beta": "1"}},
        {"path": "/a/17", "headers": {"x-beta": "1"}, "hosts": ["other.example"]},
        {"path": "/a/17", "headers": {"x-beta": "*"}, "methods": ["POST"]},
        {"path": "/a/17/**"},
        {"path": "/a/{n:int}"},
        {"path": "/a/{any}"},
        {"path": "/a/**"},
        {"path": "/{x}/17"},
        {"path": "/b"},
    ]
    assert why(routes, "GET", "/a/17", x_beta="1") == [
        "/a/17 host=other.example header:x-beta=1: asks for host=other.example",
        "POST /a/17 header:x-beta=*: claims POST only",
        "/a/17 header:x-beta=*: has fewer conditions on exact values",
        "/a/17: has fewer conditions: 0, not 1",
        "/a/17/**: ** is less specific than the end of the path",
        "/a/{n:int}: the typed parameter {n:int} is less specific than the literal 17",
        "/a/{any}: the parameter {any} is less specific than the literal 17",
        "/a/**: ** is less specific than 17",
        "/{x}/17: the parameter {x} is less specific than the literal a",
    ]


def test_of_two_hosts_the_narrower_wins() -> None:
    routes = [{"path": "/", "hosts": ["*.example.org"]}, {"path": "/", "hosts": ["*.org"]}]
    assert why(routes, "GET", "/") == ["/ host=*.org: has a wider host"]


def test_a_route_with_several_hosts_is_told_once() -> None:
    routes = [{"path": "/", "hosts": ["a.example", "b.example"]}, {"path": "/**"}]
    assert why(routes, "GET", "/") == ["/ host=a.example,b.example: asks for host=a.example"]


def test_an_explanation_is_plain_json() -> None:
    told = explain(load(SAMPLE), ask("GET", "/api/v1/datasets", x_user_id="1"))
    data = json.loads(json.dumps(dataclasses.asdict(told)))
    assert data["phase"] == "canary"
    assert data["canary"]["weight"] == "10%"
