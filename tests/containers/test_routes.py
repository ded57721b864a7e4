"""The routes of the containers: those of the repository, with the names of containers for hosts."""

from urllib.parse import urlsplit

import yaml

from strangler.routing.compile import load
from tests.containers.system import SERVICES
from tests.processes import ROOT

ROUTES = (ROOT / "routes.yaml").read_text()
IN_CONTAINERS = (ROOT / "deploy/compose/routes.yaml").read_text()


def test_they_are_the_routes_of_the_repository_but_for_the_targets() -> None:
    expected = ROUTES
    for name, service in SERVICES.items():
        for port in service.image.ports:
            expected = expected.replace(f"http://127.0.0.1:{port}", f"http://{name}:{port}")
    assert expected != ROUTES
    assert expected == IN_CONTAINERS


def test_they_are_valid() -> None:
    assert load(IN_CONTAINERS, "deploy/compose/routes.yaml").domains


def test_every_target_is_a_port_that_a_container_exposes() -> None:
    for name, upstream in yaml.safe_load(IN_CONTAINERS)["upstreams"].items():
        for target in map(urlsplit, upstream["targets"]):
            assert target.hostname == name
            assert target.port in SERVICES[name].image.ports


def test_the_health_checks_of_upstreams_ask_what_the_health_checks_of_images_ask() -> None:
    upstreams = yaml.safe_load(IN_CONTAINERS)["upstreams"]
    paths = {
        name: upstream["health"]["path"]
        for name, upstream in upstreams.items()
        if "health" in upstream
    }
    assert paths
    for name, path in paths.items():
        assert f"{path}'" in " ".join(SERVICES[name].image.command("HEALTHCHECK"))
