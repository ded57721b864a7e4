"""Operators' desks: an empty one, and one whose routes.yaml is live."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.desk import Desk
from tests.store.postgres import PostgresServer, started


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    directory = tmp_path / "an operator"
    directory.mkdir()
    return Desk(directory)


@pytest.fixture
def live(desk: Desk) -> Desk:
    desk.write()
    desk.go_live()
    return desk


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with started() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request: pytest.FixtureRequest, live: Desk, desk: Desk) -> Desk:
    """A desk whose routes.yaml is live, in either kind of store."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        desk.use(server.new_database())
        desk.go_live()
    return live
