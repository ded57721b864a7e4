"""What the containers run, tried on the real programs: flags, variables, ports, health checks."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from extracted.datasets.settings import parse_settings
from legacy_monolith.settings import read_settings
from tests.containers.system import SERVERS, SERVICES
from tests.processes import ROOT, Program

SCRIPTS = Path(sys.executable).parent
DEFAULT_PORTS = {
    "monolith": read_settings([]).port,
    "datasets": parse_settings([], {}).port,
}


def program(name: str) -> list[str]:
    """How the program of a container is started here, without its arguments."""
    match SERVICES[name].command:
        case ["python", "-m", module, *_]:
            return [sys.executable, "-m", module]
        case [script, *_]:
            return [str(SCRIPTS / script)]
    raise AssertionError(SERVICES[name].command)


def arguments(name: str) -> list[str]:
    command = SERVICES[name].command
    return command[3:] if command[0] == "python" else command[1:]


def help_of(name: str) -> str:
    verbs = [word for word in arguments(name)[:1] if not word.startswith("-")]
    ended = subprocess.run(
        [*program(name), *verbs, "--help"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_every_flag_of_a_command_is_one_of_the_program(name: str) -> None:
    told = help_of(name)
    for flag in (word for word in arguments(name) if word.startswith("-")):
        assert re.search(rf"(?<![\w-]){flag}(?![\w-])", told), flag


def test_the_reference_systems_parse_the_commands_of_their_containers() -> None:
    assert read_settings(arguments("monolith")).port == 9000
    assert parse_settings(arguments("datasets"), {}).port == 9101


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        (name, variable)
        for name in ("monolith", "datasets")
        for variable in SERVICES[name].environment
        if not variable.startswith("PYTHON")
    ],
)
def test_every_variable_of_a_reference_system_is_one_that_it_reads(
    name: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Callable[[], object] = {
        "monolith": lambda: read_settings([]),
        "datasets": lambda: parse_settings([], os.environ),
    }[name]
    monkeypatch.delenv(variable, raising=False)
    without = read()
    monkeypatch.setenv(variable, "1")  # the default of none
    assert read() != without


def test_every_variable_of_strangler_is_one_that_it_reads() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "strangler").rglob("*.py"))
    told = help_of("strangler")
    for variable in SERVICES["strangler"].environment:
        assert variable in {"PATH", "PYTHONUNBUFFERED"} or variable in code or variable in told


@pytest.mark.parametrize("name", DEFAULT_PORTS)
def test_a_container_listens_where_the_program_does_by_default(name: str) -> None:
    image = SERVICES[name].image
    assert image.ports == [DEFAULT_PORTS[name]]
    [port] = [text for key, text in image.environment.items() if key.endswith("_PORT")]
    [host] = [text for key, text in image.environment.items() if key.endswith("_HOST")]
    assert (host, int(port)) == ("0.0.0.0", DEFAULT_PORTS[name])


def test_strangler_listens_on_the_ports_that_its_image_exposes() -> None:
    command = arguments("strangler")
    addresses = [command[command.index(flag) + 1] for flag in ("--listen", "--admin")]
    assert addresses == [f"0.0.0.0:{port}" for port in SERVICES["strangler"].image.ports]


@pytest.mark.parametrize("name", SERVERS)
def test_what_a_container_writes_lies_on_a_volume(name: str) -> None:
    written = [t for k, t in SERVICES[name].environment.items() if k.endswith(("_DB", "_STORE"))]
    assert written
    for place in written:
        path = Path(place.removeprefix("sqlite:///"))
        assert str(path.parent) in SERVICES[name].image.volumes


def test_what_is_read_and_left_for_people_lies_in_mounted_directories() -> None:
    routes = Path(SERVICES["strangler"].environment["STRANGLER_ROUTES"])
    assert SERVICES["strangler"].mounts[str(routes.parent)] == "./deploy/compose"
    command = arguments("loadtests")
    report = Path(command[command.index("--report") + 1])
    assert str(report.parent) in SERVICES["loadtests"].mounts


def test_the_urls_between_containers_lead_to_ports_that_are_exposed() -> None:
    texts = [text for s in SERVICES.values() for text in [*s.command, *s.environment.values()]]
    found = re.findall(r"http://([a-z]+):(\d+)", " ".join(texts))
    assert {host for host, _ in found} == {"monolith", "strangler"}
    assert all(int(port) in SERVICES[host].image.ports for host, port in found)


@pytest.mark.parametrize("name", SERVERS)
def test_the_health_check_passes_while_the_program_runs_and_fails_after(
    name: str, tmp_path: Path
) -> None:
    with ExitStack() as programs:
        port = start(name, tmp_path, programs)
        wait_until_healthy(name, port)
    assert check_health(name, port) != 0


def start(name: str, directory: Path, programs: ExitStack) -> int:
    """Start the program of a container, and what it depends on; give the port of its health."""
    database = ("--port", "0", "--db", str(directory / f"{name}.db"))
    if name == "monolith":
        return programs.enter_context(Program("legacy_monolith", *database)).port
    port = start("monolith", directory, programs)
    monolith = f"http://127.0.0.1:{port}"
    if name == "datasets":
        flags = (*database, "--monolith", monolith)
        return programs.enter_context(Program("extracted.datasets", *flags)).port
    routes = directory / "routes.yaml"
    routes.write_text(
        f"version: 1\nupstreams:\n  monolith:\n    targets: [{monolith}]\nmonolith: monolith\n"
    )
    serve = Program(
        "strangler",
        *("serve", "--routes", str(routes), "--store", f"sqlite:///{directory / 'store.db'}"),
        *("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"),
        ready=r"\bserving\b.*\badmin\W+(?P<host>[\d.]+):(?P<port>\d+)",
    )
    return programs.enter_context(serve).port


def wait_until_healthy(name: str, port: int) -> None:
    """A container may fail its check at first; compose waits as well."""
    deadline = time.monotonic() + 60
    while check_health(name, port) != 0:
        assert time.monotonic() < deadline, f"{name} did not become healthy"


def check_health(name: str, port: int) -> int:
    """Run the health check of an image, only that it asks another port."""
    image = SERVICES[name].image
    interpreter, *words = image.command("HEALTHCHECK")
    assert interpreter == "python"
    ports = {f":{exposed}/" for exposed in image.ports}
    code = [re.sub("|".join(ports), f":{port}/", word) for word in words]
    environment = {key: str(port) for key in image.environment if key.endswith("_PORT")}
    ended = subprocess.run(
        [sys.executable, *code],
        env={**os.environ, **environment},
        capture_output=True,
        timeout=30,
        check=False,
    )
    return ended.returncode
