"""The containers as the repository describes them."""

import re
from dataclasses import dataclass
from typing import Any

import yaml

from tests.containers.dockerfile import Dockerfile
from tests.processes import ROOT


@dataclass(frozen=True)
class Service:
    """A service of docker-compose.yml with the image it is built from."""

    name: str
    compose: dict[str, Any]
    image: Dockerfile

    @property
    def command(self) -> list[str]:
        """What the container runs."""
        arguments = self.compose.get("command") or self.image.command("CMD")
        return self.image.command("ENTRYPOINT") + arguments

    @property
    def environment(self) -> dict[str, str]:
        """What the image and the compose file set, the latter with its defaults filled in."""
        given = self.compose.get("environment", {})
        return self.image.environment | {name: default_of(text) for name, text in given.items()}

    @property
    def mounts(self) -> dict[str, str]:
        """Where in the container there is what."""
        pairs = (volume.split(":") for volume in self.compose.get("volumes", []))
        return {target: source for source, target in pairs}


def default_of(text: str) -> str:
    """What compose makes of `${NAME:-default}` where NAME is not set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = {
    name: Service(
        name,
        described,
        Dockerfile.read(ROOT / described["build"].get("dockerfile", "Dockerfile")),
    )
    for name, described in COMPOSE["services"].items()
}
SERVERS = [name for name in SERVICES if SERVICES[name].image.ports]
