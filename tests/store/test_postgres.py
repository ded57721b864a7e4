"""The store on PostgreSQL: servers that are away, and users that they refuse."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from strangler.store.errors import StoreError
from strangler.store.store import Store
from tests.store.postgres import PostgresServer
from tests.store.sample import add_revision, batch, observation


async def test_a_database_that_is_not_there_is_named(postgres: PostgresServer) -> None:
    with pytest.raises(StoreError, match="/nowhere does not exist; create the database"):
        await Store.open(postgres.url("nowhere"), migrate=True)


async def test_a_user_that_is_refused_is_told_so(postgres: PostgresServer) -> None:
    with pytest.raises(StoreError, match="refused the user or the password"):
        await Store.open(postgres.url("postgres", user="stranger"))


@pytest.mark.parametrize("host", ["127.0.0.1:1", "nowhere.invalid"])
async def test_a_server_that_cannot_be_reached_is_an_error_in_one_line(host: str) -> None:
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        await Store.open(f"postgresql://ada:secret@{host}/strangler")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_store_outlives_its_server(postgres: PostgresServer, postgres_url: str) -> None:
    store = await Store.open(postgres_url, migrate=True)
    await add_revision(store, None)
    postgres.stop()
    for _ in range(2):
        with pytest.raises(StoreError, match=r"cannot be reached|closed the connection"):
            await store.record(batch(observation()))
    postgres.start()
    await store.record(batch(observation()))
    assert [each.count for each in await store.verdicts()] == [1]
    await store.close()


def test_a_missing_driver_is_named_with_the_way_to_install_it() -> None:
    code = """
import asyncio, sys
sys.modules["asyncpg"] = None
from strangler.store.store import Store
try:
    asyncio.run(Store.open("postgresql://ada:secret@127.0.0.1:1/x"))
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == (
        "StoreError the store postgresql://ada:***@127.0.0.1:1/x needs a driver; "
        "install 'strangler[postgres]'\n"
    )
