"""The files of this repository that people start from are right, and mean what they say."""

from pathlib import Path

import pytest

from strangler.compare.rules import complaint
from strangler.routing.compile import load
from strangler.routing.table import RouteTable
from tests.routing.building import ask

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(params=["routes.yaml", "deploy/compose/routes.yaml"])
def table(request: pytest.FixtureRequest) -> RouteTable:
    return load((ROOT / request.param).read_bytes(), request.param, complaint)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/datasets?page=2"),
        ("POST", "/api/v1/datasets"),
        ("PATCH", "/api/v1/datasets/17"),
        ("PUT", "/api/v1/datasets/17/tags"),
        ("GET", "/api/v1/datasets/17/stats"),
        ("POST", "/api/v1/datasets/17/versions"),
        ("GET", "/api/v1/datasets/17/versions/2"),
        ("POST", "/api/v1/datasets/search"),
        ("GET", "/api/v1/datasets/17/files"),
        ("PUT", "/api/v1/datasets/17/files/a.bin"),
        ("HEAD", "/api/v1/datasets/17/files/a.bin"),
    ],
)
def test_the_domain_claims_all_its_requests(table: RouteTable, method: str, path: str) -> None:
    route = table.match(ask(method, path))
    assert route is not None
    assert route.domain == "datasets"


@pytest.mark.parametrize(
    "path", ["/", "/login", "/api/v1/users/me", "/api/v1/notifications/ws", "/internal/outbox"]
)
def test_the_rest_is_the_monoliths(table: RouteTable, path: str) -> None:
    assert table.match(ask("GET", path)) is None


def test_a_search_is_a_read(table: RouteTable) -> None:
    route = table.match(ask("POST", "/api/v1/datasets/search"))
    assert route is not None
    assert route.plan_for("POST") is route.reads
