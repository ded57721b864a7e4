"""Fixtures: pairs of real processes, shared by the tests of a module that do not stop them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.extracted.datasets.sides import Side, sides


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    """A monolith and the service beside it."""
    with sides(tmp_path_factory.mktemp("pair")) as both:
        yield both


@pytest.fixture
def fresh_pair(tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    """A monolith and a service that a test may stop and kill."""
    with sides(tmp_path) as both:
        yield both
