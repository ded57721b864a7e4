"""`history`: who moved what, when and why."""

from datetime import timedelta

from strangler.cli.history import merged
from strangler.migration.fence import Scope
from strangler.routing.compile import load
from strangler.store.records import LedgerEntry, Revision, Transition
from strangler.store.store import Store
from tests.cli.desk import ROUTES, Desk, fence_for
from tests.store.sample import NOON


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_newest_comes_first_with_who_when_what_and_why(live: Desk) -> None:
    live.go_live(ROUTES.replace("phase: shadow", "phase: canary"), "a quiet week", actor="eve")

    out = live.run("history").out

    assert out.index("a quiet week") < out.index("begin")
    assert "2026-03-01 12:00:00" in out
    assert "eve" in out
    said = live.run("history", "--json").json
    assert [(row["revision"], row["detail"]) for row in said] == [
        (2, "weight 10%"),
        (1, "stays where it is"),
        (1, ""),
    ]
    assert said[0] == {
        "revision": 2,
        "at": "2026-03-01T12:00:00Z",
        "actor": "eve",
        "reason": "a quiet week",
        "forced": False,
        "domain": "datasets",
        "route": None,
        "from": "shadow",
        "to": "canary",
        "detail": "weight 10%",
        "evidence": None,
        "fence": None,
    }


def test_a_domain_s_history_is_its_own(live: Desk) -> None:
    live.go_live(ROUTES.replace("users\n", "users\n    phase: shadow\n", 1), "users too")

    assert [row["domain"] for row in live.run("history", "users", "--json").json] == ["users"]
    assert live.run("history", "datasets", "--until", "1999-01-01").code == 0


def test_a_domain_that_never_was_has_no_history(live: Desk) -> None:
    refused = live.run("history", "datset")
    assert (refused.code, refused.out) == (1, "")
    assert "there is no domain datset; did you mean datasets?" in refused.err

    unmoved = ROUTES + "  films: {service: users, routes: [{path: /f}]}\n"
    live.go_live(unmoved, "films too")
    assert "nothing has moved in films yet" in live.run("history", "films").err


def test_a_forced_move_says_so(live: Desk) -> None:
    live.go_live(ROUTES.replace("phase: shadow", "phase: retired"), "no time", forced=True)

    assert "FORCED: no time" in words(live.run("history").out)
    assert live.run("history", "--json").json[0]["forced"] is True


def test_a_revision_that_moved_nothing_is_listed_among_the_others(live: Desk) -> None:
    live.go_live(ROUTES.replace(":9101", ":9111"), "another port")

    row = live.run("history", "--json").json[0]

    assert (row["reason"], row["domain"], row["to"]) == ("another port", None, None)
    assert "no change of phase" in words(live.run("history").out)


def test_a_store_without_revisions_has_no_history(desk: Desk) -> None:
    desk.ask(lambda store: store.newest())

    ended = desk.run("history")

    assert (ended.code, ended.out, ended.err) == (0, "", "there is no revision yet\n")
    assert desk.run("history", "--json").json == []


def test_a_revision_whose_moves_lie_beyond_the_limit_is_not_said_to_move_nothing() -> None:
    move = Transition("datasets", None, "monolith", "shadow")
    entries = [LedgerEntry(3, NOON, "ada", "why", False, move) for _ in range(2)]
    revisions = [Revision(number, NOON, "ada", "why", "", "", False) for number in (4, 3, 2, 1)]

    rows = merged(entries, revisions, limit=2)

    assert [(row["revision"], row["domain"]) for row in rows] == [(4, None), (3, "datasets")]
    assert {row["revision"] for row in merged(entries, revisions, limit=9)} == {1, 2, 3, 4}


def rows(desk: Desk, *args: str) -> list[tuple[int, str | None]]:
    return [(row["revision"], row["to"]) for row in desk.run("history", "--json", *args).json]


def grown(desk: Desk) -> None:
    """Have two people make two more revisions, of which one moves nothing."""
    canary = ROUTES.replace("phase: shadow ", "phase: canary ")
    desk.go_live(canary, "on", actor="bo@laptop", at=NOON + timedelta(hours=1))
    again = canary.replace(":9101", ":9111")
    desk.go_live(again, "another port", actor="eve", at=NOON + timedelta(hours=2))


def test_a_history_is_narrowed_by_whatever_is_known_of_a_change(live: Desk) -> None:
    grown(live)

    assert rows(live, "--by", "bo") == rows(live, "--by", "bo@laptop") == [(2, "canary")]
    assert rows(live, "--by", "b") == []
    assert rows(live, "--phase", "canary") == [(2, "canary")]
    assert rows(live, "--phase", "shadow", "users") == []
    assert rows(live, "--route", "GET /api/v1/datasets/{id}/files/**") == [(1, "monolith")]
    assert rows(live, "--since", "2026-03-01T13:30") == [(3, None)]
    assert rows(live, "--since", "2026-03-01T12:30", "--until", "2026-03-01T13:00Z") == [
        (2, "canary")
    ]
    assert rows(live, "--until", "2026-03-01") == []
    assert rows(live, "--since", "1h") == []
    assert len(rows(live, "--since", "36500d")) == 4


def test_a_time_that_cannot_be_read_says_how_to_write_one(live: Desk) -> None:
    ended = live.run("history", "--since", "yesterday")
    assert ended.code == 1
    assert ended.err.startswith("--since yesterday: write 2026-03-01,")


def test_a_selection_that_holds_nothing_says_so(live: Desk) -> None:
    assert live.run("history", "--by", "nobody").err == "nothing of that kind is in the ledger\n"


def test_fences_are_told_with_what_they_moved_and_those_that_moved_nothing_too(live: Desk) -> None:
    live.go_live(ROUTES.replace("phase: shadow", "phase: canary"))
    table = load(ROUTES)
    everything = Scope(frozenset(table.domains), everything=True)

    async def try_in_vain(store: Store) -> None:
        fence = await store.raise_fence(fence_for(everything, 2))
        await store.lift_fence(fence.number, "web-3 did not acknowledge the fence")

    live.ask(try_in_vain)
    live.go_live(ROUTES.replace("phase: shadow", "phase: extracted"), "it is right")

    out = words(live.run("history").out)
    assert all(said in out for said in ("waited 0", "lifted", "web-3"))
    rows = live.run("history", "--json").json
    assert [(row["revision"], row["fence"] and row["fence"]["state"]) for row in rows[:3]] == [
        (3, "switched"),
        (None, "lifted"),
        (2, None),
    ]
    assert rows[1]["detail"] == (
        "a fence was lifted, nothing moved: web-3 did not acknowledge the fence"
    )
    assert rows[1]["fence"]["seconds"] >= 0
    assert [row["fence"] for row in live.run("history", "--route", "x", "--json").json] == []
