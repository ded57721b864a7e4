"""`doctor`: what holds the store together, looked at from end to end."""

import sqlite3
from pathlib import Path

from tests.cli.desk import ROUTES, Desk
from tests.cli.test_history import words


def health(desk: Desk, *args: str) -> dict[str, str]:
    told = desk.run("doctor", "--json", *args).json
    return {check["name"]: check["health"] for check in told["checks"]}


def change(desk: Desk, *statements: str) -> None:
    """Do what the guards refuse, as somebody would who may write to the file."""
    with sqlite3.connect(Path(desk.url.removeprefix("sqlite:///"))) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_a_store_in_order_is_fine_in_everything(live: Desk) -> None:
    live.go_live(ROUTES.replace("phase: shadow", "phase: canary"), "a quiet week")

    ended = live.run("doctor")

    assert ended.code == 0
    assert "2 revisions, the newest 1:" in words(ended.out)
    assert "revision 2 compiles: 2 domains, 5 routes" in words(ended.out)
    assert set(health(live).values()) == {"fine"}


def test_a_store_without_revisions_is_fine(desk: Desk) -> None:
    desk.ask(lambda store: store.newest())

    assert desk.run("doctor").code == 0
    assert "no revision is live yet" in words(desk.run("doctor").out)


def test_a_store_that_is_not_there_is_what_is_broken(desk: Desk) -> None:
    ended = desk.run("doctor", "--json")

    assert ended.code == 1
    (check,) = ended.json["checks"]
    assert (check["name"], check["health"]) == ("store", "broken")
    assert "does not exist" in check["said"][0]


def test_a_past_that_was_rewritten_is_named(live: Desk) -> None:
    live.go_live(ROUTES.replace("phase: shadow", "phase: canary"), "a quiet week")
    change(live, "UPDATE revisions SET actor = 'nobody' WHERE number = 1")

    ended = live.run("doctor")

    assert ended.code == 1
    assert "revision 1 is not what was written: its hash does not fit" in words(ended.out)
    assert "the trigger revisions_refuse_update is gone" in words(ended.out)
    assert health(live) == {
        "store": "fine",
        "database": "broken",
        "chain": "broken",
        "texts": "fine",
        "live": "fine",
        "phases": "fine",
        "notices": "fine",
    }


def test_phases_that_no_transition_led_to_are_named(live: Desk) -> None:
    change(live, "DELETE FROM transitions WHERE route IS NULL")

    assert (
        "datasets: by its transitions in the phase monolith, by the live text in shadow"
        in words(live.run("doctor").out)
    )
    assert health(live)["phases"] == "broken"


def test_a_text_that_no_longer_compiles_is_told_with_its_mistakes(live: Desk) -> None:
    change(live, "UPDATE revisions SET text = 'version: 9'")

    assert health(live)["texts"] == health(live)["live"] == "broken"
    assert "revision 1:1:" in words(live.run("doctor").out)


def test_an_anchor_tells_whether_the_chain_still_holds_it(live: Desk) -> None:
    anchor = live.newest().hash
    live.go_live(ROUTES.replace("phase: shadow", "phase: canary"), "a quiet week")

    assert live.run("doctor", "--anchor", anchor).code == 0
    ended = live.run("doctor", "--anchor", "1:beef")
    assert ended.code == 1
    assert "no revision has the hash 1:beef" in words(ended.out)
