"""docker-compose.yml: valid, and in agreement with the images and with itself."""

import json
from importlib import resources

import jsonschema
import pytest

from tests.containers.system import COMPOSE, SERVICES
from tests.processes import ROOT


def test_it_is_what_the_compose_specification_allows() -> None:
    check_jsonschema = pytest.importorskip("check_jsonschema", reason="it brings the schema")
    schema = resources.files(check_jsonschema) / "builtin_schemas/vendor/compose-spec.json"
    jsonschema.validate(COMPOSE, json.loads(schema.read_text()))


def test_it_has_the_services_of_the_reference_system() -> None:
    assert {*SERVICES} == {"monolith", "datasets", "strangler", "loadtests"}
    assert {name for name in SERVICES if "profiles" not in SERVICES[name].compose} == {
        "monolith",
        "datasets",
        "strangler",
    }


def test_traffic_runs_only_on_demand_and_is_not_restarted() -> None:
    loadtests = SERVICES["loadtests"].compose
    assert loadtests["profiles"] == ["loadtests"]
    assert "restart" not in loadtests


@pytest.mark.parametrize("name", SERVICES)
def test_each_image_is_built_from_the_root_of_the_repository(name: str) -> None:
    build = SERVICES[name].compose["build"]
    assert build["context"] == "."
    assert (ROOT / build.get("dockerfile", "Dockerfile")).is_file()


@pytest.mark.parametrize("name", SERVICES)
def test_published_ports_are_ports_that_the_image_exposes(name: str) -> None:
    published = SERVICES[name].compose.get("ports", [])
    assert {int(port.rpartition(":")[2]) for port in published} <= {*SERVICES[name].image.ports}


def test_the_control_port_is_published_to_this_machine_alone() -> None:
    assert SERVICES["strangler"].compose["ports"] == ["8080:8080", "127.0.0.1:8081:8081"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_volume_of_an_image_is_mounted_so_that_its_data_stay(name: str) -> None:
    assert {*SERVICES[name].mounts} == SERVICES[name].image.volumes


def test_mounted_volumes_are_declared_and_mounted_directories_exist() -> None:
    sources = [source for service in SERVICES.values() for source in service.mounts.values()]
    directories = {source for source in sources if source.startswith("./")}
    assert all((ROOT / directory).is_dir() for directory in directories)
    assert {*sources} - directories == {*COMPOSE["volumes"]}
    assert len(sources) == len({*sources}), "two services share a database"


@pytest.mark.parametrize("name", SERVICES)
def test_who_is_waited_for_to_be_healthy_has_a_health_check(name: str) -> None:
    for other, wanted in SERVICES[name].compose.get("depends_on", {}).items():
        assert wanted == {"condition": "service_healthy"}
        assert SERVICES[other].image.command("HEALTHCHECK")


def test_the_monolith_and_the_service_share_their_secrets() -> None:
    for secret in ("SESSION_SECRET", "INTERNAL_TOKEN"):
        texts = {SERVICES[name].compose["environment"][secret] for name in ("monolith", "datasets")}
        assert len(texts) == 1
