"""Stores on real databases: SQLite always, PostgreSQL where its programs can be had."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from strangler.store.store import Store
from tests.store.made import make_store
from tests.store.postgres import PostgresServer, started


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with started() as server:
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/a store/strangler.db"


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    return postgres.new_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of a database that does not exist yet (SQLite) or is empty (PostgreSQL)."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    if url.startswith("sqlite:"):
        make_store(Path(url.removeprefix("sqlite:///")))
    opened = await Store.open(url, migrate=True)
    yield opened
    await opened.close()
