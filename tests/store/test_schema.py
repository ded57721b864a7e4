"""The schema: made once whoever starts, held to the tables, and quiet about it."""

import asyncio
import json
import logging
import os
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from strangler.compiled import is_compiled
from strangler.store.errors import StoreError
from strangler.store.schema import migrations_path
from strangler.store.store import Store
from strangler.store.tables import METADATA, SCHEMA, VERSION_TABLE
from tests.store.sample import add_revision, open_and_record

ROOT = Path(__file__).parents[2]


def test_the_newest_migration_is_the_schema_that_the_code_knows() -> None:
    scripts = ScriptDirectory(str(migrations_path()))
    assert scripts.get_heads() == [SCHEMA]
    numbers = [script.revision for script in scripts.walk_revisions()]
    assert numbers == sorted(numbers, reverse=True), "older and newer are told apart by number"


async def test_the_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return compare_metadata(context, METADATA)

    async with store._engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_opening_again_keeps_what_is_there(url: str) -> None:
    first = await Store.open(url, migrate=True)
    written = await add_revision(first, None)
    await first.close()
    for migrate in (True, False):
        again = await Store.open(url, migrate=migrate)
        assert await again.newest() == written
        await again.close()


async def test_many_starters_in_one_process_make_the_schema_once(url: str) -> None:
    stores = await asyncio.gather(*(Store.open(url, migrate=True) for _ in range(5)))
    for store in stores:
        assert await store.newest() is None
        await store.close()


async def test_many_starting_processes_make_the_schema_once_and_all_write(url: str) -> None:
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as processes:
        await asyncio.gather(
            *(loop.run_in_executor(processes, open_and_record, url, 10) for _ in range(3))
        )
    store = await Store.open(url)
    assert [finding.count for finding in await store.findings()] == [30]
    await store.close()


async def test_an_empty_database_is_refused_where_it_may_not_be_migrated(url: str) -> None:
    await (await Store.open(url, migrate=True)).close()
    store = await Store.open(url)
    async with store._engine.begin() as connection:
        await connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
        await connection.run_sync(METADATA.drop_all)
    await store.close()
    with pytest.raises(StoreError, match="has no tables yet; start `strangler serve` once"):
        await Store.open(url)
    await (await Store.open(url, migrate=True)).close()


@pytest.mark.parametrize("migrate", [True, False])
@pytest.mark.parametrize(
    ("version", "message"),
    [("9999", "made by a newer strangler .*update strangler"), ("0000", "0000")],
)
async def test_a_schema_that_this_version_does_not_know_is_left_alone(
    url: str, *, migrate: bool, version: str, message: str
) -> None:
    store = await Store.open(url, migrate=True)
    async with store._engine.begin() as connection:
        await connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '{version}'")
    await store.close()
    with pytest.raises(StoreError, match=message):
        await Store.open(url, migrate=migrate)


async def test_another_programs_database_is_left_alone(url: str) -> None:
    store = await Store.open(url, migrate=True)
    async with store._engine.begin() as connection:
        await connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
    await store.close()
    for migrate in (True, False):
        with pytest.raises(StoreError, match="holds another program's tables; check --store"):
            await Store.open(url, migrate=migrate)


async def test_migrating_leaves_the_logging_configuration_alone(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    def configuration() -> list[object]:
        loggers = (logging.getLogger(name) for name in (None, "alembic", "sqlalchemy", "strangler"))
        return [(each.level, list(each.handlers), each.disabled) for each in loggers]

    before = configuration()
    await (await Store.open(sqlite_url, migrate=True)).close()
    assert configuration() == before
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


async def test_a_store_that_is_current_opens_without_loading_alembic(sqlite_url: str) -> None:
    await (await Store.open(sqlite_url, migrate=True)).close()
    seen = run_python(OPEN_AND_TELL, sqlite_url)
    assert seen["alembic"] is False


OPEN_AND_TELL = """
import asyncio, json, sys
from strangler.store.schema import migrations_path
from strangler.store.store import Store

async def run():
    store = await Store.open(sys.argv[1], migrate=True)
    await store.close()

asyncio.run(run())
print(json.dumps({"alembic": "alembic" in sys.modules, "migrations": str(migrations_path())}))
"""


def run_python(code: str, *arguments: str, path: Path = ROOT) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_a_wheel_carries_the_migrations_and_opens_a_store(tmp_path: Path, sqlite_url: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("strangler-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "installed")
    assert not [name for name in names if "__pycache__" in name]
    assert any(name.endswith(".so") for name in names) is is_compiled()
    seen = run_python(OPEN_AND_TELL, sqlite_url, path=tmp_path / "installed")
    assert seen["migrations"] == str(tmp_path / "installed/strangler/store/migrations")
    assert seen["alembic"] is True


def test_the_next_migration_is_made_from_the_template(tmp_path: Path) -> None:
    copy = tmp_path / "migrations"
    shutil.copytree(migrations_path(), copy, ignore=shutil.ignore_patterns("__pycache__"))
    config = Config()
    config.set_main_option("script_location", str(copy))
    config.set_main_option("path_separator", "os")
    command.revision(config, "what it adds", rev_id="9999")
    assert ScriptDirectory(str(copy)).get_heads() == ["9999"]
