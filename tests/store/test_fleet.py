"""The fleet in the store: who registered, what each serves, who was said to be dead."""

import asyncio

from strangler.store.store import Store
from tests.store.sample import add_revision


async def register(store: Store, life: str, *ended: str, name: str = "web-1") -> None:
    await store.register(life=life, name=name, address="10.0.0.1:8080", ended=ended)


async def lives(store: Store) -> list[str]:
    return [one.life for one in (await store.fleet()).replicas]


async def test_a_replica_is_there_from_its_registration_to_its_departure(store: Store) -> None:
    await register(store, "a")
    (before,) = (await store.fleet()).replicas
    assert (before.name, before.revision, before.workers) == ("web-1", 0, 0)
    assert await store.beat("a", revision=3, workers=4, ready=2)
    fleet = await store.fleet()
    (after,) = fleet.replicas
    assert (after.revision, after.workers, after.workers_ready) == (3, 4, 2)
    assert before.started_at == after.started_at <= after.seen_at <= fleet.now

    await store.depart(["a"])
    assert await lives(store) == []


async def test_a_restart_takes_the_place_of_the_lives_that_have_ended_and_of_no_other(
    store: Store,
) -> None:
    for life in "abc":
        await register(store, life)
    await register(store, "d", "a", "b")

    assert await lives(store) == ["c", "d"]


async def test_the_forgotten_learn_of_it_and_the_word_is_kept(store: Store) -> None:
    await register(store, "a")
    await register(store, "b", name="web-2")
    (said,) = await store.forget(["a", "never there"], actor="ada", reason="it burnt down")

    assert (said.name, said.actor, said.reason) == ("web-1", "ada", "it burnt down")
    assert await store.forgettings() == [said]
    assert not await store.beat("a", revision=1, workers=1, ready=1)
    assert await lives(store) == ["b"]


async def test_the_fleet_is_held_against_the_newest_revision(store: Store) -> None:
    assert (await store.fleet()).newest == 0
    await add_revision(store, None)

    assert (await store.fleet()).newest == 1


async def test_a_listener_hears_of_a_revision_where_the_store_can_tell(
    store: Store, url: str
) -> None:
    heard = asyncio.Event()
    hearing = asyncio.create_task(store.hear(heard.set))
    if url.startswith("sqlite"):
        await hearing  # there is nothing to wait for, and it does not
        return
    async with asyncio.timeout(10):
        await heard.wait()  # it begins with a look at what is there
        heard.clear()
        other = await Store.open(url)
        await add_revision(other, None)
        await heard.wait()
        await other.close()
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)


async def test_listening_ends_with_its_connection(postgres_url: str) -> None:
    store = await Store.open(postgres_url, migrate=True)
    hearing = asyncio.create_task(store.hear(lambda: None))
    other = await Store.open(postgres_url)
    async with asyncio.timeout(10):
        while not hearing.done():
            async with other._engine.connect() as connection:
                await connection.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
                )
            await asyncio.sleep(0.02)
    await other.close()
    await store.close()
