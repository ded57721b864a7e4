"""A real store for the control plane."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from strangler.store.store import Store
from tests.store.made import make_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    make_store(tmp_path / "s.db")
    opened = await Store.open(f"sqlite:///{tmp_path}/s.db")
    yield opened
    await opened.close()
