from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Program


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("monolith") / "monolith.db"


@pytest.fixture(scope="module")
def monolith(database: Path) -> Iterator[Program]:
    with Program("legacy_monolith", "--port", "0", "--db", str(database)) as program:
        yield program
