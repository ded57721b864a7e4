"""A real store for the control plane."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from strangler.store.store import Store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path}/s.db", migrate=True)
    yield opened
    await opened.close()
