"""The data plane is tested on the loop that it runs on."""

from asyncio import AbstractEventLoop
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from tests.certificates import Authority


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def authority() -> Authority:
    """The CA that the data plane of a test is to believe."""
    return Authority()


@pytest.fixture(scope="session")
def stranger() -> Authority:
    """A CA that it has never heard of."""
    return Authority()


@pytest.fixture
def ca(authority: Authority, tmp_path: Path) -> str:
    """The file that names the one to believe."""
    return str(authority.write(tmp_path))
