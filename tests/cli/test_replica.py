"""The verbs `replica list` and `replica forget`, and the fleet in `status`."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from strangler.store.store import Store
from strangler.store.tables import replicas
from tests.cli.desk import Desk


@pytest.fixture
def fleet(desk: Desk) -> Desk:
    """Three replicas: one as it should be, one behind, and one that has been silent."""
    desk.write()
    desk.go_live()
    desk.go_live()

    async def register(store: Store) -> None:
        for name, revision in (("web-1", 2), ("web-2", 1), ("web-3", 2)):
            await store.register(life=f"life of {name}", name=name, address="10.0.0.1:8080")
            await store.beat(f"life of {name}", revision=revision, workers=2, ready=2)
        async with store._writing() as connection:
            long_ago = (await store.fleet()).now - timedelta(minutes=3)
            silent = update(replicas).where(replicas.c.name == "web-3")
            await connection.execute(silent.values(seen_at=long_ago))

    desk.ask(register)
    return desk


def test_the_list_says_who_is_behind_and_who_is_silent(fleet: Desk) -> None:
    listed = fleet.run("replica", "list", "--json").json

    standings = {one["name"]: (one["standing"], one["revision"]) for one in listed}
    assert standings == {"web-1": ("current", 2), "web-2": ("behind", 1), "web-3": ("silent", 2)}
    assert [one["silent"] >= 180 for one in listed] == [False, False, True]


@pytest.mark.parametrize("verb", ["replica list", "status"])
def test_people_are_shown_the_same(fleet: Desk, verb: str) -> None:
    shown = fleet.run(*verb.split()).out

    assert "behind" in shown
    assert "silent since" in shown


def test_a_store_without_replicas_says_so(desk: Desk) -> None:
    desk.write()
    desk.go_live()

    assert desk.run("replica", "list").out == "no replica serves\n"


def test_a_silent_replica_is_forgotten_and_the_word_is_kept(fleet: Desk) -> None:
    done = fleet.run("replica", "forget", "web-3", "-m", "it burnt down", "--actor", "ada")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("web-3 is forgotten, by ada: it burnt down\n")
    (said,) = fleet.ask(lambda store: store.forgettings())
    assert (said.name, said.actor, said.reason) == ("web-3", "ada", "it burnt down")
    assert [one["name"] for one in fleet.run("replica", "list", "--json").json] == [
        "web-1",
        "web-2",
    ]


def test_one_that_speaks_is_not_dead_unless_force_says_so(fleet: Desk) -> None:
    refused = fleet.run("replica", "forget", "web-1", "-m", "gone")
    assert (refused.code, refused.out) == (1, "")
    assert "heard of just now" in refused.err

    assert fleet.run("replica", "forget", "web-1", "-m", "gone", "--force").code == 0


def test_an_unknown_name_gets_the_nearest(fleet: Desk) -> None:
    refused = fleet.run("replica", "forget", "web3", "-m", "gone")

    assert refused.code == 1
    assert "there is no replica web3; did you mean web-3?" in refused.err


def test_a_word_without_a_reason_is_none(fleet: Desk) -> None:
    assert fleet.run("replica", "forget", "web-3", "-m", " ").code == 1
