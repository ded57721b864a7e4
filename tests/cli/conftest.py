"""Operators' desks: an empty one, and one whose routes.yaml is live."""

from pathlib import Path

import pytest

from tests.cli.desk import Desk


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
