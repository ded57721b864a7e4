"""A monolith, a service, and a site between them and their clients."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.site import Site
from tests.end_to_end.upstreams import Upstream


@pytest.fixture
def site(tmp_path: Path) -> Site:
    directory = tmp_path / "a site"
    directory.mkdir()
    return Site(directory)


@pytest.fixture
def monolith() -> Iterator[Upstream]:
    with Upstream("monolith") as monolith:
        yield monolith


@pytest.fixture
def service() -> Iterator[Upstream]:
    with Upstream("service") as service:
        yield service
