"""`status`: what is live, who answers what, and what somebody should look at."""

from strangler.migration.fence import Scope
from strangler.store.records import Notice
from strangler.store.store import Store
from tests.cli.desk import ROUTES, Desk, fence_for
from tests.store.sample import NOON, mismatch, observation

CANARY = ROUTES.replace("phase: shadow", "phase: canary")
OTHER = "77aa00bb11cc22dd"


def words(text: str) -> str:
    return " ".join(text.split())


def test_it_shows_the_live_revision_and_who_answers(live: Desk) -> None:
    live.write(CANARY)
    live.go_live(reason="a quiet week", actor="eve")

    ended = live.run("status")

    assert (ended.code, ended.err) == (0, "")
    said = words(ended.out)
    assert "revision 2, live since 2026-03-01 12:00:00 UTC, by eve: a quiet week" in said
    assert "datasets canary 10% datasets 10% monolith 0 - 0 monolith 90%" in said
    assert "users monolith monolith monolith 0 - 0" in said


def test_json_tells_the_same_to_programs(live: Desk) -> None:
    live.write(CANARY)
    live.go_live()

    told = live.run("status", "--json").json

    assert (told["revision"]["number"], told["revision"]["text"]) == (2, CANARY)
    datasets, users = told["domains"]
    assert (datasets["phase"], datasets["weight"]) == ("canary", "10%")
    assert datasets["reads"] == {"datasets": 0.1, "monolith": 0.9}
    assert (users["phase"], users["weight"], users["reads"]) == ("monolith", None, {"monolith": 1})
    assert told["file"] == {"path": "routes.yaml", "state": "live", "mistakes": []}


def test_evidence_counts_from_the_last_change_of_phase_on(live: Desk) -> None:
    live.observe(mismatch(0, OTHER, revision=1))
    live.write(CANARY)
    live.go_live()  # revision 2: into the canary
    live.edit("weight: 10%", "weight: 50%")
    live.go_live()  # revision 3: more of the canary
    live.observe(
        mismatch(1, revision=2),
        observation(2, revision=2),
        observation(3, revision=3),
        observation(4, revision=3, verdict="ignored"),
        observation(5, revision=3, verdict="inconclusive"),
    )

    evidence = live.run("status", "--json").json["domains"][0]["evidence"]

    assert evidence == {
        "since_revision": 2,
        "verdicts": {"match": 2, "mismatch": 1, "ignored": 1, "inconclusive": 1, "racy": 0},
        "mismatch_rate": 0.25,
        "findings": 1,
        "findings_ever": 2,
    }
    assert "4 25.00% 1 of 2" in words(live.run("status").out)


def test_noise_is_no_finding(live: Desk) -> None:
    live.observe(mismatch(0, noise=True))

    assert live.run("status", "--json").json["domains"][0]["evidence"]["findings_ever"] == 0


def test_routes_that_stand_elsewhere_than_their_domain_are_named(live: Desk) -> None:
    said = words(live.run("status").out)

    assert (
        "datasets: GET /api/v1/datasets/{id}/files/** (line 22) lags behind, in phase monolith"
        in said
    )


def test_what_another_process_refused_is_shown_in_full(live: Desk) -> None:
    mistakes = "routes.yaml:14:17: one is wrong\nroutes.yaml:15:1: another too"
    live.ask(lambda store: store.post_notice(Notice("proxy-2", "routes-refused", NOON, mistakes)))

    out = live.run("status").out

    assert "routes-refused on proxy-2 at 2026-03-01 12:00:00 UTC:" in out
    assert mistakes in out


def test_a_file_that_is_not_live_is_said(live: Desk) -> None:
    live.edit("weight: 10%", "weight: 20%")
    assert "routes.yaml on disk differs from the live revision" in live.run("status").out

    live.edit("weight: 20%", "weight: 200%")
    out = live.run("status").out
    assert "routes.yaml on disk is not live and cannot be:" in out
    assert "routes.yaml:16:22: domains.datasets.canary.weight" in out

    live.routes.unlink()
    ended = live.run("status")
    assert (ended.code, "routes.yaml" in ended.out) == (0, False)
    assert live.run("status", "--json").json["file"]["state"] == "missing"


def test_a_store_without_revisions_says_how_to_begin(desk: Desk) -> None:
    desk.ask(lambda store: store.newest())

    ended = desk.run("status")

    assert ended.code == 0
    assert "no revision is live yet: start `strangler serve --routes FILE`" in ended.out
    assert desk.run("status", "--json").json["revision"] is None


def test_a_revision_that_cannot_be_read_is_shown_with_the_reason(live: Desk) -> None:
    async def from_the_future(store: Store) -> None:
        newest = await store.newest()
        assert newest is not None
        await store.add_revision(
            text="version: 2\n",
            digest="f",
            actor="eve",
            reason="news",
            at=NOON,
            transitions=(),
            previous=newest.number,
        )

    live.ask(from_the_future)

    ended = live.run("status")

    assert ended.code == 1
    assert "revision 2, live since" in ended.out
    assert "revision 2:1:10: version: must be 1" in ended.err


def test_a_fence_is_shown_while_writes_wait_with_what_it_waits_for(live: Desk) -> None:
    async def raise_one(store: Store) -> None:
        fence = await store.raise_fence(fence_for(Scope(frozenset({"datasets"})), 1))
        await store.note_fence(fence.number, "the lag probe reports 3 unconsumed changes")

    live.ask(raise_one)
    out = live.run("status").out
    assert "writes of datasets wait at fence 1 since" in out
    assert "ada moves their writer (to move)" in out
    assert "waited for: the lag probe reports 3 unconsumed changes" in out

    live.ask(lambda store: store.register(life="a", name="web-3", address="10.0.0.3:80"))
    fence = live.run("status", "--json").json["fence"]
    assert fence["waits_for"] == ["web-3 to acknowledge it"]
    assert 0 < fence["left"] <= 30

    live.ask(lambda store: store.lift_fence(1, "it lagged"))
    assert live.run("status", "--json").json["fence"] is None


def test_it_says_what_the_autopilot_waits_for_and_what_it_never_does(live: Desk) -> None:
    live.go_live(
        ROUTES.replace("phase: shadow", "phase: shadow\n    autopilot: {hold: 1s}"), "by itself"
    )
    assert "datasets: the autopilot holds: the gate is not open" in live.run("status").out
    standing = {one["name"]: one for one in live.run("status", "--json").json["domains"]}
    assert standing["datasets"]["autopilot"]["action"] == "hold"
    assert standing["users"]["autopilot"] is None
    live.go_live(
        ROUTES.replace("phase: shadow", "phase: extracted\n    autopilot: {}"), "by a person"
    )
    said = live.run("status").out
    assert "the autopilot holds: from extracted on, it is for a person to move" in said
