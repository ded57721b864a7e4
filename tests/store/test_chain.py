"""The chain: what was written stays as it was, and if not it is found."""

from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from strangler.store.chain import BEGINNING, link
from strangler.store.engine import BEGIN, WRITING
from strangler.store.errors import StoreError, mapped_errors
from strangler.store.records import Transition
from strangler.store.schema import migrations_path
from strangler.store.store import Store
from strangler.store.verification import Verification
from tests.store.sample import NOON, SHADOWED, add_revision, after

EVIDENCE = {"gate": "größe", "criteria": [{"numbers": {"upper": 0.1 + 0.2, "n": 3, "of": None}}]}
LAGGING = Transition(
    "datasets", "GET /größe", "monolith", "monolith", "stays where it is", EVIDENCE
)


async def verified(store: Store) -> Verification:
    read = Verification()
    while chapters := await store.chapters(read.newest.number if read.newest else 0, limit=2):
        for chapter in chapters:
            read.take(chapter)
    return read


async def three(store: Store) -> None:
    digest = "8cb1e2d7b8a9c61c8d1e7b9f0f2c2f0a"
    await add_revision(store, None, SHADOWED, LAGGING, digest=digest)
    await add_revision(store, 1, actor="bø\0", reason="“so”", at=after(0.5), forced=True)
    await add_revision(store, 2, Transition("datasets", None, "shadow", "monolith"))


async def test_each_revision_carries_a_hash_that_covers_the_one_before(store: Store) -> None:
    await three(store)
    first, second, _ = chapters = await store.chapters()

    assert first.revision.hash == link(BEGINNING, first.revision, [SHADOWED, LAGGING])
    assert second.revision.hash == link(first.revision.hash, second.revision, [])
    assert [len(chapter.transitions) for chapter in chapters] == [2, 0, 1]
    assert (await verified(store)).broken == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE revisions SET reason = 'no reason' WHERE number = 2",
        "UPDATE transitions SET to_phase = 'canary' WHERE position = 0",
        "DELETE FROM transitions",
        "DELETE FROM revisions WHERE number = 2",
    ],
)
async def test_the_database_refuses_what_would_change_the_ledger(
    store: Store, statement: str
) -> None:
    await three(store)
    before = await store.chapters()
    with pytest.raises(StoreError, match="the ledger is only ever added to"):
        await execute(store, statement)
    assert await store.chapters() == before


async def execute(store: Store, *statements: str) -> None:
    with mapped_errors("here"):
        async with store._writer.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))


async def unguard(store: Store) -> None:
    async with store._writer.begin() as connection:
        for name, table in await triggers(connection):
            where = f" ON {table}" if connection.dialect.name == "postgresql" else ""
            await connection.execute(text(f"DROP TRIGGER {name}{where}"))


async def triggers(connection: AsyncConnection) -> list[tuple[str, str]]:
    sqlite = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    postgresql = "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
    query = postgresql if connection.dialect.name == "postgresql" else sqlite
    return [(name, table) for name, table in await connection.execute(text(query))]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE revisions SET reason = 'none' WHERE number = 2", "revision 2 is not what was"),
        ("UPDATE revisions SET actor = 'eve' WHERE number = 3", "revision 3 is not what was"),
        ("UPDATE revisions SET forced = true WHERE number = 1", "revision 1 is not what was"),
        ("UPDATE revisions SET text = 'version: 2' WHERE number = 1", "revision 1 is not what"),
        ("UPDATE transitions SET to_phase = 'canary' WHERE revision = 3", "revision 3 is not"),
        ("DELETE FROM transitions WHERE position = 1", "revision 1 is not what was written"),
        ("UPDATE transitions SET evidence = NULL WHERE position = 1", "revision 1 is not what"),
        ("DELETE FROM revisions WHERE number = 2", "revision 2 is gone"),
        ("UPDATE revisions SET hash = '' WHERE number = 3", "revision 3 has no hash"),
    ],
)
async def test_whoever_removes_the_guards_is_found_out(
    store: Store, statement: str, said: str
) -> None:
    await three(store)
    await unguard(store)
    assert len(await store.unsound()) in {8, 12}
    await execute(store, statement)

    (broken,) = (await verified(store)).broken

    assert broken.startswith(said)


async def test_a_text_that_is_not_what_its_digest_says_is_found(store: Store) -> None:
    await add_revision(store, None)  # the sample's digest is made up
    assert (await verified(store)).altered == ["revision 1: its text is not what its digest says"]


async def test_a_sound_database_has_its_guards(store: Store) -> None:
    assert await store.unsound() == []


async def test_a_ledger_of_before_the_chain_is_chained_when_the_schema_is_brought_up_to_date(
    url: str,
) -> None:
    await older_store(url)
    store = await Store.open(url, migrate=True)
    try:
        read = await verified(store)
        assert read.broken == []
        assert read.newest is not None
        assert read.newest.number == 2
        await add_revision(store, 2)
        assert (await verified(store)).broken == []
    finally:
        await store.close()


async def older_store(url: str) -> None:
    """Make a store as the first schema had it, with two revisions."""
    made = await Store.open(url, migrate=True)
    rows: list[dict[str, Any]] = [
        {"number": number, "at": at, "actor": "äda", "reason": "why", "digest": "d", "text": "t"}
        for number, at in ((1, NOON), (2, after(1.25)))
    ]
    postgresql = made._engine.dialect.name == "postgresql"
    async with made._engine.execution_options(**{BEGIN: WRITING}).begin() as connection:
        for name, table in await triggers(connection):
            await connection.execute(text(f"DROP TRIGGER {name}{f' ON {table}' * postgresql}"))
        await connection.run_sync(_empty)
        await connection.run_sync(_upgrade, "0001")
        for row in rows:
            if not postgresql:
                row["at"] = row["at"].isoformat(timespec="microseconds")
            columns = "number, at, actor, reason, digest, text, forced"
            values = ":number, :at, :actor, :reason, :digest, :text, false"
            await connection.execute(
                text(f"INSERT INTO revisions ({columns}) VALUES ({values})"), row
            )
        await connection.execute(
            text("INSERT INTO transitions VALUES (2, 0, 'd', NULL, 'monolith', 'shadow', 'é')")
        )
    await made.close()


def _empty(connection: Connection) -> None:
    from strangler.store.tables import METADATA, VERSION_TABLE  # noqa: PLC0415

    connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))
    METADATA.drop_all(connection)


def _upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_path()))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
